"""What a sign-in asks a provider ends with it, and what it can do without does not end it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.flows.conftest import Service, StartService
from watchword.auth.attempt import Attempt
from watchword.auth.deadline import operation
from watchword.auth.oauth_client import LEAST_SECONDS, OAuthClient, VerifiedSignIn
from watchword.dev_provider import DevProviderServer
from watchword.errors import AttemptUsed, ProviderUnavailable
from watchword.testing.provider import provider_settings

SECONDS = 0.3


def client_of(service: Service) -> OAuthClient:
    client: OAuthClient = service.call(service.auth.services).sign_in.clients["dev"]
    return client


async def redeem(service: Service, client: OAuthClient) -> VerifiedSignIn:
    """The code of a sign-in, redeemed in little time."""
    attempt = Attempt("dev", client.registration, "/", 0, state="s", nonce="n", verifier="v" * 43)
    answer = service.provider.approve(await client.authorization_url(attempt), "alice")
    with operation(SECONDS):
        return await client.redeem(attempt, parse_qs(urlsplit(answer).query)["code"][0])


def without_profile(service: Service) -> None:
    service.provider.behaviour.id_token_claims = lambda claims: {
        name: value for name, value in claims.items() if name not in ("email", "name")
    }


def test_a_profile_that_does_not_come_in_time_is_done_without(service: Service) -> None:
    """Optional userinfo gets what is left; the person is signed in, and so short a time says nothing
    about the provider."""
    service.signed_in()
    without_profile(service)
    service.provider.faults.hang("userinfo")
    client = client_of(service)
    verified: VerifiedSignIn = service.call(redeem, service, client)
    assert (verified.identity.email, verified.identity.name) == (None, None)
    assert client.guard.calls["userinfo", "cut_short"] == 1
    assert client.health().endpoints["userinfo"].failures == 0


def test_a_profile_that_is_required_ends_the_sign_in_in_time(
    start_service: StartService, provider_server: DevProviderServer
) -> None:
    """Told as unavailable, with a time to come back."""
    dev = provider_settings(provider_server)
    service = start_service(providers={"dev": {**dev, "userinfo": "always"}})
    service.signed_in()
    service.provider.faults.hang("userinfo")
    with pytest.raises(ProviderUnavailable) as caught:
        service.call(redeem, service, client_of(service))
    assert caught.value.retry_after_seconds


def test_a_token_endpoint_that_hangs_ends_with_the_sign_in(service: Service) -> None:
    """Nothing is asked after it."""
    service.signed_in()
    service.provider.faults.hang("token")
    asked = len(service.provider.requests)
    with pytest.raises(ProviderUnavailable):
        service.call(redeem, service, client_of(service))
    assert [each.path for each in service.provider.requests[asked:]][-1] == "/token"


def test_who_has_no_time_for_discovery_leaves_it_to_the_others(service: Service) -> None:
    """The fetch is everybody's, so it goes on, and the next one finds what it brought."""
    service.provider.faults.delay("discovery", 0.2)
    client = client_of(service)

    async def hurried() -> None:
        with operation(0.01):
            await client.metadata()

    async def patient() -> str:
        return (await client.metadata()).issuer

    with pytest.raises(ProviderUnavailable):
        service.call(hurried)
    assert service.call(patient) == service.provider.issuer
    assert service.provider.count("discovery") == 1


def test_no_code_is_spent_before_the_keys_to_check_its_worth_are_there(service: Service) -> None:
    """A process that starts while they are down asks for no token, and the callback can be repeated."""
    browser = service.browser()
    callback = service.approve(service.begin(browser))
    service.provider.fail("jwks")
    assert browser.get(callback).status_code == 503
    assert service.provider.count("token") == 0
    service.provider.heal()
    assert browser.get(callback).status_code == 303


def test_no_code_is_sent_with_too_little_time_for_an_answer(service: Service) -> None:
    """What was fetched meanwhile is there for the next try, which comes soon."""
    client = client_of(service)

    async def late() -> None:
        with operation(LEAST_SECONDS - 0.1):
            await client.require_all()

    with pytest.raises(ProviderUnavailable) as caught:
        service.call(late)
    assert caught.value.retry_after_seconds == 1
    assert client.health().keys_age_seconds is not None


def test_what_refuses_before_the_code_is_sent_says_nothing_of_the_provider(service: Service) -> None:
    """An attempt that was used before makes no call, and no failure."""
    client = client_of(service)

    async def refuse() -> None:
        raise AttemptUsed("before")

    async def again() -> None:
        attempt = Attempt("dev", client.registration, "/", 0, state="s", nonce="n", verifier="v" * 43)
        await client.redeem(attempt, "code", before=refuse)

    with pytest.raises(AttemptUsed):
        service.call(again)
    assert service.provider.count("token") == 0
    assert client.guard.calls["token", "not_sent"] == 1
    assert client.health().endpoints["token"].failures == 0
