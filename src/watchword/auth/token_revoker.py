"""Ending a session by one of its tokens (RFC 7009)."""

from __future__ import annotations

from uuid import UUID

from watchword.auth.session_manager import SessionManager
from watchword.auth.token_validator import TokenValidator
from watchword.errors import GrantRefused, TokenInvalid
from watchword.protocol.refresh_token import PREFIX
from watchword.protocol.token_request import TokenRevocation


class TokenRevoker:
    """Either token of a session ends it, refresh token and access tokens alike (§2.1)."""

    def __init__(self, sessions: SessionManager, validator: TokenValidator) -> None:
        self._sessions = sessions
        self._validator = validator

    async def revoke(self, asked: TokenRevocation) -> None:
        """An unknown, expired or already revoked token is none the less done with (§2.2).

        Raises GrantRefused for a token of another client than the one that asks, DatabaseUnavailable.
        """
        owner = await self._owner(asked.token)
        if owner is None:
            return
        session_id, client_id = owner
        if asked.client_id not in (None, client_id):
            raise GrantRefused("the token belongs to another client")
        await self._sessions.end(session_id, reason="revoked")

    async def _owner(self, token: str) -> tuple[UUID, str] | None:
        if token.startswith(PREFIX):
            return await self._sessions.owner(token)
        try:
            caller = self._validator.validate(token)
        except TokenInvalid:
            return None
        return None if caller.session_id is None else (UUID(caller.session_id), caller.client_id)
