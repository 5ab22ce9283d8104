"""Confidential clients that sign people in: their codes, refresh tokens and revocations are theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.commands import read_feed
from tests.flows.conftest import Service, StartService
from tests.flows.first_party import FirstParty, claims_of, error_at_client, oauth_error
from tests.flows.machines import (
    BACKEND_CALLBACK,
    ITSELF,
    MACHINES,
    SECRETS,
    Machine,
    asserted,
    backend,
    basic,
    exchange,
    refresh,
    serving_machines,
    signed,
    signed_in,
)
from tests.flows.refusals import change, select

HEADER = basic("backend", SECRETS["backend"])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving_machines(tmp_path_factory.mktemp("machines")) as running:
        yield running


@pytest.fixture
def machine(service: Service) -> Machine:
    return Machine(service, "backend")


def live(service: Service, session_id: str) -> bool:
    rows = select(service, f"SELECT revoked_at FROM ww_sessions WHERE id = '{session_id.replace('-', '')}'")
    return rows == [None]


# --- codes ------------------------------------------------------------------------------------


def test_10_4_10_a_code_is_redeemed_with_the_clients_credential(machine: Machine, service: Service) -> None:
    """RFC 6749 §4.1.3, by header and in the body; the tokens are the client's and the person's."""
    tokens = signed_in(machine)
    assert set(tokens) == {
        *("access_token", "token_type", "expires_in", "refresh_token", "scope", "session_id")
    }
    claims = claims_of(tokens["access_token"])
    assert (claims["client_id"], claims["sid"]) == ("backend", tokens["session_id"])
    assert claims["sub"] != "backend"
    app = backend(service)
    in_body = {"client_id": "backend", "client_secret": machine.secret}
    assert machine.send("/auth/token", exchange(app, app.code(), **in_body)).status_code == 200


def test_10_4_10_without_the_credential_a_code_is_worth_nothing(machine: Machine, service: Service) -> None:
    """Nor with a wrong one; the rightful client still redeems it."""
    app = backend(service)
    fields = exchange(app, app.code())
    oauth_error(machine.send("/auth/token", fields | {"client_id": "backend"}), 401, "invalid_client")
    wrong = machine.send("/auth/token", fields, authorization=basic("backend", SECRETS["batch"]))
    oauth_error(wrong, 401, "invalid_client")
    assert machine.ask("/auth/token", fields).status_code == 200


def test_rfc_7636_the_verifier_stays_required(machine: Machine, service: Service) -> None:
    """RFC 9700 §2.1.1: a secret does not stand in for PKCE, at either endpoint."""
    app = backend(service)
    assert error_at_client(app.authorize(code_challenge=None), BACKEND_CALLBACK)["error"] == "invalid_request"
    fields = exchange(app, app.code())
    without = {name: value for name, value in fields.items() if name != "code_verifier"}
    oauth_error(machine.ask("/auth/token", without), 400, "invalid_request")
    oauth_error(machine.ask("/auth/token", fields | {"code_verifier": "w" * 43}), 400, "invalid_grant")
    assert machine.ask("/auth/token", fields).status_code == 200


def test_a_code_is_bound_to_its_client(machine: Machine, service: Service) -> None:
    """Another authenticated client and a public one are refused, and use nothing up."""
    app, spa = backend(service), FirstParty(service)
    fields = exchange(app, app.code())
    oauth_error(machine.send("/auth/token", fields | {"client_id": "spa"}), 400, "invalid_grant")
    oauth_error(Machine(service, "batch").ask("/auth/token", fields), 400, "unauthorized_client")
    of_spa = exchange(spa, spa.code())
    oauth_error(machine.ask("/auth/token", of_spa), 400, "invalid_grant")
    assert machine.ask("/auth/token", fields).status_code == 200
    assert spa.post("/auth/token", {**of_spa, "client_id": "spa"}).status_code == 200


def test_a_client_without_the_refresh_grant_gets_no_refresh_token(start_service: StartService) -> None:
    """And may use none; its session goes on until it runs idle."""
    given = {**MACHINES["backend"], "grants": ["authorization_code"]}
    machine = Machine(start_service(clients={"backend": given}), "backend")
    tokens = signed_in(machine)
    assert "refresh_token" not in tokens
    assert machine.call(tokens["access_token"]).status_code == 200
    oauth_error(machine.ask("/auth/token", refresh("wtr_x")), 400, "unauthorized_client")


# --- refresh tokens ---------------------------------------------------------------------------


def test_10_4_10_a_refresh_needs_the_credential(machine: Machine) -> None:
    """RFC 6749 §6: without it nothing rotates and nothing ends."""
    first = signed_in(machine)
    token = first["refresh_token"]
    for headers, client_id in (
        ({}, "backend"),
        ({"authorization": basic("backend", "x" * 64)}, None),
        ({"authorization": basic("batch", SECRETS["backend"])}, None),
    ):
        more = {} if client_id is None else {"client_id": client_id}
        oauth_error(machine.send("/auth/token", refresh(token, **more), **headers), 401, "invalid_client")
    second = machine.ask("/auth/token", refresh(token)).json()
    assert second["session_id"] == first["session_id"]
    assert second["refresh_token"] != token
    assert machine.ask("/auth/token", refresh(second["refresh_token"])).status_code == 200


def test_ses_28_a_token_of_one_client_is_nothing_to_another(machine: Machine, service: Service) -> None:
    """Confidential or public, in either direction; nothing is used up, nothing ends."""
    tokens, public = signed_in(machine), FirstParty(service)
    theirs = public.tokens()
    oauth_error(public.refresh(tokens["refresh_token"]), 400, "invalid_grant")
    oauth_error(machine.ask("/auth/token", refresh(theirs["refresh_token"])), 400, "invalid_grant")
    assert live(service, tokens["session_id"])
    assert live(service, theirs["session_id"])
    assert machine.ask("/auth/token", refresh(tokens["refresh_token"])).status_code == 200
    assert public.refresh(theirs["refresh_token"]).status_code == 200


def test_ses_28_a_wider_scope_is_never_granted(machine: Machine) -> None:
    """A credential does not widen what the person's sign-in gave."""
    token = signed_in(machine)["refresh_token"]
    wider = machine.ask("/auth/token", refresh(token, scope="orders:read orders:write"))
    oauth_error(wider, 400, "invalid_scope")
    assert machine.ask("/auth/token", refresh(token)).json()["scope"] == "orders:read"


