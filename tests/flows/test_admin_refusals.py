"""Who does not get to the admin pages, and how little they are told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.administrators import (
    ADMIN,
    CONFIRMED,
    PAGES,
    administrator,
    change_roles,
    every_get,
    person_page,
    user_id_of,
)
from tests.flows.browser import Browser, query_of
from tests.flows.changes import put
from tests.flows.conftest import Service, StartService
from tests.flows.first_party import CLIENTS, FirstParty
from tests.flows.own_sessions import HTML, UNKNOWN, without_access
from tests.flows.refusals import change
from tests.flows.terms import accept, terms
from watchword.dev_provider import DevProviderServer
from watchword.protocol.roles import ADMIN_ROLE
from watchword.testing.provider import provider_settings

ACTS = every_get(UNKNOWN, UNKNOWN)[-4:]


def refused(browser: Browser, target: str, **options: Any) -> dict[str, Any]:
    response = browser.get(target, **options)
    assert response.status_code == 403, target
    told: dict[str, Any] = response.json()
    assert told.pop("request_id")
    return told


def test_nobody_signed_in_is_led_to_sign_in(shared: Service) -> None:
    """And from there to the account page, which leads on: no sign-in ends on an admin page. Programs: 401."""
    nobody = shared.browser()
    for target in every_get(UNKNOWN, UNKNOWN):
        page = nobody.get(target, **HTML)
        assert page.status_code == 303, target
        assert page.headers["location"] == "/auth/login?return_to=%2Fauth%2Faccount"
        response = nobody.get(target)
        assert (response.status_code, response.json()["code"]) == (401, "authentication_required")
        assert response.headers["www-authenticate"] == "Bearer"
    for target in (*ACTS, f"{ADMIN}/users"):
        assert nobody.post(target, **CONFIRMED).status_code == 401
    location = shared.begin(nobody, return_to=ADMIN)
    answer = nobody.get(shared.approve(location))
    assert answer.headers["location"] == "/"


def test_without_the_role_everything_looks_alike(shared: Service, caplog: pytest.LogCaptureFixture) -> None:
    """One 403 for what exists and what does not, as a page or a problem; one line in the log."""
    admin = administrator(shared)
    bob = shared.signed_in("bob")
    seen = [
        refused(bob, target)
        for user_id in (user_id_of(admin), UNKNOWN, "x")
        for target in every_get(user_id, UNKNOWN)
    ]
    assert all(each == seen[0] for each in seen)
    assert seen[0]["code"] == "admin_required"
    caplog.clear()
    with caplog.at_level("INFO", logger="watchword"):
        page = bob.get(person_page(user_id_of(admin)), **HTML)
    assert page.status_code == 403
    assert "For administrators" in page.text
    assert 'href="/auth/account"' in page.text
    assert user_id_of(admin) not in page.text
    lines = [each for each in caplog.records if "admin_required" in each.getMessage()]
    assert len(lines) == 1
    for target in (*ACTS, f"{ADMIN}/users"):
        assert bob.post(target, **CONFIRMED).status_code == 403


def test_a_role_of_that_name_from_a_provider_opens_nothing(
    start_service: StartService, provider_server: DevProviderServer
) -> None:
    """Neither from claims as they are nor by a map: the name is dropped on the way; a row that has it
    from another time does not count."""
    mapped = {**provider_settings(provider_server), "role_map": {"boss": ADMIN_ROLE, "editor": "editor"}}
    service = start_service(providers={"dev": provider_settings(provider_server), "other": mapped})
    service.provider.behaviour.id_token_claims = put(roles=[ADMIN_ROLE, "editor", "boss"])
    browser = service.signed_in("bob")
    assert browser.get("/auth/me").json()["roles"] == ["boss", "editor"]
    assert refused(browser, ADMIN)["code"] == "admin_required"
    service.sign_in(browser, "bob", provider="other")
    assert browser.get("/auth/me").json()["roles"] == ["editor"]
    assert refused(browser, ADMIN)["code"] == "admin_required"
    change(service, f"""UPDATE ww_users SET identity_roles = '["{ADMIN_ROLE}"]'""")
    for target in PAGES:
        assert refused(without_access(browser), target)["code"] == "admin_required"


def test_denied_wins_over_granted(shared: Service) -> None:
    """At once, whatever the tokens given out say."""
    admin = administrator(shared, "bob")
    bearer = {"authorization": f"Bearer {admin.access}"}
    change_roles(shared, user_id_of(admin), deny=[ADMIN_ROLE])
    assert refused(admin, ADMIN)["code"] == "admin_required"
    assert shared.browser().request("GET", ADMIN, headers=bearer).status_code in (401, 403)
    change_roles(shared, user_id_of(admin), undeny=[ADMIN_ROLE])
    assert admin.get(ADMIN).status_code == 200
    change_roles(shared, user_id_of(admin), ungrant=[ADMIN_ROLE])
    assert refused(without_access(admin), ADMIN)["code"] == "admin_required"


def test_a_grant_taken_away_counts_at_once_on_every_replica(
    service: Service, start_service: StartService
) -> None:
    """No feed, no end of a token is waited for."""
    other = start_service()
    admin = administrator(service)
    there = Browser(other.client, dict(admin.cookies))
    assert there.get(ADMIN).status_code == 200
    change_roles(service, user_id_of(admin), ungrant=[ADMIN_ROLE])
    for browser in (there, without_access(there)):
        assert refused(browser, ADMIN)["code"] == "admin_required"


def test_a_token_of_a_client_opens_nothing(start_service: StartService) -> None:
    """Though its person may: an app they signed in to does not get to act as an administrator. The browser's
    own access token is the browser."""
    service = start_service(clients=CLIENTS)
    admin = administrator(service, "alice")
    tokens = FirstParty(service).tokens("alice")
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    for target in PAGES:
        response = service.browser().request("GET", target, headers=bearer)
        assert (response.status_code, response.json()["code"]) == (403, "admin_required")
    admin.post("/auth/refresh")
    own = {"authorization": f"Bearer {admin.access}"}
    assert service.browser().request("GET", ADMIN, headers=own).status_code == 200
    broken = {"authorization": "Bearer x"}
    assert admin.request("GET", ADMIN, headers=broken).status_code == 401


def test_the_terms_come_first(start_service: StartService) -> None:
    """Nobody administers who has not accepted them; a person is led there and from there to the account."""
    service = start_service(**terms())
    admin = administrator(service)
    assert refused(admin, ADMIN)["code"] == "terms_required"
    page = admin.get(ADMIN, **HTML)
    assert page.status_code == 303
    assert query_of(page.headers["location"]) == {"return_to": "/auth/account"}
    assert accept(admin).status_code == 303
    assert admin.get(ADMIN).status_code == 200


def test_whoever_was_disabled_erased_or_signed_out_is_nobody(service: Service) -> None:
    """With what is left of their cookies: 401, and a page leads to sign-in."""
    admin, other = administrator(service, "alice"), administrator(service, "bob")
    mine = user_id_of(other)
    assert admin.post(f"{person_page(mine)}/disable", **CONFIRMED).status_code == 204
    assert other.get(ADMIN).status_code == 401
    gone = administrator(service, "carol")
    kept = Browser(service.client, dict(gone.cookies))
    erased = user_id_of(gone)
    assert gone.post("/auth/account/erase", **CONFIRMED).status_code == 204
    assert kept.get(ADMIN).status_code == 401
    assert admin.get(person_page(erased)).status_code == 404
    assert admin.post(f"{person_page(erased)}/enable", **CONFIRMED).status_code == 404
    left = Browser(service.client, dict(admin.cookies))
    admin.post("/auth/logout")
    assert left.get(ADMIN).status_code == 401
    assert left.get(ADMIN, **HTML).status_code == 303


def test_too_many_looks_are_refused(start_service: StartService) -> None:
    """Per address, all pages together: whoever stole a session does not read out everybody in a minute."""
    service = start_service(rate_limits={"admin": "3/minute"})
    admin = administrator(service)
    seen = [admin.get(target).status_code for target in PAGES]
    assert seen == [200, 200, 200, 429, 429]
    assert admin.get(f"{ADMIN}/keys").headers["retry-after"]
    service.clock.advance(61)
    assert admin.get(ADMIN, **HTML).status_code == 200
