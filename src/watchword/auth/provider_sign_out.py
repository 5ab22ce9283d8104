"""Sign-out at the provider, after the session here has ended (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from watchword.auth.grant_keeper import GrantKeeper
from watchword.auth.grants import BROWSER
from watchword.auth.logout_ports import ProviderLogoutStore, SignedInAt
from watchword.auth.logs import tell
from watchword.auth.oauth_client import OAuthClient
from watchword.errors import ProviderCircuitOpen, WatchwordError
from watchword.protocol.logout import auth0_logout, cognito_logout, rp_initiated_logout
from watchword.protocol.printable import printable

PATIENCE_SECONDS: Final = 1.0


class ProviderSignOut:
    """Makes the address of a sign-out, with the ID token that was kept of its sign-in."""

    def __init__(
        self,
        clients: Mapping[str, OAuthClient],
        store: ProviderLogoutStore,
        keeper: GrantKeeper,
        *,
        return_to: str,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._clients = clients
        self._store = store
        self._keeper = keeper
        self._return_to = return_to
        self._patience_seconds = patience_seconds

    def leaves(self, provider_id: str) -> bool:
        """Whether a sign-out of the provider's people may end in a redirect to elsewhere."""
        client = self._clients.get(provider_id)
        return client is not None and client.logout_style != "local_only"

    async def location(self, session_id: UUID) -> str | None:
        """Where a browser goes on to once its session has ended; None where there is nothing to end at
        the provider, where it does not answer, or where nothing is known within a second. The kept ID
        token is gone afterwards."""
        try:
            signed_in = await self._store.take_sign_in(session_id)
            client = None if signed_in is None else self._clients.get(signed_in.provider_id)
            if signed_in is None or client is None or signed_in.client_id != BROWSER:
                return None
            async with asyncio.timeout(self._patience_seconds):
                return await self._location(client, signed_in)
        except (WatchwordError, TimeoutError) as error:
            cause = error.detail if isinstance(error, WatchwordError) else "its metadata did not come in time"
            cause = printable(cause, max_chars=500)
            message = "nobody was sent to sign out at the provider: %s"
            tell("provider_sign_out_skipped", message, cause, cause=cause)
            return None

    async def _location(self, client: OAuthClient, signed_in: SignedInAt) -> str | None:
        us, return_to = client.client_id, self._return_to
        if client.logout_style != "local_only" and not client.health().answering:
            raise ProviderCircuitOpen(f"{client.provider_id} does not answer at the moment")
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
        return self._keeper.open_hint(client, grant_id, sealed)