def test_ses_20_a_replay_by_the_client_itself_ends_the_session(machine: Machine, service: Service) -> None:
    """RFC 9700 §4.14.2 holds for confidential clients, too."""
    first = signed_in(machine)
    second = machine.ask("/auth/token", refresh(first["refresh_token"])).json()
    service.clock.advance(11)
    oauth_error(machine.ask("/auth/token", refresh(first["refresh_token"])), 400, "invalid_grant")
    assert machine.call(second["access_token"]).status_code == 401


@pytest.mark.parametrize(
    "by", ["body", "body with client_id", "json", "cookie", "another client_id", "header"]
)
def test_its_token_is_refused_at_auth_refresh(machine: Machine, service: Service, by: str) -> None:
    """401 invalid_grant whoever presents it and however: neither rotated nor ended, current or used
    before, so that a thief cannot even sign the person out."""
    first = signed_in(machine)
    second = machine.ask("/auth/token", refresh(first["refresh_token"])).json()
    service.clock.advance(11)
    for token in (second["refresh_token"], first["refresh_token"]):
        browser = service.browser()
        match by:
            case "body":
                response = browser.post("/auth/refresh", data={"refresh_token": token})
            case "body with client_id":
                fields = {"refresh_token": token, "client_id": "backend"}
                response = browser.post("/auth/refresh", data=fields)
            case "json":
                response = browser.post("/auth/refresh", json={"refresh_token": token})
            case "cookie":
                browser.cookies["__Host-ww_refresh"] = token
                response = browser.post("/auth/refresh")
            case "another client_id":
                fields = {"refresh_token": token, "client_id": "spa"}
                response = browser.post("/auth/refresh", data=fields)
            case _:
                headers = {"authorization": HEADER}
                response = browser.post("/auth/refresh", data={"refresh_token": token}, headers=headers)
        oauth_error(response, 401, "invalid_grant")
    assert live(service, first["session_id"])
    assert machine.call(second["access_token"]).status_code == 200
    assert machine.ask("/auth/token", refresh(second["refresh_token"])).status_code == 200


