"""``/auth/revoke`` (RFC 7009): either token ends the session, and nobody else's."""

from __future__ import annotations

import pytest

from tests.flows.conftest import Service, StartService
from tests.flows.first_party import CLIENTS, FirstParty, oauth_error
from tests.flows.refusals import change, select


@pytest.fixture
def service(start_service: StartService) -> Service:
    return start_service(clients=CLIENTS)


@pytest.fixture
def spa(service: Service) -> FirstParty:
    return FirstParty(service)


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
@pytest.mark.parametrize("hint", [None, "refresh_token", "access_token", "nonsense"])
@pytest.mark.parametrize("client_id", [None, "spa"])
def test_ses_65_either_token_ends_the_session(
    spa: FirstParty, service: Service, which: str, hint: str | None, client_id: str | None
) -> None:
    """200 without a body; both tokens are dead at once, whatever the hint says."""
    tokens = spa.tokens()
    response = spa.post(
        "/auth/revoke", {"token": tokens[which], "token_type_hint": hint, "client_id": client_id}
    )
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["cache-control"] == "no-store"
    assert spa.call(tokens["access_token"]).status_code == 401
    oauth_error(spa.refresh(tokens["refresh_token"]), 400, "invalid_grant")
    assert select(service, "SELECT revoked_reason FROM ww_sessions") == ["revoked"]


def test_a_rotated_token_still_ends_its_session(spa: FirstParty) -> None:
    """Whoever holds an older token may end the session, and gets nothing else by it."""
    first = spa.tokens()
    second = spa.refresh(first["refresh_token"]).json()
    assert spa.post("/auth/revoke", {"token": first["refresh_token"]}).status_code == 200
    assert spa.call(second["access_token"]).status_code == 401


def test_a_browsers_token_is_revoked_by_its_holder(spa: FirstParty, service: Service) -> None:
    """The session of our own pages, too."""
    browser = service.signed_in()
    assert spa.post("/auth/revoke", {"token": browser.refresh}).status_code == 200
    assert browser.get("/private").status_code == 401


def test_other_sessions_stay(spa: FirstParty) -> None:
    """One session of one client is ended, not the person's others."""
    first, second = spa.tokens(), spa.tokens()
    assert spa.post("/auth/revoke", {"token": first["refresh_token"]}).status_code == 200
    assert spa.call(second["access_token"]).status_code == 200


def test_ses_65_an_unknown_token_is_done_with(spa: FirstParty, service: Service) -> None:
    """RFC 7009 §2.2: 200 for garbage, for a forged token, for an ended session, for an expired token."""
    tokens = spa.tokens()
    head, claims, signature = tokens["access_token"].split(".")
    forged = f"{head}.{claims}.{signature[::-1]}"
    for token in ("x", "wtr_x", "wtr_" + "A" * 112, "a.b.c", forged, tokens["refresh_token"][:-1] + "A"):
        assert spa.post("/auth/revoke", {"token": token}).status_code == 200
    assert spa.call(tokens["access_token"]).status_code == 200
    for _ in range(2):
        assert spa.post("/auth/revoke", {"token": tokens["refresh_token"]}).status_code == 200
    late = spa.tokens()
    service.clock.advance(1000)
    assert spa.post("/auth/revoke", {"token": late["access_token"]}).status_code == 200
    assert spa.refresh(late["refresh_token"]).status_code == 200


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_ses_65_a_token_of_another_client_is_not_revoked(spa: FirstParty, which: str) -> None:
    """RFC 7009 §2.1: the request is refused, and the session goes on."""
    tokens = spa.tokens()
    response = spa.post("/auth/revoke", {"token": tokens[which], "client_id": "other"})
    oauth_error(response, 400, "invalid_grant")
    assert spa.call(tokens["access_token"]).status_code == 200
    unknown = spa.post("/auth/revoke", {"token": tokens[which], "client_id": "nobody"})
    oauth_error(unknown, 401, "invalid_client")
    assert spa.call(tokens["access_token"]).status_code == 200


def test_faults_have_their_standard_names(spa: FirstParty) -> None:
    """RFC 7009 §2.2.1."""
    oauth_error(spa.post("/auth/revoke", {}), 400, "invalid_request")
    oauth_error(spa.post("/auth/revoke", {"token": ""}), 400, "invalid_request")
    oauth_error(spa.post("/auth/revoke", {"token": "x", "client_secret": "y"}), 401, "invalid_client")
    oauth_error(spa.post("/auth/revoke", {"token": "x"}, authorization="Basic eA=="), 401, "invalid_client")
    evil = spa.post("/auth/revoke", {"token": "x"}, origin="https://evil.example")
    oauth_error(evil, 400, "invalid_request")


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_ses_65_a_database_that_is_away_is_not_200(spa: FirstParty, service: Service, which: str) -> None:
    """503 with Retry-After, so that the client tries again; then it works."""
    tokens = spa.tokens()
    change(service, "ALTER TABLE ww_sessions RENAME TO away")
    response = spa.post("/auth/revoke", {"token": tokens[which]})
    oauth_error(response, 503, "temporarily_unavailable")
    assert int(response.headers["retry-after"]) >= 1
    change(service, "ALTER TABLE away RENAME TO ww_sessions")
    assert spa.post("/auth/revoke", {"token": tokens[which]}).status_code == 200
    assert spa.call(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize("table", ["ww_authorization_codes", "ww_sessions"])
def test_a_database_that_is_away_refuses_no_code(spa: FirstParty, service: Service, table: str) -> None:
    """The exchange answers 503, and with the database back the same code is good."""
    code = spa.code()
    change(service, f"ALTER TABLE {table} RENAME TO away")
    response = spa.exchange(code)
    oauth_error(response, 503, "temporarily_unavailable")
    assert "retry-after" in response.headers
    change(service, f"ALTER TABLE away RENAME TO {table}")
    assert spa.exchange(code).status_code == 200


def test_a_database_that_is_away_gives_no_code(spa: FirstParty, service: Service) -> None:
    """The callback says so on a page."""
    back = service.approve(spa.authorize().headers["location"])
    change(service, "ALTER TABLE ww_authorization_codes RENAME TO away")
    response = spa.browser.get(back)
    assert response.status_code == 503
    assert "location" not in response.headers
