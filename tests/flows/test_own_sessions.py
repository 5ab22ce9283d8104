"""What a person sees and ends of their own sessions, as a program does."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService
from tests.flows.own_sessions import FIREFOX, HTML, KEYS, UNKNOWN, delete, listed, own_id, without_access


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


@pytest.mark.parametrize("expired", [False, True])
def test_logging_out_everywhere(service: Service, expired: bool) -> None:
    """Every session of the account and none of others, by access or refresh cookie; the form of the
    page ends like every logout."""
    browser, other = service.signed_in(), service.signed_in()
    bob = service.signed_in("bob")
    leaving = without_access(browser) if expired else Browser(service.client, dict(browser.cookies))
    response = leaving.post("/auth/logout?everywhere=yes", headers=HTML)
    assert response.status_code == 303
    assert response.headers["location"].startswith(f"{service.provider.issuer}/end-session?")
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
    """Without a request to the database from the other one's requests; looked for at most 20 s."""
    here, there = start_service(), start_service()
    browser, other = here.signed_in(), here.signed_in()
    elsewhere = Browser(there.client, dict(other.cookies))
    assert elsewhere.get("/private").status_code == 200
    assert browser.post("/auth/sessions/end-others").status_code == 204

    async def until_refused() -> int:
        for _ in range(200):
            if elsewhere.get("/private").status_code == 401:
                return 401
            await asyncio.sleep(0.1)
        return 200

    assert asyncio.run(until_refused()) == 401
