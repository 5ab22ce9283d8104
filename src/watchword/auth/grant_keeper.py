"""What is kept of a sign-in at its provider, sealed: the ID token for the sign-out there, the refresh
token to ask again with."""

from __future__ import annotations

import secrets
from uuid import UUID

from watchword.auth.logout_ports import NewProviderGrant
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.ports import Clock
from watchword.auth.sealing import Purpose, Sealer
from watchword.errors import SealBroken, SecretKeyMismatch
from watchword.protocol.logout import is_usable_hint
from watchword.protocol.uuid7 import RANDOM_BYTES, uuid7


class GrantKeeper:
    """Seals a provider's tokens to the grant they belong to and to our registration there, so that no
    other provider gets to see them should the settings change.

    ``recheck_seconds`` is how often providers are asked again; 0, and no refresh token is kept.
    """

    def __init__(self, sealer: Sealer, clock: Clock, *, recheck_seconds: int) -> None:
        self._sealer = sealer
        self._clock = clock
        self.keeps_tokens = recheck_seconds > 0

    def keep(
        self, client: OAuthClient, *, id_token: str | None, refresh_token: str | None
    ) -> NewProviderGrant | None:
        """The grant of a new session; None where nothing of the sign-in is needed any more, as an ID
        token is not that is too long to be sent."""
        hint = id_token if id_token and client.logout_style == "rp_initiated" else None
        if hint is not None and not is_usable_hint(hint):
            hint = None
        kept = refresh_token if self.keeps_tokens else None
        if hint is None and kept is None:
            return None
        grant_id = uuid7(self._clock.now_seconds() * 1000, secrets.token_bytes(RANDOM_BYTES))
        return NewProviderGrant(
            grant_id,
            None if hint is None else self._seal("logout-hint", client, grant_id, hint),
            None if kept is None else self.seal_tokens(client, grant_id, kept),
        )

    def seal_tokens(self, client: OAuthClient, grant_id: UUID, refresh_token: str) -> bytes:
        return self._seal("provider-tokens", client, grant_id, refresh_token)

    def open_tokens(self, client: OAuthClient, grant_id: UUID, sealed: bytes) -> str | None:
        """The refresh token; None where it was sealed under another registration or secret."""
        return self._open("provider-tokens", client, grant_id, sealed)

    def open_hint(self, client: OAuthClient, grant_id: UUID, sealed: bytes) -> str | None:
        """The ID token for the sign-out; None as in ``open_tokens``."""
        return self._open("logout-hint", client, grant_id, sealed)

    def _seal(self, purpose: Purpose, client: OAuthClient, grant_id: UUID, token: str) -> bytes:
        place = grant_place(client.registration, grant_id)
        return self._sealer.seal(purpose, token.encode("ascii"), place=place)

    def _open(self, purpose: Purpose, client: OAuthClient, grant_id: UUID, sealed: bytes) -> str | None:
        try:
            place = grant_place(client.registration, grant_id)
            return self._sealer.open(purpose, sealed, place=place).decode("ascii")
        except (SealBroken, SecretKeyMismatch):
            return None


def grant_place(registration: str, grant_id: UUID) -> bytes:
    """What a provider's tokens are bound to: the row they are in and what we were there."""
    return grant_id.bytes + registration.encode("ascii")
