"""Being asked again, as each vendor documents its refresh grant: who keeps a token, who gives another, what
the refreshed ID token says."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from tests.flows.browser import Browser
from tests.flows.changes import drop
from tests.flows.conftest import StartService
from tests.presets import test_auth0, test_cognito, test_entra, test_google, test_keycloak, test_okta
from tests.presets.conftest import settings_of
from tests.presets.vendor import Desk
from watchword.dev_provider import DevProviderServer
from watchword.dev_provider.behaviour import Change

RECHECK_SECONDS = 120


@dataclass(frozen=True)
class Manner:
    """``always`` gives a refresh token without a scope, ``keeps`` lets it stay good and gives no other;
    ``answer`` is what else a token response has."""

    vendor: ModuleType
    answer: Change
    always: bool = False
    keeps: bool = False


MANNERS = {
    "auth0": Manner(test_auth0, lambda given: {**given, "expires_in": 86400}),
    "okta": Manner(test_okta, lambda given: given),
    "cognito": Manner(test_cognito, drop("scope"), always=True, keeps=True),
    "entra": Manner(test_entra, lambda given: {**given, "ext_expires_in": 3600}),
    "google": Manner(test_google, lambda given: {**given, "expires_in": 3599}, always=True, keeps=True),
    "keycloak": Manner(
        test_keycloak,
        lambda given: {**given, "refresh_expires_in": 0, "not-before-policy": 0, "session_state": "5d9c"},
    ),
}


@pytest.fixture(scope="module", params=MANNERS)
def manner_and_desk(
    request: pytest.FixtureRequest, vendor_server: DevProviderServer, start_for_vendor: StartService
) -> tuple[Manner, Desk]:
    manner = MANNERS[request.param]
    vendor = manner.vendor.VENDOR
    settings = settings_of(vendor, vendor_server)
    service = start_for_vendor(providers={"dev": settings}, provider_recheck_seconds=RECHECK_SECONDS)
    return manner, Desk(vendor, service)


@pytest.fixture
def manner(manner_and_desk: tuple[Manner, Desk]) -> Manner:
    return manner_and_desk[0]


@pytest.fixture
def desk(manner_and_desk: tuple[Manner, Desk]) -> Desk:
    """The vendor that behaves, before anybody signed in; keys of an earlier test are too old to count."""
    manner, desk = manner_and_desk
    desk.dress()
    desk.service.forget_faults()
    desk.service.clock.advance(1300)
    behaviour = desk.service.provider.behaviour
    behaviour.token_response = manner.answer
    behaviour.always_give_refresh_token, behaviour.keep_refresh_tokens = manner.always, manner.keeps
    return desk


def signed_in(desk: Desk) -> tuple[Browser, set[bytes]]:
    """A browser, and what was kept for it."""
    before = desk.sealed_tokens()
    browser, response = desk.try_sign_in()
    assert response.status_code == 303, response.text
    kept = desk.sealed_tokens() - before
    assert len(kept) == 1
    return browser, kept


def test_people_go_on_for_as_long_as_the_vendor_says_so(manner: Manner, desk: Desk) -> None:
    """Asked twice, which needs the second token where the first is spent; a token that stays good is
    not touched."""
    browser, kept = signed_in(desk)
    me = browser.get("/auth/me").json()
    for _ in range(2):
        assert desk.due_again(browser).status_code == 200
    assert (kept <= desk.sealed_tokens()) is manner.keeps
    again = browser.get("/auth/me").json()
    assert {**again, "session_id": None} == {**me, "session_id": None}


def test_people_whose_account_ended_there_are_out(desk: Desk) -> None:
    """``invalid_grant``; nothing of the vendor's is kept of them."""
    browser, kept = signed_in(desk)
    desk.service.provider.revoke("alice")
    assert desk.due_again(browser).status_code == 401
    assert browser.get("/auth/me").status_code == 401
    assert not kept & desk.sealed_tokens()


def test_another_person_in_the_answer_ends_the_session(desk: Desk) -> None:
    """By the claim that the vendor's people are known by."""
    browser, _ = signed_in(desk)
    other = {"oid": "00000000-0000-4000-8000-000000000001"} if desk.vendor is test_entra.VENDOR else {}
    desk.say(**{"sub": "somebody else", **other})
    assert desk.due_again(browser).status_code == 401


@pytest.mark.parametrize("manner_and_desk", ["google"], indirect=True)
def test_the_other_spelling_of_googles_issuer_is_the_same_person(desk: Desk) -> None:
    """As at the sign-in."""
    browser, _ = signed_in(desk)
    desk.say(iss="accounts.google.com")
    assert desk.due_again(browser).status_code == 200


@pytest.mark.parametrize("manner_and_desk", ["google"], indirect=True)
def test_who_left_the_hosted_domain_is_out(desk: Desk) -> None:
    """The account may go on to exist without it."""
    browser, _ = signed_in(desk)
    desk.say("hd")
    assert desk.due_again(browser).status_code == 401


@pytest.mark.parametrize("manner_and_desk", ["google"], indirect=True)
def test_a_later_sign_in_without_a_refresh_token_works(desk: Desk) -> None:
    """Google gives one with consent only: that session is not checked again, and goes on."""
    desk.service.provider.behaviour.token_response = drop("refresh_token")
    browser, response = desk.try_sign_in()
    assert response.status_code == 303
    desk.service.provider.revoke("alice")
    assert desk.due_again(browser).status_code == 200


@pytest.mark.parametrize("manner_and_desk", ["entra"], indirect=True)
@pytest.mark.parametrize(
    "claims",
    [
        {"tid": test_entra.OTHERS, "iss": f"{test_entra.HOST}/{test_entra.OTHERS}/v2.0"},
        {"iss": f"{test_entra.HOST}/{test_entra.OTHERS}/v2.0"},
    ],
)
def test_another_tenant_in_the_answer_ends_the_session(desk: Desk, claims: dict[str, Any]) -> None:
    """At an issuer of many tenants, each is another."""
    browser, _ = signed_in(desk)
    desk.say(**claims)
    assert desk.due_again(browser).status_code == 401


@pytest.mark.parametrize("manner_and_desk", ["entra"], indirect=True)
def test_a_key_of_another_issuer_ends_the_session(desk: Desk) -> None:
    """Entra limits keys; one that is not for this tenant speaks for nobody here."""
    browser, _ = signed_in(desk)
    desk.service.provider.behaviour.jwks = test_entra.limited(f"{test_entra.HOST}/{test_entra.OTHERS}/v2.0")
    desk.service.clock.advance(601)
    assert desk.due_again(browser).status_code == 401


@pytest.mark.parametrize("manner_and_desk", ["entra"], indirect=True)
def test_a_role_that_was_taken_away_there_is_gone_here(desk: Desk) -> None:
    """Entra leaves the claim out where there is none."""
    browser, _ = signed_in(desk)
    assert browser.get("/auth/me").json()["roles"] == ["admin"]
    desk.say("roles")
    assert desk.due_again(browser).status_code == 200
    assert browser.get("/auth/me").json()["roles"] == []
