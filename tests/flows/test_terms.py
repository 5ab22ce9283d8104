"""Promises of the terms: who is held back by them, and who not, until they are accepted."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from tests.flows.commands import read_feed
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import CLIENTS, FirstParty
from tests.flows.machines import MACHINES, Machine
from tests.flows.own_sessions import HTML
from tests.flows.refusals import change, select
from tests.flows.terms import PAGE, accept, is_held_back, terms
from watchword import OptionalPrincipal, principal_of, require_auth
from watchword.api.versioning import version

OPEN_BEFORE = ("/auth/me", "/auth/account", "/auth/sessions", PAGE)
PROTECTED = ("/private", "/live")
BY_GET = {"x_forwarded_method": "GET"}
"""What a proxy says when it asks about a request."""


@pytest.fixture
def gated(start_service: StartService) -> Service:
    return start_service(**terms(), clients=CLIENTS)


def test_protected_routes_wait_for_the_terms(gated: Service) -> None:
    """By cookie, whatever the route asks besides; with the acceptance they answer at once."""
    browser = gated.signed_in("alice")
    for path in (*PROTECTED, "/admin", "/auth/verify"):
        assert is_held_back(browser.get(path, **BY_GET)), path
    assert is_held_back(browser.post("/private"))
    assert accept(browser).status_code == 303
    for path in (*PROTECTED, "/admin", "/auth/verify"):
        assert not is_held_back(browser.get(path, **BY_GET)), path
    assert browser.post("/private").status_code == 200


def test_a_token_client_gets_tokens_and_waits(gated: Service) -> None:
    """It may refresh and be introspected meanwhile; it accepts by bearer and JSON, without any cookie."""
    spa = FirstParty(gated)
    tokens = spa.tokens("bob")
    assert is_held_back(spa.call(tokens["access_token"]))
    tokens = spa.refresh(tokens["refresh_token"]).json()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert is_held_back(spa.call(tokens["access_token"]))
    shown = gated.client.get(PAGE, headers=bearer).json()
    assert (shown["version"], shown["accepted_at"]) == ("1", None)
    done = gated.client.post(PAGE, json={"version": shown["version"]}, headers=bearer)
    assert done.status_code == 200, done.text
    assert done.json() == shown | {"accepted_at": done.json()["accepted_at"]}
    assert done.json()["accepted_at"].endswith("Z")
    assert not is_held_back(spa.call(tokens["access_token"]))


def test_what_is_open_before(gated: Service) -> None:
    """Who one is, the terms, one's sessions and data, and the way out; and whatever is public."""
    browser, other = gated.signed_in(), gated.signed_in()
    for path in (*OPEN_BEFORE, "/auth/account/export", "/open"):
        assert browser.get(path).status_code == 200, path
        assert browser.get(path, **HTML).status_code == 200, path
    assert browser.get("/auth/me").json()["email"] == "alice@example.test"
    ended = other.get("/auth/me").json()["session_id"]
    gone = browser.request("DELETE", f"/auth/sessions/{ended}", headers={"sec-fetch-site": "same-origin"})
    assert gone.status_code == 204
    assert browser.post("/auth/refresh").status_code == 200
    assert browser.post("/auth/logout").status_code == 204
    assert not browser.signed_in
    assert gated.signed_in().post("/auth/account/erase", data={"confirm": "yes"}).status_code == 204


def test_another_provider_is_added_after_that(gated: Service) -> None:
    """A person is led by the page and comes back; a program reads why not."""
    browser = gated.signed_in()
    led = browser.post("/auth/link/dev", headers=HTML)
    assert (led.status_code, led.headers["location"]) == (303, f"{PAGE}?return_to=%2Fauth%2Faccount")
    assert is_held_back(browser.post("/auth/link/dev"))
    accept(browser)
    assert browser.post("/auth/link/dev", headers=HTML).headers["location"].startswith("http")


def test_a_machine_accepts_nothing(start_service: StartService) -> None:
    """A client in its own name passes, and has nothing to accept."""
    batch = Machine(start_service(**terms(), clients=MACHINES))
    token = batch.token()["access_token"]
    assert batch.call(token).status_code == 200
    bearer = {"authorization": f"Bearer {token}"}
    assert batch.service.client.get("/auth/verify?machines=1", headers=bearer).status_code == 200
    refused = batch.service.client.post(PAGE, json={"version": "1"}, headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (403, "account_required")
    assert select(batch.service, "SELECT version FROM ww_terms_acceptances") == []


def test_an_optional_caller_is_nobody_before(gated: Service) -> None:
    """A public route that greets people by name stays public, and greets nobody yet."""

    @gated.app.get("/greet")
    async def greet(caller: OptionalPrincipal) -> dict[str, bool]:
        return {"known": caller is not None}

    @gated.app.get("/late")
    @require_auth
    def late() -> dict[str, bool]:
        return {"late": True}

    async def by_hand(request: Request) -> Any:
        raise AssertionError(principal_of(request))

    gated.app.add_route("/by-hand", by_hand)
    browser = gated.signed_in()
    assert browser.get("/greet").json() == {"known": False}
    assert is_held_back(browser.get("/late"))
    assert is_held_back(browser.get("/by-hand"))
    accept(browser)
    assert browser.get("/greet").json() == {"known": True}
    assert not is_held_back(browser.get("/late"))


def test_a_handshake_waits_too(gated: Service) -> None:
    """With the problem document, where the server can carry one."""
    add_socket(gated.app)
    browser = gated.signed_in()
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = {"cookie": cookies, "origin": BASE_URL}
    client = TestClient(gated.app, base_url=BASE_URL)
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        client.websocket_connect("/socket", headers=headers),
    ):
        raise AssertionError("it was accepted")
    assert is_held_back(refused.value)
    accept(browser)
    with client.websocket_connect("/socket", headers=headers) as socket:
        assert socket.receive_text() == "welcome"


