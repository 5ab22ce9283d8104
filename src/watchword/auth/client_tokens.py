"""Access tokens that clients get for themselves (RFC 6749 §4.4)."""

from __future__ import annotations

from watchword.auth.ports import Clock
from watchword.auth.token_issuer import IssuedToken, TokenIssuer
from watchword.protocol.clients import Client


class ClientTokens:
    """Writes nothing: such a token lives until it expires, or until the feed says otherwise."""

    def __init__(self, issuer: TokenIssuer, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock

    def issue(self, client: Client, scopes: frozenset[str]) -> IssuedToken:
        """For a client that has authenticated, with scopes it may have."""
        return self._issuer.issue_to_client(client, scopes, now=self._clock.now())
