"""Sign-out at the provider, after the session here has ended (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from watchword.auth.grants import BROWSER
from watchword.auth.logout_ports import NewProviderGrant, ProviderLogoutStore, SignedInAt
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.sealing import Sealer
from watchword.errors import SealBroken, SecretKeyMismatch, WatchwordError
from watchword.protocol.logout import auth0_logout, cognito_logout, is_usable_hint, rp_initiated_logout
from watchword.protocol.printable import printable
from watchword.protocol.uuid7 import RANDOM_BYTES, uuid7

PATIENCE_SECONDS: Final = 1.0

logger = logging.getLogger("watchword")


class ProviderSignOut:
    """Keeps the ID token of a sign-in, sealed, and later makes the address of its sign-out.

    The seal binds it to the grant and to our registration at the provider, so that no other provider
    gets to see it should the settings change.
    """

    def __init__(
        self,
        clients: Mapping[str, OAuthClient],
        store: ProviderLogoutStore,
        sealer: Sealer,
        *,
        return_to: str,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._clients = clients
        self._store = store
        self._sealer = sealer
        self._return_to = return_to
        self._patience_seconds = patience_seconds

    def leaves(self, provider_id: str) -> bool:
        """Whether a sign-out of the provider's people may end in a redirect to elsewhere."""
        client = self._clients.get(provider_id)
        return client is not None and client.logout_style != "local_only"

    def keep(self, client: OAuthClient, id_token: str | None, *, now_seconds: int) -> NewProviderGrant | None:
        """What the sign-out will need of a sign-in; None where it needs nothing, or the token is too
        long to be sent."""
        if id_token is None or client.logout_style != "rp_initiated" or not is_usable_hint(id_token):
            return None
        grant_id = uuid7(now_seconds * 1000, secrets.token_bytes(RANDOM_BYTES))
        place = _place(client, grant_id)
        return NewProviderGrant(
            grant_id, self._sealer.seal("logout-hint", id_token.encode("ascii"), place=place)
        )

    async def location(self, session_id: UUID) -> str | None:
        """Where a browser goes on to once its session has ended; None where there is nothing to end at
        the provider, or no way to know within a second. The kept ID token is gone afterwards."""
        try:
            signed_in = await self._store.take_sign_in(session_id)
            client = None if signed_in is None else self._clients.get(signed_in.provider_id)
            if signed_in is None or client is None or signed_in.client_id != BROWSER:
                return None
            async with asyncio.timeout(self._patience_seconds):
                return await self._location(client, signed_in)
        except (WatchwordError, TimeoutError) as error:
            cause = error.detail if isinstance(error, WatchwordError) else "its metadata did not come in time"
            logger.warning("nobody was sent to sign out at the provider: %s", printable(cause, max_chars=500))
            return None

    async def _location(self, client: OAuthClient, signed_in: SignedInAt) -> str | None:
        us, return_to = client.client_id, self._return_to
        match client.logout_style:
            case "local_only":
                return None
            case "auth0_v2":
                return auth0_logout(client.issuer, client_id=us, return_to=return_to)
            case "cognito":
                people_sign_in_at = (await client.metadata()).authorization_endpoint
                return cognito_logout(people_sign_in_at, client_id=us, return_to=return_to)
            case "rp_initiated":
                endpoint = (await client.metadata()).end_session_endpoint
                return None if endpoint is None else self._standard(endpoint, client, signed_in)

    def _standard(self, end_session_endpoint: str, client: OAuthClient, signed_in: SignedInAt) -> str:
        return rp_initiated_logout(
            end_session_endpoint,
            client_id=client.client_id,
            return_to=self._return_to,
            state=secrets.token_urlsafe(16),
            id_token_hint=self._hint(client, signed_in),
        )

    def _hint(self, client: OAuthClient, signed_in: SignedInAt) -> str | None:
        grant_id, sealed = signed_in.grant_id, signed_in.sealed_id_token
        if grant_id is None or sealed is None:
            return None
        try:
            return self._sealer.open("logout-hint", sealed, place=_place(client, grant_id)).decode("ascii")
        except (SealBroken, SecretKeyMismatch):
            return None


def _place(client: OAuthClient, grant_id: UUID) -> bytes:
    return grant_id.bytes + client.registration.encode("ascii")
