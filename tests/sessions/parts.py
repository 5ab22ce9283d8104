"""The real parts around a session store, put together as the service does, on a clock of the test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.auth.rings import MemoryKeyStore, keyring_of
from watchword.auth.caller import RequestFacts
from watchword.auth.gatekeeper import Gatekeeper
from watchword.auth.grant_ports import GrantStore
from watchword.auth.grants import BROWSER, ClientContext, Grant, SessionLimits
from watchword.auth.introspector import Introspector
from watchword.auth.key_ports import KeyStore
from watchword.auth.ports import ProviderIdentity, RevocationLog, SessionStore
from watchword.auth.provider_recheck import ProviderRecheck
from watchword.auth.recheck_ports import ProviderRefresher
from watchword.auth.refresh_tokens import RefreshTokens
from watchword.auth.revocation import RevocationFeed
from watchword.auth.sealing import Sealer
from watchword.auth.session_manager import SessionManager
from watchword.auth.session_refresh import Recheck
from watchword.auth.token_issuer import TokenIssuer
from watchword.auth.token_validator import TokenValidator
from watchword.errors import SealBroken, SecretKeyMismatch
from watchword.protocol.cookies import CookieNames
from watchword.protocol.principal import Identity
from watchword.protocol.recheck import RecheckPolicy
from watchword.protocol.rotation import RecheckDue
from watchword.testing import FakeClock

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECRET_KEY = bytes(range(32))
ISSUER = "https://app.example.test"
IDLE_SECONDS, ABSOLUTE_SECONDS, OVERLAP_SECONDS = 100, 300, 10
ACCESS_SECONDS = 60
TOKENS_LIVE = timedelta(seconds=3660)


@dataclass(frozen=True, slots=True)
class Replica:
    """One process's view of the sessions in a store."""

    manager: SessionManager
    feed: RevocationFeed
    gatekeeper: Gatekeeper
    introspector: Introspector
    clock: FakeClock

    async def open(
        self, subject: str = "alice", *, client_id: str = BROWSER, roles: frozenset[str] = frozenset()
    ) -> Grant:
        return await self.manager.open(
            person(subject, roles),
            client_id=client_id,
            scopes=frozenset(),
            auth_time=self.clock.now(),
            provider_sid=None,
            client=ClientContext(),
        )

    async def identify(self, access_token: str) -> Identity:
        """What the middleware would make of a request with this bearer token."""
        header = (b"authorization", b"Bearer " + access_token.encode())
        return await self.gatekeeper.identify(RequestFacts([header], "GET", websocket=False))


def person(subject: str, roles: frozenset[str] = frozenset()) -> ProviderIdentity:
    return ProviderIdentity(
        provider_id="dev",
        issuer="https://provider.example.test",
        subject=subject,
        email=f"{subject}@example.test",
        email_verified=True,
        name=subject.title(),
        roles=roles,
    )


class BoundSeals:
    """``GrantSeals`` under a secret key, bound to the grant."""

    def __init__(self, secret_key: bytes = SECRET_KEY) -> None:
        self._sealer = Sealer(secret_key)

    def open_tokens(self, client: ProviderRefresher, grant_id: UUID, sealed: bytes, /) -> str | None:
        try:
            return self._sealer.open("provider-tokens", sealed, place=grant_id.bytes).decode()
        except (SealBroken, SecretKeyMismatch):
            return None

    def seal_tokens(self, client: ProviderRefresher, grant_id: UUID, refresh_token: str, /) -> bytes:
        return self._sealer.seal("provider-tokens", refresh_token.encode(), place=grant_id.bytes)


@dataclass(frozen=True, slots=True)
class Asking:
    """Providers by id, and how they are asked again."""

    providers: Mapping[str, ProviderRefresher]
    store: GrantStore
    policy: RecheckPolicy
    seals: BoundSeals = field(default_factory=BoundSeals)

    def recheck(self, clock: FakeClock, feed: RevocationFeed) -> Recheck:
        return ProviderRecheck(
            self.providers,
            self.seals,
            self.store,
            clock,
            policy=self.policy,
            tokens_live_seconds=int(TOKENS_LIVE.total_seconds()),
            on_ended=feed.note_session,
        ).run


async def nobody_to_ask(session_id: UUID, due: RecheckDue) -> None:
    raise AssertionError(f"session {session_id} is due, and no provider gave anything to ask with")


async def replica(
    store: SessionStore,
    log: RevocationLog,
    *,
    clock: FakeClock | None = None,
    overlap_seconds: int = OVERLAP_SECONDS,
    idle_seconds: int = IDLE_SECONDS,
    absolute_seconds: int = ABSOLUTE_SECONDS,
    secret_key: bytes = SECRET_KEY,
    keys: KeyStore | None = None,
    asking: Asking | None = None,
) -> Replica:
    """Replicas that share ``keys`` accept each other's access tokens."""
    clock = clock if clock is not None else FakeClock(START)
    sealer = Sealer(secret_key)
    keyring = keyring_of(keys if keys is not None else MemoryKeyStore(), sealer, clock)
    await keyring.load()
    feed = RevocationFeed(log, clock)
    await feed.load()
    recheck_seconds = 0 if asking is None else asking.policy.recheck_seconds
    manager = SessionManager(
        store=store,
        issuer=TokenIssuer(keyring, issuer=ISSUER, audience=ISSUER, life_seconds=ACCESS_SECONDS),
        sealer=sealer,
        clock=clock,
        limits=SessionLimits(idle_seconds, absolute_seconds, overlap_seconds, recheck_seconds),
        tokens_live_seconds=int(TOKENS_LIVE.total_seconds()),
        on_ended=feed.note_session,
        recheck=nobody_to_ask if asking is None else asking.recheck(clock, feed),
        away=feed.outages.seen,
        is_ended=feed.ended_with_all,
    )
    validator = TokenValidator(keyring, clock, issuer=ISSUER, audience=ISSUER, max_life_seconds=3660)
    introspector = Introspector(store, RefreshTokens(sealer), validator, feed, clock, issuer=ISSUER)
    gatekeeper = Gatekeeper(
        validator=validator,
        feed=feed,
        sessions=store,
        clock=clock,
        cookie_names=CookieNames.for_base_url(ISSUER),
        base_url_origin=ISSUER,
        stale_seconds=30,
    )
    return Replica(manager, feed, gatekeeper, introspector, clock)
