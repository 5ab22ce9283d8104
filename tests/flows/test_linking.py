"""Linking: a second provider for the account of whoever is signed in, and for nobody else's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.flows.browser import Browser, local_part, query_of
from tests.flows.conftest import Service, StartService, replicas, serve_provider
from tests.flows.own_sessions import HTML, delete, without_access
from tests.flows.production import in_production, sign_in_by_hand
from tests.flows.refusals import rows, select
from watchword.dev_provider import DevProvider
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings

LINK = "/auth/link/other"


class Two:
    """A service with two providers, at which everybody has the same ``sub``."""

    def __init__(self, service: Service, other: DevProvider) -> None:
        self.service = service
        self.other = other

    def link(self, browser: Browser, person: str) -> httpx2.Response:
        """The whole way from the button to the callback's answer."""
        return browser.get(self.asked(browser, person))

    def asked(self, browser: Browser, person: str) -> str:
        """The callback of an attempt to link, not yet delivered."""
        begun = browser.post(LINK, headers=HTML)
        assert begun.status_code == 303, begun.text
        return local_part(self.other.approve(begun.headers["location"], person))

    def at_other(self, person: str) -> Browser:
        """A browser signed in at the other provider."""
        browser = self.service.browser()
        location = browser.get("/auth/login/other").headers["location"]
        assert browser.get(local_part(self.other.approve(location, person))).status_code == 303
        return browser


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    clock = FakeClock()
    folder = tmp_path_factory.mktemp("linking")
    with (
        serve_provider(clock) as first,
        serve_provider(clock) as second,
        replicas(first, clock, folder) as start,
    ):
        service = start(providers={"dev": provider_settings(first), "other": provider_settings(second)})
        yield Two(service, second.provider)


def me(browser: Browser) -> dict[str, Any]:
    answer: dict[str, Any] = browser.get("/auth/me").json()
    return answer


def assert_refused(response: httpx2.Response, status: int, sentence: str) -> None:
    """A plain page that leads back to the account and signs nobody in."""
    assert (response.status_code, sentence in response.text) == (status, True), response.text
    assert 'href="/auth/account"' in response.text
    assert not [each for each in response.headers.get_list("set-cookie") if "ww_access" in each]


def test_a_linked_provider_signs_in_to_the_same_account(two: Two) -> None:
    """The same person by either, with the roles of both; it is on record who was added."""
    browser = two.service.signed_in("alice")
    before = me(browser)
    done = two.link(browser, "bob")
    assert (done.status_code, done.headers["location"]) == (303, "/auth/account")
    after = me(browser)
    assert after["user_id"] == before["user_id"]
    assert after["roles"] == ["admin", "editor"]
    assert me(two.at_other("bob"))["user_id"] == before["user_id"]
    assert me(two.service.signed_in("alice"))["roles"] == ["admin", "editor"]
    assert rows(two.service)[:2] == (1, 2)
    details = select(two.service, "SELECT details FROM ww_audit_events WHERE event = 'identity_linked'")
    assert [json.loads(each) for each in details] == [{"how": "signed_in", "provider": "other"}]


def test_linking_renews_the_session(two: Two) -> None:
    """Another id, other tokens; what was known before is worth nothing. Other sessions of the account
    go on, with the new roles at their next refresh."""
    browser, elsewhere = two.service.signed_in("carol"), two.service.signed_in("carol")
    before, access, refresh = me(browser), browser.access, browser.refresh
    two.link(browser, "bob")
    assert me(browser)["session_id"] != before["session_id"]
    stale = two.service.browser().get("/private", authorization=f"Bearer {access}")
    assert (stale.status_code, stale.json()["code"]) == (401, "session_ended")
    assert two.service.browser().post("/auth/refresh", json={"refresh_token": refresh}).status_code == 401
    assert elsewhere.post("/auth/refresh").status_code == 200
    assert elsewhere.get("/private").json()["roles"] == ["editor"]


def test_mix_6_the_same_sub_at_two_issuers_is_two_people(two: Two) -> None:
    """Also with the same verified address, as long as nobody linked them or asked for it."""
    assert me(two.service.signed_in("alice"))["user_id"] != me(two.at_other("alice"))["user_id"]
    assert rows(two.service)[:2] == (2, 2)


def test_somebody_elses_identity_is_not_taken(two: Two) -> None:
    """409 on a plain page: no merge, both accounts and this session as they were."""
    bob = two.at_other("bob")
    browser = two.service.signed_in("alice")
    before, whose = me(browser), me(bob)
    counted = rows(two.service)
    assert_refused(two.link(browser, "bob"), 409, "already belongs to another account")
    assert (me(browser), me(bob)) == (before, whose)
    assert rows(two.service) == counted
    assert not browser.attempts


def test_an_identity_of_the_account_is_no_news(two: Two) -> None:
    """Linking once more changes no row but the session."""
    browser = two.service.signed_in("alice")
    two.link(browser, "bob")
    before = me(browser)
    assert two.link(browser, "bob").status_code == 303
    assert {**me(browser), "session_id": ""} == {**before, "session_id": ""}
    assert rows(two.service)[:2] == (1, 2)
    assert len(select(two.service, "SELECT id FROM ww_audit_events WHERE event = 'identity_linked'")) == 1


