"""One relying party at the development provider, without a service around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.flows.browser import query_of
from tests.flows.conftest import BASE_URL
from watchword.auth.attempt import Attempt, start_attempt
from watchword.auth.client_proof import ClientProofs
from watchword.auth.oauth_client import OAuthClient, VerifiedSignIn
from watchword.auth.ports import ProviderHttp
from watchword.auth.recheck_ports import Confirmed, Refreshed
from watchword.config.provider import ProviderSettings
from watchword.dev_provider import DevProvider, DevProviderServer
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings


@dataclass
class RelyingParty:
    """``client`` knows nothing yet: metadata and keys are fetched when they are needed."""

    client: OAuthClient
    provider: DevProvider
    clock: FakeClock
    seen: int = 0

    async def sign_in(self, person: str = "alice") -> VerifiedSignIn:
        return await self.redeem(*await self.approved(person))

    async def redeem(self, attempt: Attempt, code: str) -> VerifiedSignIn:
        return await self.client.redeem(attempt, code)

    async def approved(self, person: str = "alice") -> tuple[Attempt, str]:
        """A sign-in as far as the provider's answer, a code."""
        attempt = start_attempt(
            provider_id="dev",
            registration=self.client.registration,
            return_to="/",
            now_seconds=self.clock.now_seconds(),
        )
        location = await self.client.authorization_url(attempt)
        return attempt, query_of(self.provider.approve(location, person))["code"]

    async def refresh(self, signed_in: VerifiedSignIn, refresh_token: str | None = None) -> Refreshed:
        """Ask about who signed in, with the token of then or another one."""
        token = refresh_token or signed_in.refresh_token
        assert token is not None
        who = signed_in.identity
        return await self.client.refresh(token, issuer=who.issuer, subject=who.subject)

    async def confirmed(self, signed_in: VerifiedSignIn, refresh_token: str | None = None) -> Confirmed:
        answer = await self.refresh(signed_in, refresh_token)
        assert isinstance(answer, Confirmed), answer
        return answer

    def asked(self) -> list[str]:
        """The paths that were asked for since the last time."""
        paths = [each.path for each in self.provider.requests]
        before, self.seen = self.seen, len(paths)
        return paths[before:]


def relying_party(
    server: DevProviderServer,
    http: ProviderHttp,
    clock: FakeClock,
    proofs: ClientProofs | None = None,
    **settings: Any,
) -> RelyingParty:
    client = OAuthClient(
        "dev",
        ProviderSettings(**{**provider_settings(server), **settings}),
        http=http,
        clock=clock,
        redirect_uri=f"{BASE_URL}/auth/callback/dev",
        leeway_seconds=30,
        allow_loopback_http=True,
        rechecks=True,
        proofs=proofs,
    )
    return RelyingParty(client, server.provider, clock)
