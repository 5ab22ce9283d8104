"""Sign-outs that a provider tells us of (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from watchword.auth.logout_ports import ProviderLogout, ProviderLogoutStore
from watchword.auth.logs import tell
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.ports import Clock
from watchword.auth.spans import PROVIDER, note, traced
from watchword.errors import LogoutTokenRejected, UnknownProvider
from watchword.protocol.claims import ClaimError
from watchword.protocol.jws import JwsError
from watchword.protocol.logout_token import (
    MAX_LOGOUT_TOKEN_BYTES,
    LogoutToken,
    LogoutTokenPolicy,
    check_logout_token,
)


class LogoutReceiver:
    """Ends what a provider's logout token says, once; ``on_ended`` gets each session that ended, so
    that its access tokens are refused here at once, elsewhere by the feed."""

    def __init__(
        self,
        clients: Mapping[str, OAuthClient],
        store: ProviderLogoutStore,
        clock: Clock,
        *,
        leeway_seconds: int,
        tokens_live_seconds: int,
        on_ended: Callable[[UUID, datetime], None],
    ) -> None:
        self._clients = clients
        self._store = store
        self._clock = clock
        self._leeway_seconds = leeway_seconds
        self._tokens_live = timedelta(seconds=tokens_live_seconds)
        self._on_ended = on_ended

    @traced("watchword.provider.logout")
    async def receive(self, provider_id: str, token: str) -> None:
        """A token that was heard before changes nothing and is no error: a provider that missed our
        answer may ask again.

        Raises UnknownProvider, LogoutTokenRejected, ProviderUnavailable, ProviderResponseInvalid,
        DatabaseUnavailable.
        """
        client = self._clients.get(provider_id)
        if client is None:
            raise UnknownProvider("no provider is configured under the id in the address")
        note(PROVIDER, provider_id)
        said = await self._checked(client, token)
        now = self._clock.now()
        tokens_expire_at = now + self._tokens_live
        ended = await self._store.end_sessions(
            ProviderLogout(
                provider_id=provider_id,
                issuer=said.issuer,
                sid=said.sid,
                subject=said.subject,
                digest=hashlib.sha256(f"{provider_id}\0{said.token_id}".encode()).digest(),
                remember_until=datetime.fromtimestamp(said.acceptable_until + 1, UTC),
            ),
            now=now,
            tokens_expire_at=tokens_expire_at,
        )
        for session_id in ended or ():
            self._on_ended(session_id, tokens_expire_at)
        outcome = "heard before" if ended is None else f"ended {len(ended)} sessions"
        tell(
            "provider_logout",
            "logout by provider %s: %s",
            *(provider_id, outcome),
            provider=provider_id,
            sessions_ended=len(ended or ()),
        )

    async def _checked(self, client: OAuthClient, token: str) -> LogoutToken:
        metadata = await client.metadata("anybody")
        if not metadata.jwks_uri:
            raise LogoutTokenRejected("the provider signs nothing, so it can end nothing either")
        policy = LogoutTokenPolicy(client.issuer, client.client_id, self._leeway_seconds)
        try:
            verified = await client.keys.verify_sent_by(
                "anybody",
                token,
                jwks_uri=metadata.jwks_uri,
                algorithms=metadata.id_token_algorithms,
                max_bytes=MAX_LOGOUT_TOKEN_BYTES,
            )
            now_seconds = int(self._clock.now().timestamp())
            said = check_logout_token(verified, policy, now_seconds=now_seconds)
        except (ClaimError, JwsError) as error:
            raise LogoutTokenRejected(f"logout token: {error}") from None
        return said if client.knows_people_by_sub else _by_sid_alone(said)


def _by_sid_alone(said: LogoutToken) -> LogoutToken:
    """Where people are known by another claim than ``sub``, a ``sub`` finds nobody. Raises
    LogoutTokenRejected, or the provider would believe that sessions have ended."""
    if said.sid is None:
        raise LogoutTokenRejected("logout token: sid: missing (the provider's people are not known by sub)")
    return replace(said, subject=None)