def add_socket(app: FastAPI) -> None:
    @app.websocket("/socket")
    @require_auth
    async def welcome(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("welcome")
        await socket.close()


def test_a_new_version_asks_everybody_again(start_service: StartService) -> None:
    """The old one stays on record; what was accepted on one replica counts on others within a second."""
    old = start_service(**terms("1"))
    browser = old.signed_in()
    accept(browser)
    new, other = start_service(**terms("2")), start_service(**terms("2"))
    for service in (new, other):
        browser.client = service.client
        assert is_held_back(browser.get("/private"))
    browser.client = new.client
    assert accept(browser, "2").status_code == 303
    assert not is_held_back(browser.get("/private"))
    browser.client = other.client
    assert is_held_back(browser.get("/private")), "it was just looked up here"
    other.clock.advance(1)
    assert not is_held_back(browser.get("/private"))
    assert select(new, "SELECT version FROM ww_terms_acceptances ORDER BY accepted_at, version") == ["1", "2"]


def test_another_text_is_other_terms(start_service: StartService) -> None:
    """Although nobody gave it another version: what was accepted is what was shown."""
    browser = start_service(**terms()).signed_in()
    accept(browser)
    service = start_service(**terms(url="https://example.test/other"))
    browser.client = service.client
    assert is_held_back(browser.get("/private"))
    accept(browser)
    assert not is_held_back(browser.get("/private"))
    assert len(select(service, "SELECT digest FROM ww_terms_documents")) == 2


def test_an_acceptance_is_recorded_once(gated: Service) -> None:
    """Two tabs, a double click, a hundred at a time: one row, one line of the trail, the first moment."""
    browser = gated.signed_in()
    bearer = {"authorization": f"Bearer {browser.access}"}

    async def storm() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app=gated.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL, headers=bearer) as sender:
            sent = (sender.post(PAGE, json={"version": "1"}) for _ in range(20))
            return list(await asyncio.gather(*sent))

    answers = gated.call(storm)
    assert {each.status_code for each in answers} == {200}
    assert len({each.json()["accepted_at"] for each in answers}) == 1
    gated.clock.advance(60)
    assert accept(browser).status_code == 303
    assert len(select(gated, "SELECT accepted_at FROM ww_terms_acceptances")) == 1
    events = select(gated, "SELECT details FROM ww_audit_events WHERE event = 'terms_accepted'")
    assert len(events) == 1
    assert '"version":"1"' in events[0].replace(" ", "")


def test_without_the_database_known_people_go_on(gated: Service) -> None:
    """Whoever accepted is remembered; of everybody else nothing is known, which is 503 and no 403."""
    known, unknown = gated.signed_in("alice"), gated.signed_in("bob")
    accept(known)
    gated.clock.advance(2)
    read_feed(gated)
    change(gated, "ALTER TABLE ww_terms_acceptances RENAME TO away")
    assert known.get("/private").status_code == 200
    for _ in range(2):
        refused = unknown.get("/private")
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
        assert "retry-after" in refused.headers
    assert unknown.get("/open").status_code == 200
    assert unknown.get("/auth/me").status_code == 200
    assert accept(unknown).status_code == 503
    change(gated, "ALTER TABLE away RENAME TO ww_terms_acceptances")
    gated.clock.advance(1)
    assert is_held_back(unknown.get("/private"))
    accept(unknown)
    assert not is_held_back(unknown.get("/private"))


def test_a_look_is_taken_once(gated: Service) -> None:
    """After it an authenticated request asks no database for the terms: the table may be gone."""
    browser = gated.signed_in()
    accept(browser)
    change(gated, "DROP TABLE ww_terms_acceptances")
    for path in ("/private", "/auth/verify"):
        assert browser.get(path, **BY_GET).status_code == 200


def test_without_terms_nobody_is_asked(start_service: StartService) -> None:
    """And there is nothing at the address."""
    service = start_service()
    browser = service.signed_in()
    assert browser.get("/private").status_code == 200
    for response in (browser.get(PAGE), browser.get(PAGE, **HTML), accept(browser)):
        assert response.status_code == 404


def test_the_count_of_those_who_wait(gated: Service) -> None:
    """For alerts: a release that asks everybody again shows. The page itself counts, too."""
    browser = gated.signed_in()
    for _ in range(3):
        browser.get("/private")
    accept(browser)
    browser.get("/private")
    told = gated.client.get("/metrics").text
    assert "watchword_terms_pending_total 4.0" in told
    assert "watchword_terms_accepted_total 1.0" in told


def test_an_observed_version_holds_nobody_back(start_service: StartService) -> None:
    """It counts the person, and that the terms would."""
    service = start_service(**terms())

    @service.app.get("/beta")
    @version("beta", mode="observe")
    @require_auth
    async def beta() -> str:
        return "beta"

    browser = service.signed_in()
    user_id = browser.get("/auth/me").json()["user_id"]
    assert browser.get("/beta").status_code == 200
    service.call(flush_usage, service)
    columns = "user_id || ' ' || would_refuse || ' ' || last_refusal"
    (told,) = select(service, f"SELECT {columns} FROM ww_version_usage")
    assert told == f"{user_id.replace('-', '')} 1 terms_required"


async def flush_usage(service: Service) -> None:
    await (await service.auth.services()).version_usage.flush()
