"""Whether a token counts right now, told to a client that has authenticated (RFC 7662)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from watchword.auth.ports import Clock, LiveSession, SessionStore
from watchword.auth.refresh_tokens import RefreshTokens
from watchword.auth.revocation import RevocationFeed
from watchword.auth.spans import traced
from watchword.auth.token_validator import TokenValidator
from watchword.errors import RefreshRefused, TokenInvalid
from watchword.protocol.introspection import INACTIVE, active_access_token
from watchword.protocol.principal import Principal
from watchword.protocol.refresh_token import PREFIX
from watchword.protocol.rotation import Current, classify


class Introspector:
    """Reads the database for every token that is genuine, so that no ending is too young to be known;
    changes nothing. Raises DatabaseUnavailable rather than calling a token inactive."""

    def __init__(
        self,
        sessions: SessionStore,
        tokens: RefreshTokens,
        validator: TokenValidator,
        feed: RevocationFeed,
        clock: Clock,
        *,
        issuer: str,
    ) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._validator = validator
        self._feed = feed
        self._clock = clock
        self._issuer = issuer

    @traced("watchword.token.introspect")
    async def introspect(self, token: str, *, asker: str) -> Mapping[str, Any]:
        """What ``asker`` may know of ``token``: access tokens of anybody, refresh tokens of its own."""
        if token.startswith(PREFIX):
            return await self._refresh_token(token, asker)
        try:
            caller = await self._validator.validated(token)
        except TokenInvalid:
            return INACTIVE
        return active_access_token(caller) if await self._counts(caller) else INACTIVE

    async def _counts(self, caller: Principal) -> bool:
        """The feed tells of everything that ends tokens; the session's own row is read as well, because
        a reading of the feed that others wait for may have begun before the ending."""
        await self._feed.catch_up()
        if self._feed.is_revoked(caller):
            return False
        if caller.session_id is None:
            return True
        facts = await self._sessions.facts(UUID(caller.session_id))
        return facts is not None and facts.revoked_at is None and facts.user_active

    async def _refresh_token(self, text: str, asker: str) -> Mapping[str, Any]:
        """Only the current one of a live session: it has been neither used nor ended."""
        try:
            token = self._tokens.read(text)
        except RefreshRefused:
            return INACTIVE
        if self._feed.ended_with_all(token.session_id):
            return INACTIVE
        now = self._clock.now()
        facts = await self._sessions.facts(token.session_id)
        if not isinstance(classify(token, facts, now=now, overlap_seconds=0, client_id=asker), Current):
            return INACTIVE
        session = await self._sessions.find(token.session_id, now=now)
        if session is None or session.generation != token.generation:
            return INACTIVE
        return self._active_refresh_token(session)

    def _active_refresh_token(self, session: LiveSession) -> Mapping[str, Any]:
        """What its client may know of it; nothing here lets an API take it for an access token."""
        return {
            "active": True,
            "client_id": session.client_id,
            "sub": str(session.user_id),
            "scope": " ".join(sorted(session.scopes)),
            "iss": self._issuer,
            "exp": int(session.idle_ends_at.timestamp()),
            "sid": str(session.session_id),
        }
