"""The account and sessions pages: what they show, their forms, and who counts as a visitor."""

from __future__ import annotations

import re

import pytest
from markupsafe import escape

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService
from tests.flows.own_sessions import HTML, UNKNOWN, delete, listed, own_id, without_access


def test_ses_74_looking_changes_nothing(service: Service) -> None:
    """GET and HEAD of everything here, also of addresses that end something."""
    browser, other = service.signed_in(), service.signed_in()
    before = listed(browser)
    for method in ("GET", "HEAD"):
        for target in ("/auth/account", "/auth/sessions"):
            assert browser.request(method, target, headers=HTML).status_code == 200
        for target in (f"/auth/sessions/{own_id(other)}/end", "/auth/sessions/end-others", "/auth/logout"):
            assert browser.request(method, target, headers=HTML).status_code in (404, 405)
    assert listed(browser) == before


def test_the_forms_of_the_page_work(service: Service) -> None:
    """What a browser without script does: read the page, press its buttons, land on a page."""
    browser, other, third = (service.signed_in() for _ in range(3))
    text = browser.get("/auth/sessions", **HTML).text
    assert text.count("<form") == 5
    assert "<script" not in text
    assert "(this session)" in text
    target = f"/auth/sessions/{own_id(other)}/end"
    assert f'action="{target}"' in text
    response = browser.post(target, headers=HTML)
    assert (response.status_code, response.headers["location"]) == (303, "/auth/sessions")
    response = browser.post("/auth/sessions/end-others", headers=HTML)
    assert (response.status_code, response.headers["location"]) == (303, "/auth/sessions")
    assert other.get("/private").status_code == third.get("/private").status_code == 401
    assert browser.get("/auth/sessions", **HTML).text.count("<form") == 2
    response = browser.post(f"/auth/sessions/{own_id(browser)}/end", headers=HTML)
    assert (response.status_code, response.headers["location"]) == (303, "/auth/signed-out")
    assert not browser.cookies


def test_the_account_page_links_what_there_is(service: Service) -> None:
    """Every link and form of it leads somewhere."""
    browser = service.signed_in("bob")
    response = browser.get("/auth/account", **HTML)
    assert response.status_code == 200
    assert "Bob Example" in response.text
    assert "bob@example.test" in response.text
    for href in re.findall(r'href="(/[^"]*)"', response.text):
        assert browser.get(href, **HTML).status_code == 200
    assert re.findall(r'action="([^"]*)"', response.text) == ["/auth/logout"]
    policy = response.headers["content-security-policy"]
    assert "form-action" not in policy, "the sign-out button leads to the provider"
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("name", ["<b>bold</b>", '"><script>alert(1)</script>'])
def test_what_a_provider_says_is_text(service: Service, name: str) -> None:
    """A name cannot become markup."""
    service.provider.behaviour.id_token_claims = lambda claims: {**claims, "name": name}
    text = service.signed_in("alice").get("/auth/account", **HTML).text
    assert name not in text
    assert escape(name) in text


@pytest.mark.parametrize("page", ["/auth/account", "/auth/sessions"])
def test_nobody_is_sent_to_sign_in_and_comes_back(service: Service, page: str) -> None:
    """A person by redirect, a program by 401 with the plain challenge."""
    browser = service.browser()
    response = browser.get(page, **HTML)
    assert response.status_code == 303
    assert response.headers["location"] == "/auth/login?return_to=" + page.replace("/", "%2F")
    provider = re.findall(r'href="(/auth/login/dev[^"]*)"', browser.get(response.headers["location"]).text)[0]
    back = browser.get(service.approve(browser.get(provider).headers["location"]))
    assert back.headers["location"] == page
    assert browser.get(page, **HTML).status_code == 200
    for kept in ({}, {"__Host-ww_access": "x", "__Host-ww_refresh": "y"}):
        response = Browser(service.client, kept).get(page, accept="application/json")
        assert (response.status_code, response.json()["code"]) == (401, "authentication_required")
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("target", ["/auth/sessions/end-others", f"/auth/sessions/{UNKNOWN}/end"])
def test_a_form_sent_after_the_end_leads_to_sign_in(service: Service, target: str) -> None:
    """Not to the address of the form, which cannot be opened."""
    response = service.browser().post(target, headers=HTML)
    assert response.headers["location"] == "/auth/login?return_to=%2Fauth%2Fsessions"


@pytest.mark.parametrize("accept", [HTML["accept"], "application/json"])
def test_a_bad_bearer_is_never_a_person(service: Service, accept: str) -> None:
    """No redirect and no cookie helps a program whose token is refused (RFC 6750 §3.1)."""
    browser, ended = service.signed_in(), service.signed_in()
    ended.post("/auth/logout")
    for token in ("garbage", ended_access(service)):
        headers = {"authorization": f"Bearer {token}", "accept": accept}
        response = browser.request("GET", "/auth/sessions", headers=headers)
        assert response.status_code == 401
        assert 'error="' in response.headers["www-authenticate"]


def ended_access(service: Service) -> str:
    browser = service.signed_in()
    access = browser.access
    browser.post("/auth/logout")
    return access


def test_the_refresh_cookie_opens_our_pages(start_service: StartService) -> None:
    """After the access token expired, until the session runs idle: a look, no rotation, no longer
    idle time; not for protected routes."""
    service = start_service(access_token_seconds=60, session_idle_seconds=600)
    browser = service.signed_in()
    refresh = browser.refresh
    service.clock.advance(300)
    assert browser.get("/private").status_code == 401
    assert [each["current"] for each in listed(browser)] == [True]
    assert browser.get("/auth/account", **HTML).status_code == 200
    assert browser.refresh == refresh
    assert not browser.set_cookies
    service.clock.advance(299)
    assert browser.get("/auth/sessions").status_code == 200
    service.clock.advance(1)
    assert browser.get("/auth/sessions").status_code == 401
    assert browser.get("/auth/account", **HTML).status_code == 303


def test_the_previous_refresh_cookie_counts_inside_the_overlap(service: Service) -> None:
    """A tab that has not heard of the rotation yet; afterwards it is nobody, and nothing is ended
    by a mere look."""
    browser = service.signed_in()
    before = without_access(browser)
    assert browser.post("/auth/refresh").status_code == 200
    assert before.get("/auth/sessions").status_code == 200
    service.clock.advance(10)
    assert before.get("/auth/sessions").status_code == 401
    assert browser.get("/private").status_code == 200


def test_the_refresh_cookie_ends_sessions_too(service: Service) -> None:
    """One, the others, this one."""
    browser, other, third = (service.signed_in() for _ in range(3))
    expired = without_access(browser)
    assert delete(expired, f"/auth/sessions/{own_id(other)}").status_code == 204
    assert expired.post("/auth/sessions/end-others").status_code == 204
    assert third.get("/private").status_code == 401
    assert delete(expired, f"/auth/sessions/{own_id(browser)}").status_code == 204
    assert not expired.cookies
    assert browser.get("/private").status_code == 401
