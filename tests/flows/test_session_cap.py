"""How many sessions an account may have, whoever opens them."""

from __future__ import annotations

import pytest

from tests.flows.commands import read_feed
from tests.flows.conftest import StartService
from tests.flows.first_party import CLIENTS, FirstParty, oauth_error
from tests.flows.own_sessions import HTML, listed


@pytest.mark.parametrize("policy", ["evict_oldest", "reject"])
def test_the_cap_holds_for_browsers(start_service: StartService, policy: str) -> None:
    """The third of two: the oldest goes, or the newcomer is told why not on a page."""
    service = start_service(max_sessions_per_user=2, session_limit_policy=policy)
    first = service.signed_in()
    service.clock.advance(1)
    second, newcomer = service.signed_in(), service.browser()
    response = service.sign_in(newcomer)
    read_feed(service)
    assert second.get("/private").status_code == 200
    if policy == "evict_oldest":
        assert response.status_code == 303
        assert first.get("/private").status_code == 401
        return
    assert response.status_code == 403
    assert "as many places as it may be" in response.text
    assert not newcomer.signed_in
    assert first.get("/private").status_code == 200
    first.post("/auth/logout")
    assert service.sign_in(newcomer).status_code == 303


@pytest.mark.parametrize("policy", ["evict_oldest", "reject"])
def test_signing_in_again_costs_no_other_session(start_service: StartService, policy: str) -> None:
    """The browser's former session makes room for its new one, whatever the policy."""
    service = start_service(max_sessions_per_user=2, session_limit_policy=policy)
    browser, other = service.signed_in(), service.signed_in()
    for _ in range(3):
        assert service.sign_in(browser).status_code == 303
    assert other.get("/private").status_code == browser.get("/private").status_code == 200
    assert len(listed(browser)) == 2


def test_the_cap_holds_for_clients(start_service: StartService) -> None:
    """A code that would open one session too many is refused and stays good; when there is room
    again it opens its session, which counts like any other."""
    service = start_service(max_sessions_per_user=1, session_limit_policy="reject", clients=CLIENTS)
    browser, client = service.signed_in(), FirstParty(service)
    code = client.code()
    oauth_error(client.exchange(code), 400, "invalid_grant")
    browser.post("/auth/logout")
    token = client.exchange(code).json()["access_token"]
    assert client.call(token).status_code == 200
    assert service.sign_in(service.browser()).status_code == 403
    (session,) = client.call(token, "/auth/sessions").json()["sessions"]
    assert session["current"] is True


def test_a_clients_session_is_named_by_its_client(start_service: StartService) -> None:
    """A person recognises the app; its tokens end from the page like a browser's."""
    service = start_service(clients=CLIENTS)
    browser, client = service.signed_in(), FirstParty(service)
    tokens = client.tokens()
    assert "Unknown device, spa" in browser.get("/auth/sessions", **HTML).text
    assert browser.post(f"/auth/sessions/{tokens['session_id']}/end").status_code == 204
    assert client.call(tokens["access_token"]).status_code == 401
    oauth_error(client.refresh(tokens["refresh_token"]), 400, "invalid_grant")
