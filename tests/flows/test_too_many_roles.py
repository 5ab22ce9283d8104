"""More roles than an access cookie can carry (contract, Roles)."""

from __future__ import annotations

import pytest

from tests.flows.commands import me, told, trail
from tests.flows.conftest import Service, StartService

MANY = [f"{number:02}" + "x" * 62 for number in range(60)]
"""Roles whose names alone pass 4 KB."""


@pytest.fixture
def service(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A replica, whose database the commands of the test work on."""
    started = start_service()
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", started.auth.settings.database_url)
    return started


def test_too_many_granted_roles_refuse_a_refresh_without_rotating(service: Service) -> None:
    """``too_many_roles``; when they are taken back, the very same cookie goes on (contract, Roles)."""
    carol = service.signed_in("carol")
    user_id, refresh = me(carol)["user_id"], carol.refresh
    told("users", "grant", user_id, *MANY)
    for _ in range(2):
        refused = carol.post("/auth/refresh")
        assert refused.status_code == 403
        assert refused.json()["error"] == "invalid_request"
        assert not carol.set_cookies
        service.clock.advance(11)
    told("users", "grant", "--remove", user_id, *MANY)
    assert carol.refresh == refresh
    assert carol.post("/auth/refresh").status_code == 200
    assert carol.get("/private").status_code == 200


def test_too_many_granted_roles_refuse_a_sign_in_without_a_trace(service: Service) -> None:
    """A page that says so, no cookie, no session, and nobody else is evicted or replaced for it."""
    carol = service.signed_in("carol")
    told("users", "grant", me(carol)["user_id"], *MANY)
    before = told("sessions", "list")
    newcomer = service.browser()
    for browser in (newcomer, carol):
        refused = service.sign_in(browser, "carol")
        assert refused.status_code == 403
        assert "more roles than a session can carry" in refused.text
    assert not newcomer.signed_in
    assert told("sessions", "list") == before
    assert trail(service)[-1][0] == "roles_changed"


def test_a_bearer_may_carry_what_a_cookie_cannot(service: Service) -> None:
    """A token client is not bound by the size of a cookie."""
    carol = service.signed_in("carol")
    told("users", "grant", me(carol)["user_id"], *MANY)
    program = service.browser()
    answer = program.post("/auth/refresh", json={"refresh_token": carol.refresh}, site=None)
    assert answer.status_code == 200
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert program.request("GET", "/private", headers=bearer).json()["roles"] == sorted(MANY)
