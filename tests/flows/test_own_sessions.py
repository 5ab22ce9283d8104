"""What a person sees and ends of their own sessions, as a program and as a browser without script."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from markupsafe import escape

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService

HTML = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
UNKNOWN = "019e0000-0000-7000-8000-00000000abcd"
KEYS = {"id", "created_at", "last_seen_at", "expires_at", "device", "ip", "provider", "current"}


def listed(browser: Browser) -> list[dict[str, Any]]:
    response = browser.get("/auth/sessions")
    assert response.status_code == 200, response.text
    sessions = response.json()["sessions"]
    assert isinstance(sessions, list)
    return sessions


def own_id(browser: Browser) -> str:
    return str(browser.get("/auth/me").json()["session_id"])


def delete(browser: Browser, target: str, *, site: str = "same-origin", **headers: str) -> httpx2.Response:
    return browser.request("DELETE", target, headers={"sec-fetch-site": site, **headers})


def without_access(browser: Browser) -> Browser:
    """The same browser after its access cookie expired."""
    kept = {name: value for name, value in browser.cookies.items() if not name.endswith("ww_access")}
    return Browser(browser.client, kept)


def test_the_list_is_what_the_contract_says(service: Service) -> None:
    """Shape, order, times in UTC; this session is marked, and other people's are not there."""
    first = service.signed_in("alice")
    service.clock.advance(60)
    browser = service.browser()
    location = service.begin(browser)
    browser.get(service.approve(location), user_agent=FIREFOX)
    service.signed_in("bob")
    response = browser.get("/auth/sessions", accept="application/json")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "Accept, Cookie, Authorization"
    assert set(response.json()) == {"sessions"}
    this, other = response.json()["sessions"]
    assert set(this) == set(other) == KEYS
    assert (this["current"], other["current"]) == (True, False)
    assert (this["id"], other["id"]) == (own_id(browser), own_id(first))
    assert (this["device"], this["provider"]) == ("Firefox on Linux", "dev")
    opened = datetime.fromisoformat(this["created_at"])
    assert this["created_at"] == this["last_seen_at"]
    assert this["created_at"].endswith("Z")
    assert opened == service.clock.now()
    assert datetime.fromisoformat(this["expires_at"]) - opened == timedelta(days=1)
    service.clock.advance(30)
    assert first.post("/auth/refresh").status_code == 200
    assert datetime.fromisoformat(listed(browser)[1]["last_seen_at"]) == service.clock.now()


def test_a_bearer_lists_and_ends_without_cookies(service: Service) -> None:
    """A program does by token what a browser does by cookie; its answers set none."""
    browser, other = service.signed_in(), service.signed_in()
    bearer = {"authorization": f"Bearer {browser.access}"}
    program = service.browser()
    assert len(program.request("GET", "/auth/sessions", headers=bearer).json()["sessions"]) == 2
    response = program.request("DELETE", f"/auth/sessions/{own_id(other)}", headers=bearer)
    assert (response.status_code, response.content) == (204, b"")
    response = program.request("DELETE", f"/auth/sessions/{own_id(browser)}", headers=bearer)
    assert response.status_code == 204
    assert not program.set_cookies
    assert browser.get("/private").status_code == other.get("/private").status_code == 401


def test_ending_one_session_ends_it_at_once(service: Service) -> None:
    """Access token and refresh token of it are dead here; this session goes on."""
    browser, other = service.signed_in(), service.signed_in()
    assert delete(browser, f"/auth/sessions/{own_id(other)}").status_code == 204
    assert other.get("/private").status_code == 401
    assert other.post("/auth/refresh").status_code == 401
    assert browser.get("/private").status_code == 200
    assert [each["current"] for each in listed(browser)] == [True]


def test_ending_this_session_is_a_logout(service: Service) -> None:
    """Its cookies go, too."""
    browser = service.signed_in()
    kept = Browser(service.client, dict(browser.cookies))
    assert delete(browser, f"/auth/sessions/{own_id(browser)}").status_code == 204
    assert not browser.cookies
    assert kept.get("/private").status_code == 401


def test_ending_all_others_keeps_this_one(service: Service) -> None:
    """By DELETE; a second time there is nothing to do."""
    browser, *others = (service.signed_in() for _ in range(3))
    bob = service.signed_in("bob")
    for _ in range(2):
        assert delete(browser, "/auth/sessions").status_code == 204
    assert [other.get("/private").status_code for other in others] == [401, 401]
    assert browser.get("/private").status_code == bob.get("/private").status_code == 200


