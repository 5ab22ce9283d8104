"""``POST /auth/introspect`` (RFC 7662): whether a token counts right now, told to confidential clients."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import FirstParty, claims_of, oauth_error
from tests.flows.machines import (
    ITSELF,
    MACHINES,
    Machine,
    backend,
    exchange,
    refresh,
    serving_machines,
    signed_in,
)
from tests.flows.refusals import change, select
from watchword.models.types import utc_to_text

INACTIVE = {"active": False}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving_machines(tmp_path_factory.mktemp("machines")) as running:
        yield running


@pytest.fixture
def watcher(service: Service) -> Machine:
    """A client with no grant at all: it only asks about others' tokens."""
    return Machine(service, "watcher")


@pytest.fixture
def spa(service: Service) -> FirstParty:
    return FirstParty(service)


# --- who may ask ------------------------------------------------------------------------------


def test_rfc_7662_2_1_only_confidential_clients_may_ask(service: Service, spa: FirstParty) -> None:
    """Not a holder, not a public client, not a bearer of a token, nobody with a wrong secret."""
    token = spa.tokens()["access_token"]
    asked: dict[str, str | None] = {"token": token}
    for fields, headers in (
        (asked, {}),
        (asked | {"client_id": "spa"}, {}),
        (asked | {"client_id": "watcher"}, {}),
        (asked | {"client_id": "watcher", "client_secret": "x" * 64}, {}),
        (asked, {"authorization": f"Bearer {token}"}),
        (asked, {"authorization": "Basic " + base64.b64encode(b"watcher:x").decode()}),
    ):
        oauth_error(spa.post("/auth/introspect", fields, **headers), 401, "invalid_client")
    browser = service.signed_in()
    oauth_error(browser.post("/auth/introspect", data=asked), 401, "invalid_client")


def test_every_kind_of_confidential_client_may_ask(service: Service, spa: FirstParty) -> None:
    """For machines, for people, with no grant; none needs a permission of its own."""
    token = spa.tokens()["access_token"]
    for name in ("batch", "backend", "odd", "watcher"):
        assert Machine(service, name).introspect(token)["active"] is True


def test_only_post_is_answered(watcher: Machine) -> None:
    """A token does not belong in an address."""
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        response = watcher.service.browser().request(method, "/auth/introspect?token=x")
        assert response.status_code == 405


def test_rfc_7662_2_1_a_token_is_required(watcher: Machine) -> None:
    """Missing or empty; told only to who may ask."""
    for fields in ({}, {"token": ""}, {"token_type_hint": "access_token"}):
        oauth_error(watcher.ask("/auth/introspect", dict(fields)), 400, "invalid_request")
    oauth_error(watcher.send("/auth/introspect", {}), 401, "invalid_client")


def test_a_page_of_another_origin_is_refused(watcher: Machine) -> None:
    """A machine has no pages."""
    response = watcher.ask("/auth/introspect", {"token": "x"}, origin="https://evil.example")
    oauth_error(response, 400, "invalid_request")
    assert "access-control-allow-origin" not in response.headers


# --- active -----------------------------------------------------------------------------------


def test_rfc_7662_2_2_an_access_token_of_a_person(watcher: Machine, spa: FirstParty) -> None:
    """What the token itself says, and its kind; nothing personal."""
    tokens = spa.tokens("bob", scope="orders:read orders:write")
    claims = claims_of(tokens["access_token"])
    told = watcher.introspect(tokens["access_token"])
    assert told == {
        "active": True,
        "token_type": "Bearer",
        "client_id": "spa",
        "scope": "orders:read orders:write",
        "roles": ["editor"],
        "iss": BASE_URL,
        "aud": BASE_URL,
        "sid": tokens["session_id"],
        **{name: claims[name] for name in ("sub", "exp", "iat", "jti", "auth_time")},
        **{name: claims[name] for name in claims if name == "auth_time_source"},
    }


def test_rfc_7662_2_2_an_access_token_of_a_machine(watcher: Machine, service: Service) -> None:
    """Subject and client are one; there is no session and no sign-in."""
    token = Machine(service).token(scope="orders:read")["access_token"]
    claims = claims_of(token)
    assert watcher.introspect(token) == {
        "active": True,
        "token_type": "Bearer",
        "client_id": "batch",
        "sub": "batch",
        "scope": "orders:read",
        "roles": ["editor"],
        "iss": BASE_URL,
        "aud": BASE_URL,
        **{name: claims[name] for name in ("exp", "iat", "jti")},
    }