def test_auth_refresh_goes_on_serving_everybody_else(service: Service) -> None:
    """Public clients with and without their id, and browsers by cookie."""
    spa = FirstParty(service)
    token = spa.tokens()["refresh_token"]
    for more in ({}, {"client_id": "spa"}):
        response = spa.post("/auth/refresh", {"refresh_token": token, **more})
        assert response.status_code == 200
        token = response.json()["refresh_token"]
    assert service.signed_in("bob").post("/auth/refresh").status_code == 200


def test_a_cookie_refreshes_browser_sessions_only(service: Service) -> None:
    """A client's token in the place of ours makes no browser session of it."""
    token = FirstParty(service).tokens()["refresh_token"]
    browser = service.browser()
    browser.cookies["__Host-ww_refresh"] = token
    for named in ({}, {"client_id": "spa"}, {"client_id": "browser"}):
        browser.cookies["__Host-ww_refresh"] = token
        oauth_error(browser.post("/auth/refresh", data=named), 401, "invalid_grant")
        assert not browser.signed_in
    assert FirstParty(service).refresh(token).status_code == 200


def test_a_client_that_becomes_confidential_refreshes_with_its_credential(
    start_service: StartService,
) -> None:
    """The sessions it has stay its own, and their tokens alone are worth nothing any more."""
    public = {"redirect_uris": [BACKEND_CALLBACK]}
    app = FirstParty(start_service(clients={"backend": public}), "backend", BACKEND_CALLBACK)
    token = app.tokens()["refresh_token"]
    after = Machine(start_service(clients={"backend": MACHINES["backend"]}), "backend")
    oauth_error(after.send("/auth/refresh", {"refresh_token": token}), 401, "invalid_grant")
    oauth_error(after.send("/auth/token", refresh(token, client_id="backend")), 401, "invalid_client")
    assert after.ask("/auth/token", refresh(token)).status_code == 200


def test_by_assertion_it_goes_the_same_way(start_service: StartService) -> None:
    """Code, refresh, introspection and revocation with ``private_key_jwt``, each with its own."""
    given = {"key": MACHINES["signer"]["key"], "redirect_uris": [BACKEND_CALLBACK]}
    service = start_service(clients={"signer": given})
    signer, app = Machine(service, "signer"), FirstParty(service, "signer", BACKEND_CALLBACK)

    def ask(path: str, fields: dict[str, str]) -> Any:
        response = signer.send(path, fields | asserted(signed(signer.claims())))
        assert response.status_code == 200, response.text
        return response.json() if response.content else None

    first = ask("/auth/token", exchange(app, app.code()))
    second = ask("/auth/token", refresh(first["refresh_token"]))
    assert ask("/auth/introspect", {"token": second["access_token"]})["active"] is True
    ask("/auth/revoke", {"token": second["refresh_token"]})
    assert ask("/auth/introspect", {"token": second["access_token"]}) == {"active": False}


# --- revocation -------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_ses_65_a_confidential_clients_token_is_revoked_by_that_client_only(
    machine: Machine, service: Service, which: str
) -> None:
    """RFC 7009 §2.1: its holder without the credential, another client, a public client: nothing ends."""
    tokens = signed_in(machine)
    asked = {"token": tokens[which]}
    oauth_error(machine.send("/auth/revoke", asked), 401, "invalid_client")
    oauth_error(machine.send("/auth/revoke", asked | {"client_id": "backend"}), 401, "invalid_client")
    oauth_error(machine.send("/auth/revoke", asked | {"client_id": "spa"}), 400, "invalid_grant")
    oauth_error(Machine(service).ask("/auth/revoke", asked), 400, "invalid_grant")
    assert machine.call(tokens["access_token"]).status_code == 200
    assert machine.ask("/auth/revoke", asked).status_code == 200
    assert machine.call(tokens["access_token"]).status_code == 401
    oauth_error(machine.ask("/auth/token", refresh(tokens["refresh_token"])), 400, "invalid_grant")