def test_ses_93_other_peoples_sessions_do_not_exist(service: Service) -> None:
    """Unknown, ended, somebody else's, not an id at all: one and the same 404, and no effect."""
    browser, bob, ended = service.signed_in(), service.signed_in("bob"), service.signed_in()
    gone, its = own_id(ended), own_id(bob)
    ended.post("/auth/logout")
    mine = own_id(browser)
    for wanted in (
        its,
        gone,
        UNKNOWN,
        mine.upper(),
        mine.replace("-", ""),
        "x",
        "%00",
        "'--",
        "0" * 5000,
    ):
        answers = [
            delete(browser, f"/auth/sessions/{wanted}"),
            browser.post(f"/auth/sessions/{wanted}/end", headers={"accept": "application/json"}),
        ]
        for response in answers:
            assert response.status_code == 404, wanted
            body = response.json()
            assert body.pop("request_id")
            assert body == {
                "type": "urn:watchword:error:session_not_found",
                "title": "No such session",
                "status": 404,
                "detail": "You have no such session; it may have ended already.",
                "code": "session_not_found",
            }
    assert browser.post(f"/auth/sessions/{its}/end", headers=HTML).status_code == 404
    assert bob.get("/private").status_code == browser.get("/private").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
@pytest.mark.parametrize("expired", [False, True])
def test_ses_73_nobody_ends_sessions_from_another_site(service: Service, site: str, expired: bool) -> None:
    """By either cookie: 403, as a page or a problem, and nothing happened."""
    browser, other = service.signed_in(), service.signed_in()
    targets = [f"/auth/sessions/{own_id(other)}/end", "/auth/sessions/end-others"]
    forger = without_access(browser) if expired else browser
    for target in targets:
        response = forger.post(target, site=site)
        assert (response.status_code, response.json()["code"]) == (403, "cross_site_request")
        assert forger.post(target, site=site, headers=HTML).status_code == 403
    assert delete(forger, f"/auth/sessions/{own_id(other)}", site=site).status_code == 403
    assert delete(forger, "/auth/sessions", site=site).status_code == 403
    assert forger.post("/auth/logout?everywhere=yes", site=site).status_code == 403
    assert len(listed(browser)) == 2


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
    assert "form-action 'self'" in policy
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


@pytest.mark.parametrize("expired", [False, True])
def test_logging_out_everywhere(service: Service, expired: bool) -> None:
    """Every session of the account and none of others, by access or refresh cookie; the form of the
    page ends like every logout."""
    browser, other = service.signed_in(), service.signed_in()
    bob = service.signed_in("bob")
    leaving = without_access(browser) if expired else Browser(service.client, dict(browser.cookies))
    response = leaving.post("/auth/logout?everywhere=yes", headers=HTML)
    assert (response.status_code, response.headers["location"]) == (303, "/auth/signed-out")
    assert not leaving.cookies
    assert browser.get("/private").status_code == other.get("/private").status_code == 401
    assert other.post("/auth/refresh").status_code == 401
    assert bob.get("/private").status_code == 200


def test_an_ended_session_ends_no_others(service: Service) -> None:
    """Whoever holds what is left of it logs out nobody; it is no error either (SES-64)."""
    browser, other = service.signed_in(), service.signed_in()
    kept = Browser(service.client, dict(browser.cookies))
    browser.post("/auth/logout")
    assert kept.post("/auth/logout?everywhere=yes").status_code == 204
    assert other.get("/private").status_code == 200


@pytest.mark.parametrize("query", ["everywhere=", "everywhere=no", "everywhere=yes&everywhere=yes"])
def test_a_wish_that_cannot_be_read_is_refused(service: Service, query: str) -> None:
    """Rather than half done: nobody believes to be out everywhere who is not."""
    browser = service.signed_in()
    response = browser.post(f"/auth/logout?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert browser.post(f"/auth/logout?{query}", headers=HTML).status_code == 400
    assert browser.get("/private").status_code == 200


def test_ses_60_an_ending_reaches_the_other_replica_by_itself(start_service: StartService) -> None:
    """Without a request to the database from the other one's requests; looked for at most 5 s."""
    here, there = start_service(), start_service()
    browser, other = here.signed_in(), here.signed_in()
    elsewhere = Browser(there.client, dict(other.cookies))
    assert elsewhere.get("/private").status_code == 200
    assert browser.post("/auth/sessions/end-others").status_code == 204

    async def until_refused() -> int:
        for _ in range(50):
            if elsewhere.get("/private").status_code == 401:
                return 401
            await asyncio.sleep(0.1)
        return 200

    assert asyncio.run(until_refused()) == 401


@pytest.mark.parametrize("policy", ["evict_oldest", "reject"])
def test_the_cap_holds_for_browsers(start_service: StartService, policy: str) -> None:
    """The third of two: the oldest goes, or the newcomer is told why not on a page."""
    service = start_service(max_sessions_per_user=2, session_limit_policy=policy)
    first, second = service.signed_in(), service.signed_in()
    service.clock.advance(1)
    newcomer = service.browser()
    response = service.sign_in(newcomer)
    if policy == "evict_oldest":
        assert response.status_code == 303
        service.call(poll, service)
        codes = sorted(each.get("/private").status_code for each in (first, second))
        assert codes == [200, 401]
        return
    assert response.status_code == 403
    assert "as many places as it may be" in response.text
    assert not newcomer.signed_in
    assert first.get("/private").status_code == second.get("/private").status_code == 200
    assert service.sign_in(first).status_code == 303
    first.post("/auth/logout")
    assert service.sign_in(newcomer).status_code == 303


async def poll(service: Service) -> None:
    await (await service.auth.services()).feed.poll()
