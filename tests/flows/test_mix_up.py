"""Two providers, one of them hostile: nothing of one is taken for the other's (RFC 9700 §4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.browser import changed_query, local_part, query_of
from tests.flows.changes import drop, put
from tests.flows.conftest import Service, StartService, replicas, serve_provider
from tests.flows.refusals import Refusals
from watchword.dev_provider import DevProvider
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings

A_WEEK_SECONDS = 8 * 86_400


class Pair:
    """A service with an honest provider ``dev`` and another one ``other``."""

    def __init__(self, service: Service, other: DevProvider) -> None:
        self.service = service
        self.other = other


@pytest.fixture(scope="module")
def pair_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    clock = FakeClock()
    folder = tmp_path_factory.mktemp("pair")
    with (
        serve_provider(clock) as first,
        serve_provider(clock) as second,
        replicas(first, clock, folder) as start,
    ):
        service = start(providers={"dev": provider_settings(first), "other": provider_settings(second)})
        yield Pair(service, second.provider)


@pytest.fixture
def pair(pair_of_module: Pair) -> Pair:
    """Both behave, and the honest one is known."""
    service, other = pair_of_module.service, pair_of_module.other
    for provider in (service.provider, other):
        provider.reset()
    service.clock.advance(A_WEEK_SECONDS)
    service.signed_in("carol")
    return pair_of_module


@pytest.fixture
def refusals(pair: Pair, caplog: pytest.LogCaptureFixture) -> Refusals:
    return Refusals(pair.service, caplog)


def test_mix_1_rp_43_another_issuer_in_the_answer_stops_before_any_call(
    pair: Pair, refusals: Refusals
) -> None:
    """Started at A, answered in the name of B: no call to A, none to B."""
    service = pair.service
    for issuer in (pair.other.issuer, service.provider.issuer + "/", "", "x"):
        browser = service.browser()
        asked = len(pair.other.requests)
        target = changed_query(service.approve(service.begin(browser)), iss=issuer)
        refusals.callback(browser, target, reason="authorization_response_invalid", detail="iss is another")
        assert len(pair.other.requests) == asked
    refusals.still_open_to_honest_people()


def test_rp_44_a_missing_issuer_that_was_promised_stops(pair: Pair, refusals: Refusals) -> None:
    """The metadata say that answers carry ``iss``: one without is not theirs."""
    browser = pair.service.browser()
    target = changed_query(pair.service.approve(pair.service.begin(browser)), iss=None)
    refusals.callback(browser, target, reason="authorization_response_invalid", detail="iss is missing")


def test_mix_2_another_providers_callback_stops(pair: Pair, refusals: Refusals) -> None:
    """Started at A, delivered at B's callback with A's state: B never sees the code."""
    service = pair.service
    browser = service.browser()
    asked = len(pair.other.requests)
    target = service.approve(service.begin(browser)).replace("/callback/dev", "/callback/other")
    refusals.callback(browser, target, reason="attempt_missing", detail="started at 'dev', not at 'other'")
    assert len(pair.other.requests) == asked
    browser = service.browser()
    target = service.approve(service.begin(browser)).replace("/callback/dev", "/callback/nobody")
    refusals.callback(browser, target, reason="unknown_provider", status=404)


def test_mix_2_an_attempt_does_not_survive_a_changed_registration(start_service: StartService) -> None:
    """Another client id under the same provider id: the attempt was not started for it."""
    before = start_service()
    settings = {**provider_settings_of(before), "client_id": "another"}
    after = start_service(providers={"dev": settings}, secret_key=None)
    browser = before.browser()
    target = before.approve(before.begin(browser))
    asked = len(before.provider.requests)
    there = after.browser()
    there.cookies = dict(browser.cookies)
    assert there.get(target).status_code == 400
    assert len(before.provider.requests) == asked


def provider_settings_of(service: Service) -> dict[str, Any]:
    given = service.auth.settings.providers["dev"]
    return {"issuer": given.issuer, "client_id": given.client_id, "client_secret": given.secret}


def test_mix_3_a_provider_without_rfc_9207(pair: Pair, refusals: Refusals) -> None:
    """No ``iss`` in its answers is fine where none was promised; the ID token's issuer must be the
    one the attempt was started at, whoever's token it is."""
    service = pair.service
    without = drop("authorization_response_iss_parameter_supported")
    service.provider.behaviour.metadata = without
    service.provider.behaviour.authorization_response = drop("iss")
    service.clock.advance(A_WEEK_SECONDS)
    assert service.sign_in(service.browser()).status_code == 303
    service.provider.behaviour.id_token_claims = put(iss=pair.other.issuer)
    browser = service.browser()
    target = service.approve(service.begin(browser))
    assert "iss" not in query_of(target)
    refusals.callback(browser, target, reason="id_token_rejected", detail="iss: mismatch", calls=("/token",))


def test_mix_5_a_provider_that_claims_to_be_another_gets_nobody(pair: Pair, refusals: Refusals) -> None:
    """B's metadata claim A's issuer and list A's endpoints."""
    service = pair.service
    service.clock.advance(A_WEEK_SECONDS)
    pair.other.behaviour.metadata = put(issuer=service.provider.issuer)
    refusals.request(
        service.browser(), "GET", "/auth/login/other", reason="provider_metadata_invalid", status=502
    )


def test_mix_5_a_code_goes_to_the_endpoint_of_its_own_issuer(pair: Pair, refusals: Refusals) -> None:
    """B lists A's token endpoint and keys: A refuses B's code, and A's tokens would not be B's."""
    service, honest = pair.service, pair.service.provider.issuer
    service.clock.advance(A_WEEK_SECONDS)
    pair.other.behaviour.metadata = put(token_endpoint=f"{honest}/token", jwks_uri=f"{honest}/jwks")
    browser = service.browser()
    target = local_part(pair.other.approve(service.begin(browser, provider="other"), "alice"))
    refusals.callback(browser, target, reason="code_refused", calls=("/jwks", "/token"))