def test_ses_65_a_public_clients_token_is_not_a_confidential_ones_to_revoke(
    machine: Machine, service: Service
) -> None:
    """Whoever says which client it is has to be that one."""
    spa = FirstParty(service)
    tokens = spa.tokens()
    oauth_error(machine.ask("/auth/revoke", {"token": tokens["access_token"]}), 400, "invalid_grant")
    assert spa.call(tokens["access_token"]).status_code == 200


def test_ses_65_a_machines_own_token_ends_at_once_and_alone(service: Service) -> None:
    """Twice is once; the client's other tokens and its next ones count."""
    batch = Machine(service)
    first, second = (batch.token()["access_token"] for _ in range(2))
    oauth_error(batch.send("/auth/revoke", {"token": first}), 401, "invalid_client")
    oauth_error(Machine(service, "odd").ask("/auth/revoke", {"token": first}), 400, "invalid_grant")
    assert batch.call(first).status_code == 200
    for _ in range(2):
        response = batch.ask("/auth/revoke", {"token": first})
        assert (response.status_code, response.content) == (200, b"")
    assert batch.call(first).status_code == 401
    assert batch.introspect(first) == {"active": False}
    assert batch.call(second).status_code == 200
    assert batch.call(batch.token()["access_token"]).status_code == 200
    entries = select(service, "SELECT value FROM ww_revocations WHERE kind = 'token'")
    assert entries.count(claims_of(first)["jti"]) == 1
    events = select(service, "SELECT details FROM ww_audit_events WHERE event = 'token_revoked'")
    assert '"client_id":"batch"' in events[-1].replace(" ", "")
    assert claims_of(first)["jti"] not in "".join(events)


def test_ses_60_other_replicas_learn_of_it(start_service: StartService) -> None:
    """By the feed, as of every ending; an introspection anywhere knows at once."""
    first, second = (Machine(start_service(clients=MACHINES)) for _ in range(2))
    token = first.token()["access_token"]
    assert second.call(token).status_code == 200
    assert first.ask("/auth/revoke", {"token": token}).status_code == 200
    assert second.introspect(token) == {"active": False}
    read_feed(second.service)
    assert second.call(token).status_code == 401


def test_ses_65_an_unknown_token_is_done_with(machine: Machine) -> None:
    """RFC 7009 §2.2: 200 for whoever authenticated."""
    for token in ("x", "wtr_x", "a.b.c", machine.token()["access_token"][:-2]):
        assert machine.ask("/auth/revoke", {"token": token}).status_code == 200


def test_ses_65_a_database_that_is_away_is_not_200(service: Service) -> None:
    """A machine's own token is not called ended before that is written down."""
    batch = Machine(service)
    token = batch.token()["access_token"]
    change(service, "ALTER TABLE ww_audit_events RENAME TO away")
    response = batch.ask("/auth/revoke", {"token": token})
    change(service, "ALTER TABLE away RENAME TO ww_audit_events")
    oauth_error(response, 503, "temporarily_unavailable")
    assert "retry-after" in response.headers
    assert batch.call(token).status_code == 200
    assert batch.ask("/auth/revoke", {"token": token}).status_code == 200
    assert batch.call(token).status_code == 401


def test_a_client_that_is_gone_leaves_tokens_that_their_holder_may_revoke(
    start_service: StartService,
) -> None:
    """Nobody can authenticate as it any more."""
    token = Machine(start_service(clients=MACHINES)).token()["access_token"]
    after = Machine(start_service(clients={"odd": MACHINES["odd"]}))
    oauth_error(after.ask("/auth/token", ITSELF), 401, "invalid_client")
    assert after.call(token).status_code == 200
    assert after.send("/auth/revoke", {"token": token}).status_code == 200
    assert after.call(token).status_code == 401