@pytest.mark.parametrize("meanwhile", ["signed out", "ended elsewhere", "somebody else", "signed in again"])
def test_linking_is_bound_to_its_session(two: Two, meanwhile: str) -> None:
    """Whatever became of it: nothing is added and the provider's code is not even redeemed."""
    browser, second = two.service.signed_in("alice"), two.service.signed_in("alice")
    callback = two.asked(browser, "bob")
    if meanwhile == "signed out":
        browser.post("/auth/logout")
    elif meanwhile == "ended elsewhere":
        delete(second, "/auth/sessions")
    else:
        two.service.sign_in(browser, "carol" if meanwhile == "somebody else" else "alice")
    asked, counted = two.other.count("token"), rows(two.service)
    assert_refused(browser.get(callback), 403, "while you stay signed in")
    assert (two.other.count("token"), rows(two.service)) == (asked, counted)
    assert browser.get(callback).status_code in (400, 403)


def test_another_browser_cannot_finish_linking(two: Two) -> None:
    """Not even one that holds the attempt: neither nobody's nor another person's (login CSRF)."""
    attacker, victim = two.service.signed_in("carol"), two.service.signed_in("alice")
    for other in (victim, two.service.browser()):
        callback = two.asked(attacker, "bob")
        kept = dict(other.cookies)
        assert other.get(callback).status_code == 400
        other.cookies = kept | attacker.attempts
        assert_refused(other.get(callback), 403, "while you stay signed in")
    assert me(victim)["roles"] == ["admin"]
    assert rows(two.service)[:2] == (2, 2)


def test_the_refresh_cookie_alone_links(two: Two) -> None:
    """Our own pages know a browser whose access token ran out; so does the way back."""
    browser = without_access(two.service.signed_in("alice"))
    assert two.link(browser, "bob").headers["location"] == "/auth/account"
    assert me(browser)["roles"] == ["admin", "editor"]


def test_who_cannot_begin_to_link(two: Two) -> None:
    """Nobody, a program with a token, at a provider that is not there, from elsewhere: each told why,
    and no attempt begins. (Other sites: ``test_csrf``.)"""
    browser, nobody = two.service.signed_in("alice"), two.service.browser()
    led = nobody.post(LINK, headers=HTML)
    assert (led.status_code, led.headers["location"]) == (303, "/auth/login?return_to=%2Fauth%2Faccount")
    assert nobody.post(LINK).json()["code"] == "authentication_required"
    bearer = {"authorization": f"Bearer {browser.access}"}
    assert nobody.post(LINK, headers=bearer).json()["code"] == "invalid_request"
    assert nobody.post(LINK, headers=bearer, site=None).json()["code"] == "cross_site_request"
    assert browser.post("/auth/link/nowhere").json()["code"] == "unknown_provider"
    assert browser.get(LINK).status_code == 405
    two.other.faults.fail("token")
    assert two.link(browser, "bob").status_code == 503
    assert browser.get("/private").status_code == 200
    assert not nobody.set_cookies
    assert rows(two.service)[:2] == (1, 1)


@pytest.mark.parametrize(
    ("age", "asserted", "recent"), [(600, True, True), (601, True, False), (0, False, False)]
)
def test_production_wants_a_recent_sign_in(
    start_service: StartService, age: int, asserted: bool, recent: bool
) -> None:
    """Ten minutes by the provider's word: a program is told, a person is led to a fresh sign-in. Who
    is recent enough gets as far as the provider, which is away here."""
    service = in_production(start_service)
    browser = service.browser()
    sign_in_by_hand(service, browser, age=age, asserted=asserted)
    refused = browser.post("/auth/link/dev")
    if recent:
        assert refused.json()["code"] == "provider_unavailable"
        return
    assert (refused.status_code, refused.json()["code"]) == (401, "insufficient_user_authentication")
    assert 'max_age="600"' in refused.headers["www-authenticate"]
    led = browser.post("/auth/link/dev", headers=HTML)
    assert query_of(led.headers["location"]) == {"return_to": "/auth/account", "max_age": "0"}


def test_the_account_page_shows_and_adds_ways_to_sign_in(two: Two) -> None:
    """Every identity by its provider's name; a button for each provider that is missing, which leads
    there under the page's own policy; none for a program, none once it is linked."""
    browser = two.service.signed_in("alice")
    page = browser.get("/auth/account", **HTML)
    assert "Dev (alice@example.test)" in page.text
    (target,) = re.findall(r'method="post" action="(/auth/link/[^"]*)"', page.text)
    assert target == LINK
    assert "Also sign in with Other" in page.text
    assert "form-action" not in page.headers["content-security-policy"]
    bearer = two.service.browser().get("/auth/account", authorization=f"Bearer {browser.access}", **HTML)
    assert "/auth/link/" not in bearer.text
    two.link(browser, "bob")
    linked = browser.get("/auth/account", **HTML).text
    assert "/auth/link/" not in linked
    assert "Dev (alice@example.test)" in linked
    assert "Other (bob@example.test)" in linked