def test_an_access_token_of_our_own_pages(watcher: Machine, service: Service) -> None:
    """As a proxy meets it."""
    told = watcher.introspect(service.signed_in("carol").access)
    assert (told["active"], told["client_id"], told["roles"]) == (True, "browser", [])


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "nonsense"])
def test_rfc_7662_2_1_the_hint_is_only_a_hint(
    watcher: Machine, spa: FirstParty, service: Service, hint: str
) -> None:
    """A wrong one changes nothing."""
    assert watcher.introspect(spa.tokens()["access_token"], token_type_hint=hint)["active"] is True
    machine = Machine(service, "backend")
    own = signed_in(machine)["refresh_token"]
    assert machine.introspect(own, token_type_hint=hint)["active"] is True


def test_a_refresh_token_is_told_of_to_its_own_client(service: Service) -> None:
    """RFC 7662 §4: an API that takes every active token must never take this one, so no other client is
    told that it is one, and nothing calls it a bearer token."""
    machine, app = Machine(service, "backend"), backend(service)
    begun = machine.ask("/auth/token", exchange(app, app.code(scope="orders:read"))).json()
    claims = claims_of(begun["access_token"])
    assert machine.introspect(begun["refresh_token"]) == {
        "active": True,
        "client_id": "backend",
        "sub": claims["sub"],
        "scope": "orders:read",
        "iss": BASE_URL,
        "exp": claims["iat"] + 3600,
        "sid": begun["session_id"],
    }
    for name in ("batch", "watcher"):
        assert Machine(service, name).introspect(begun["refresh_token"]) == INACTIVE
    for other in (FirstParty(service).tokens()["refresh_token"], service.signed_in("bob").refresh):
        assert machine.introspect(other) == INACTIVE


def test_asking_changes_nothing(service: Service) -> None:
    """No rotation, no longer idle time, no row: the session ends when it would have."""
    machine = Machine(service, "backend")
    tokens = signed_in(machine)
    row = "SELECT group_concat(id || generation || last_seen_at || idle_ends_at) FROM ww_sessions"
    before = select(service, row)
    service.clock.advance(600)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert machine.introspect(token)["active"] is True
    assert select(service, row) == before
    assert machine.ask("/auth/token", refresh(tokens["refresh_token"])).status_code == 200
    service.clock.advance(3600)
    assert machine.introspect(tokens["refresh_token"]) == INACTIVE


# --- inactive ---------------------------------------------------------------------------------


def test_rfc_7662_2_2_everything_else_is_inactive_without_a_reason(
    watcher: Machine, spa: FirstParty, service: Service
) -> None:
    """Garbage, altered, foreign, other kinds, used, of nobody: one answer."""
    tokens = spa.tokens()
    access = tokens["access_token"]
    head, claims, signature = access.split(".")
    other = {"iss": "https://evil.example", **claims_of(access)}
    altered = base64.urlsafe_b64encode(json.dumps(other).encode()).decode().rstrip("=")
    code = spa.code()
    for token in (
        "x",
        "wtr_",
        "wtr_" + "A" * 112,
        "a.b.c",
        "é",
        access[:-1],
        access + "A",
        access + " ",
        " " + access,
        access.upper(),
        f"{head}.{altered}.{signature}",
        f"{head}.{claims}.",
        f"{base64.urlsafe_b64encode(b'{}').decode().rstrip('=')}.{claims}.{signature}",
        tokens["refresh_token"][:-1] + ("A" if tokens["refresh_token"][-1] != "A" else "B"),
        tokens["session_id"],
        code,
        "A" * 10_000,
    ):
        response = watcher.ask("/auth/introspect", {"token": token})
        if token == "é":
            oauth_error(response, 400, "invalid_request")
        else:
            assert (response.status_code, response.json()) == (200, INACTIVE), token[:40]
    assert spa.exchange(code).status_code == 200


def test_an_expired_token_is_inactive(watcher: Machine, spa: FirstParty, service: Service) -> None:
    """At the end of its life and our leeway, as for the gate."""
    token = spa.tokens()["access_token"]
    service.clock.advance(904)
    assert watcher.introspect(token)["active"] is True
    service.clock.advance(1)
    assert watcher.introspect(token) == INACTIVE


def test_a_token_of_another_issuer_or_audience_is_inactive(
    start_service: StartService, service: Service
) -> None:
    """Ours by its keys alone is not enough."""
    token = Machine(service).token()["access_token"]
    assert Machine(start_service(clients=MACHINES)).introspect(token) == INACTIVE
    other = Machine(start_service(clients=MACHINES, audience="https://other.example"))
    assert other.introspect(Machine(start_service(clients=MACHINES)).token()["access_token"]) == INACTIVE


