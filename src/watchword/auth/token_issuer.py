"""Our own access tokens (RFC 9068), signed with the active key of the ring."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from watchword.auth.keyring import Keyring
from watchword.auth.ports import LiveSession
from watchword.protocol.access_token import build_claims, token_id
from watchword.protocol.clients import Client
from watchword.protocol.signing import sign


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """``expires_in`` is in seconds."""

    text: str = field(repr=False)
    expires_in: int


class TokenIssuer:
    """Signs the access tokens of live sessions and of clients for themselves; ``life_seconds`` is the
    longest they live."""

    def __init__(self, keyring: Keyring, *, issuer: str, audience: str, life_seconds: int) -> None:
        self._keyring = keyring
        self._issuer = issuer
        self._audience = audience
        self.life_seconds = life_seconds

    def issue(self, session: LiveSession, *, now: datetime) -> IssuedToken:
        """A token for the session as it stands, outliving the session's absolute end by less than
        the second that tokens are counted in. No sign-in is later than the token that tells of it: one
        from before the clock was put back counts as of now, or nobody would take the token."""
        ends = min(now + timedelta(seconds=self.life_seconds), session.absolute_ends_at)
        issued_at = int(now.timestamp())
        expires_at = max(int(ends.timestamp()), issued_at + 1)
        claims = build_claims(
            issuer=self._issuer,
            audience=self._audience,
            subject=str(session.user_id),
            client_id=session.client_id,
            session_id=str(session.session_id),
            token_id=token_id(session.generation, secrets.token_urlsafe(12)),
            issued_at=issued_at,
            expires_at=expires_at,
            auth_time=min(int(session.auth_time.timestamp()), issued_at),
            auth_time_asserted=session.auth_time_asserted,
            roles=session.roles,
            scopes=session.scopes,
        )
        return IssuedToken(self._signed(claims, now), expires_at - issued_at)

    def issue_to_client(self, client: Client, scopes: frozenset[str], *, now: datetime) -> IssuedToken:
        """A token of the client's own (RFC 6749 §4.4): it is its subject, no session stands behind it."""
        issued_at = int(now.timestamp())
        claims = build_claims(
            issuer=self._issuer,
            audience=self._audience,
            subject=client.client_id,
            client_id=client.client_id,
            session_id=None,
            token_id=token_id(1, secrets.token_urlsafe(12)),
            issued_at=issued_at,
            expires_at=issued_at + self.life_seconds,
            auth_time=None,
            roles=client.roles,
            scopes=scopes,
        )
        return IssuedToken(self._signed(claims, now), self.life_seconds)

    def require_key(self) -> None:
        """Raises KeyStoreUnavailable where no token could be signed, for whoever would use something up
        first."""
        _ = self._keyring.active

    def _signed(self, claims: Mapping[str, Any], now: datetime) -> str:
        key = self._keyring.active
        self._keyring.uses.signed(key.kid, now)
        return sign(claims, key)
