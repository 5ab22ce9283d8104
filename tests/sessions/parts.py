"""The real parts around a session store, put together as the service does, on a clock of the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from watchword.auth.caller import RequestFacts
from watchword.auth.gatekeeper import Gatekeeper
from watchword.auth.grants import BROWSER, ClientContext, Grant, SessionLimits
from watchword.auth.keyring import Keyring
from watchword.auth.ports import KeyStore, ProviderIdentity, RevocationLog, SessionStore, StoredKey
from watchword.auth.revocation import RevocationFeed
from watchword.auth.sealing import Sealer
from watchword.auth.session_manager import SessionManager
from watchword.auth.token_issuer import TokenIssuer
from watchword.auth.token_validator import TokenValidator
from watchword.protocol.cookies import CookieNames
from watchword.protocol.principal import Identity
from watchword.protocol.rotation import RecheckDue
from watchword.testing import FakeClock

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECRET_KEY = bytes(range(32))
ISSUER = "https://app.example.test"
IDLE_SECONDS, ABSOLUTE_SECONDS, OVERLAP_SECONDS = 100, 300, 10
ACCESS_SECONDS = 60
TOKENS_LIVE = timedelta(seconds=3660)


class MemoryKeys:
    """``KeyStore`` in a list."""

    def __init__(self) -> None:
        self._keys: Sequence[StoredKey] = ()

    async def load(self) -> Sequence[StoredKey]:
        return self._keys

    async def add_first(self, keys: Sequence[StoredKey]) -> bool:
        self._keys = self._keys or keys
        return self._keys is keys


@dataclass(frozen=True, slots=True)
class Replica:
    """One process's view of the sessions in a store."""

    manager: SessionManager
    feed: RevocationFeed
    gatekeeper: Gatekeeper
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
) -> Replica:
    """Replicas that share ``keys`` accept each other's access tokens."""
    clock = clock if clock is not None else FakeClock(START)
    sealer = Sealer(secret_key)
    keyring = Keyring(keys if keys is not None else MemoryKeys(), sealer, clock)
    await keyring.load()
    feed = RevocationFeed(log, clock)
    await feed.load()
    manager = SessionManager(
        store=store,
        issuer=TokenIssuer(keyring, issuer=ISSUER, audience=ISSUER, life_seconds=ACCESS_SECONDS),
        sealer=sealer,
        clock=clock,
        limits=SessionLimits(idle_seconds, absolute_seconds, overlap_seconds),
        tokens_live_seconds=int(TOKENS_LIVE.total_seconds()),
        on_ended=feed.note_session,
        recheck=nobody_to_ask,
    )
    gatekeeper = Gatekeeper(
        validator=TokenValidator(keyring, clock, issuer=ISSUER, audience=ISSUER, max_life_seconds=3660),
        feed=feed,
        sessions=store,
        clock=clock,
        cookie_names=CookieNames.for_base_url(ISSUER),
        base_url_origin=ISSUER,
        stale_seconds=30,
    )
    return Replica(manager, feed, gatekeeper, clock)