def test_ses_60_logout_is_known_at_once_on_every_replica(start_service: StartService) -> None:
    """The database is asked, so that no feed has to be waited for; access and refresh token alike."""
    first, second = start_service(clients=MACHINES), start_service(clients=MACHINES)
    ending, asking = Machine(first, "backend"), Machine(second, "backend")
    tokens = signed_in(ending)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert asking.introspect(token)["active"] is True
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert first.browser().request("POST", "/auth/logout", headers=headers).status_code == 204
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert asking.introspect(token) == INACTIVE
        assert ending.introspect(token) == INACTIVE


def test_ses_61_a_disabled_account_is_known_at_once(watcher: Machine, service: Service) -> None:
    """Read from the row, before any entry of the feed."""
    browser = service.signed_in("carol")
    user_id = claims_of(browser.access)["sub"].replace("-", "")
    change(service, f"UPDATE ww_users SET status = 'disabled' WHERE id = '{user_id}'")
    assert watcher.introspect(browser.access) == INACTIVE
    change(service, f"UPDATE ww_users SET status = 'active' WHERE id = '{user_id}'")
    assert watcher.introspect(browser.access)["active"] is True


def test_a_superseded_token_is_inactive(watcher: Machine, spa: FirstParty, service: Service) -> None:
    """Roles that changed end the older tokens of a session that goes on, here as at the gate."""
    tokens = spa.tokens("bob")
    now = service.clock.now()
    values = (tokens["session_id"].replace("-", ""), utc_to_text(now), utc_to_text(now + timedelta(hours=1)))
    change(
        service,
        "INSERT INTO ww_revocations (kind, generation, session_id, created_at, expires_at) "
        f"VALUES ('generation', 1, {', '.join(map(repr, values))})",
    )
    assert watcher.introspect(tokens["access_token"]) == INACTIVE
    renewed = spa.refresh(tokens["refresh_token"]).json()
    assert watcher.introspect(renewed["access_token"])["active"] is True


def test_a_session_that_ran_idle_leaves_its_access_token_alone(
    watcher: Machine, start_service: StartService
) -> None:
    """It lives to its own end, here as at the gate; the refresh token is over."""
    machine = Machine(start_service(clients=MACHINES, session_idle_seconds=60), "backend")
    tokens = signed_in(machine)
    machine.service.clock.advance(61)
    assert machine.call(tokens["access_token"]).status_code == 200
    assert machine.introspect(tokens["access_token"])["active"] is True
    assert machine.introspect(tokens["refresh_token"]) == INACTIVE


def test_a_used_refresh_token_is_inactive_and_asking_is_no_replay(service: Service) -> None:
    """Also inside the overlap, in which it still answers a lost answer again; nothing ends by asking."""
    machine = Machine(service, "backend")
    first = signed_in(machine)
    second = machine.ask("/auth/token", refresh(first["refresh_token"])).json()
    for seconds in (0, 11):
        service.clock.advance(seconds)
        assert machine.introspect(first["refresh_token"]) == INACTIVE
        assert machine.introspect(second["refresh_token"])["active"] is True


@pytest.mark.parametrize("table", ["ww_sessions", "ww_revocations"])
@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_a_database_that_is_away_is_never_inactive(service: Service, table: str, which: str) -> None:
    """503 with Retry-After: an API that is told "inactive" would sign people out for an outage."""
    machine = Machine(service, "backend")
    token = signed_in(machine)[which]
    service.clock.advance(2)
    change(service, f"ALTER TABLE {table} RENAME TO away")
    response = machine.ask("/auth/introspect", {"token": token})
    change(service, f"ALTER TABLE away RENAME TO {table}")
    if which == "refresh_token" and table == "ww_revocations":
        assert response.json()["active"] is True
    else:
        oauth_error(response, 503, "temporarily_unavailable")
        assert int(response.headers["retry-after"]) >= 1
    service.clock.advance(2)
    assert machine.introspect(token)["active"] is True


def test_x_11_no_answer_makes_a_credential_of_a_token(watcher: Machine, service: Service) -> None:
    """Whoever may ask about tokens gets none by it."""
    oauth_error(watcher.ask("/auth/token", ITSELF), 400, "unauthorized_client")
    assert set(watcher.introspect(Machine(service).token()["access_token"])).isdisjoint(
        {"access_token", "refresh_token", "token"}
    )
