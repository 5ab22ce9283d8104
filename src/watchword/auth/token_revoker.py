"""Ending tokens by themselves (RFC 7009)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from watchword.auth.account_ports import Act, ClientTokenStore
from watchword.auth.client_authenticator import ClientAuthenticator
from watchword.auth.ports import Clock
from watchword.auth.revocation import RevocationFeed
from watchword.auth.session_manager import SessionManager
from watchword.auth.spans import traced
from watchword.auth.token_validator import TokenValidator
from watchword.errors import GrantRefused, InvalidClient, TokenInvalid
from watchword.protocol.clients import Client
from watchword.protocol.principal import Principal
from watchword.protocol.refresh_token import PREFIX


@dataclass(frozen=True, slots=True)
class _Owned:
    """A token's client, and what ends with it: a session, or the token alone."""

    client_id: str
    session_id: UUID | None = None
    alone: Principal | None = None


class TokenRevoker:
    """Either token of a session ends it, refresh token and access tokens alike (§2.1); a token that
    a client got for itself ends alone."""

    def __init__(
        self,
        sessions: SessionManager,
        validator: TokenValidator,
        authenticator: ClientAuthenticator,
        client_tokens: ClientTokenStore,
        feed: RevocationFeed,
        clock: Clock,
        *,
        tokens_live_seconds: int,
    ) -> None:
        self._sessions = sessions
        self._validator = validator
        self._authenticator = authenticator
        self._client_tokens = client_tokens
        self._feed = feed
        self._clock = clock
        self._tokens_live = timedelta(seconds=tokens_live_seconds)

    @traced("watchword.token.revoke")
    async def revoke(self, token: str, *, client: Client | None) -> None:
        """An unknown, expired or already revoked token is none the less done with (§2.2).

        ``client`` is who asks, where it says so. Raises GrantRefused for a token of another client,
        InvalidClient for a confidential client's when nobody authenticated, DatabaseUnavailable.
        """
        owned = await self._owned(token)
        if owned is None:
            return
        if client is None and self._authenticator.is_confidential(owned.client_id):
            raise InvalidClient(f"only client {owned.client_id!r} itself may revoke its tokens")
        if client is not None and client.client_id != owned.client_id:
            raise GrantRefused("the token belongs to another client")
        if owned.session_id is not None:
            await self._sessions.end(owned.session_id, reason="revoked")
        elif owned.alone is not None and not self._feed.is_revoked(owned.alone):
            await self._end_alone(owned.alone)

    async def _end_alone(self, caller: Principal) -> None:
        now = self._clock.now()
        act = Act(now, now + self._tokens_live, "client")
        token_id = caller.token_id or ""
        await self._client_tokens.end_token(token_id, client_id=caller.client_id, act=act)
        self._feed.note_token(token_id, act.tokens_expire_at)

    async def _owned(self, token: str) -> _Owned | None:
        if token.startswith(PREFIX):
            owner = await self._sessions.owner(token)
            return None if owner is None else _Owned(owner[1], owner[0])
        try:
            caller = await self._validator.validated(token)
        except TokenInvalid:
            return None
        if caller.session_id is None:
            return _Owned(caller.client_id, alone=caller)
        return _Owned(caller.client_id, UUID(caller.session_id))
