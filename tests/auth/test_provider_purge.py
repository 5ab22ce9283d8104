"""What a purge drops in this process."""

from __future__ import annotations

import pytest

from tests.auth.feeds import caller
from tests.auth.publishing import Publisher
from tests.auth.test_provider_metadata import ISSUER, document
from tests.auth.test_verified_tokens import found, keep
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.provider_purge import ProviderPurges
from watchword.auth.verified_tokens import VerifiedTokens
from watchword.config.provider import ProviderSettings
from watchword.testing import FakeClock


def client(provider_id: str, clock: FakeClock) -> OAuthClient:
    publisher = Publisher()
    publisher.served = document(1)
    return OAuthClient(
        provider_id,
        ProviderSettings.model_validate({"issuer": ISSUER, "client_id": "app", "client_secret": "s" * 32}),
        http=publisher,
        clock=clock,
        redirect_uri=f"https://app.example.test/auth/callback/{provider_id}",
        leeway_seconds=30,
        allow_loopback_http=False,
    )


@pytest.mark.parametrize(
    ("issuer", "value", "left"),
    [
        (ISSUER, "provider:keys", (0, 0, [])),
        (ISSUER, "provider:metadata", (None, None, ["one"])),
        (f"{ISSUER}/", "provider:metadata", (0, 0, ["one"])),
        (ISSUER, "provider:userinfo", (0, 0, ["one"])),
    ],
)
async def test_a_purge_drops_what_it_names(
    clock: FakeClock, issuer: str, value: str, left: tuple[float | None, float | None, list[str]]
) -> None:
    """Of every provider with that issuer, the tokens that were verified together with the keys; what
    it does not name, or nobody here knows, stays."""
    clients = [client("main", clock), client("again", clock)]
    for each in clients:
        await each.metadata()
    verified = {"main": VerifiedTokens()}
    keep(verified["main"], "one", principal=caller())
    ProviderPurges(clients, verified).carry_out(issuer, value)
    assert (*(each.health().metadata_age_seconds for each in clients), found(verified["main"], "one")) == left
