"""``grant_type=client_credentials`` (RFC 6749 §4.4): a machine comes for itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import FirstParty, claims_of, oauth_error
from tests.flows.machines import ITSELF, MACHINES, SECRETS, Machine, serving_machines
from tests.flows.refusals import rows, select
from watchword import CurrentPrincipal, require_auth


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving_machines(tmp_path_factory.mktemp("machines")) as running:
        yield running


@pytest.fixture
def batch(service: Service) -> Machine:
    return Machine(service)


def test_rfc_6749_4_4_3_the_answer_and_what_is_in_the_token(batch: Machine) -> None:
    """RFC 9068: the client is the subject; no session, no refresh token, no time of a sign-in."""
    before = rows(batch.service)
    response = batch.ask("/auth/token", ITSELF)
    assert response.status_code == 200
    assert (response.headers["cache-control"], response.headers["pragma"]) == ("no-store", "no-cache")
    assert not response.headers.get_list("set-cookie")
    body = response.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert body["scope"] == "orders:read orders:write"
    claims = claims_of(body["access_token"])
    now = int(batch.service.clock.time())
    assert len(claims.pop("jti")) > 12
    assert claims == {
        "iss": BASE_URL,
        "aud": BASE_URL,
        "sub": "batch",
        "client_id": "batch",
        "iat": now,
        "exp": now + 900,
        "roles": ["editor"],
        "scope": "orders:read orders:write",
    }
    assert rows(batch.service) == before


def test_it_is_a_caller_without_account_and_session(batch: Machine) -> None:
    """Its roles and scopes count; what needs a session refuses it."""

    @require_auth(scopes=["orders:read"], roles=["editor"])
    async def whoami(caller: CurrentPrincipal) -> dict[str, Any]:
        return {
            "user_id": caller.user_id,
            "session_id": caller.session_id,
            "client_id": caller.client_id,
            "subject": caller.subject,
            "auth_time": caller.auth_time,
        }

    @require_auth(max_age_seconds=60)
    async def recent() -> dict[str, Any]:
        return {}

    batch.service.app.add_api_route("/whoami", whoami)
    batch.service.app.add_api_route("/recent", recent)
    token = batch.token()["access_token"]
    assert batch.call(token, "/whoami").json() == {
        "user_id": None,
        "session_id": None,
        "client_id": "batch",
        "subject": "batch",
        "auth_time": None,
    }
    assert batch.call(token).json() == {"subject": "batch", "roles": ["editor"]}
    assert batch.call(token, "/admin").status_code == 403
    for path in ("/live", "/recent", "/auth/me", "/auth/sessions"):
        assert batch.call(token, path).status_code == 401, path


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("orders:read", "orders:read"),
        ("orders:write orders:read", "orders:read orders:write"),
        ("", "orders:read orders:write"),
    ],
)
def test_rfc_6749_3_3_scopes_are_the_registered_ones_or_fewer(batch: Machine, asked: str, given: str) -> None:
    """Answer and token say the same."""
    body = batch.token(scope=asked)
    assert body["scope"] == claims_of(body["access_token"])["scope"] == given


@pytest.mark.parametrize("scope", ["admin", "orders:read admin", "openid", "a  b", '"', "ORDERS:READ"])
def test_rfc_6749_3_3_a_wider_scope_is_refused(batch: Machine, scope: str) -> None:
    """As a whole: a machine that believes it may more must not go on with less."""
    oauth_error(batch.ask("/auth/token", ITSELF | {"scope": scope}), 400, "invalid_scope")


def test_rfc_6749_4_4_only_confidential_clients_that_are_registered_for_it(service: Service) -> None:
    """A public client is not, nor one that only introspects; by the standard's name."""
    public = FirstParty(service)
    oauth_error(public.post("/auth/token", {**ITSELF, "client_id": "spa"}), 400, "unauthorized_client")
    oauth_error(Machine(service, "watcher").ask("/auth/token", ITSELF), 400, "unauthorized_client")
    for grant in ("authorization_code", "refresh_token"):
        refused = Machine(service).ask(
            "/auth/token", {"grant_type": grant, "code": "x", "refresh_token": "x"}
        )
        oauth_error(refused, 400, "unauthorized_client")


def test_a_client_for_machines_cannot_sign_people_in(service: Service) -> None:
    """It has no address to answer at."""
    for redirect_uri in ("https://evil.example/cb", "", BASE_URL):
        answer = FirstParty(service, "batch", redirect_uri).authorize()
        assert answer.status_code == 400
        assert "location" not in answer.headers


def test_ses_28_another_resource_is_refused(batch: Machine) -> None:
    """RFC 8707 §2; ours may be named."""
    named = batch.ask("/auth/token", ITSELF | {"resource": "https://other.example"})
    oauth_error(named, 400, "invalid_target")
    assert batch.token(resource=BASE_URL)["access_token"]


def test_its_token_expires_and_is_fetched_again(batch: Machine) -> None:
    """After its life and our five seconds of leeway; nothing refreshes it."""
    token = batch.token()["access_token"]
    batch.service.clock.advance(904)
    assert batch.call(token).status_code == 200
    batch.service.clock.advance(1)
    assert batch.call(token).status_code == 401
    assert batch.call(batch.token()["access_token"]).status_code == 200


def test_x_11_its_token_is_no_refresh_token_and_no_credential(batch: Machine) -> None:
    """At no endpoint does it stand in for anything else."""
    token = batch.token()["access_token"]
    as_refresh = {"grant_type": "refresh_token", "refresh_token": token}
    oauth_error(Machine(batch.service, "backend").ask("/auth/token", as_refresh), 400, "invalid_grant")
    by_body = batch.send("/auth/refresh", {"refresh_token": token})
    oauth_error(by_body, 401, "invalid_grant")
    for path in ("/auth/introspect", "/auth/token"):
        by_bearer = batch.send(path, ITSELF | {"token": token}, authorization=f"Bearer {token}")
        assert by_bearer.status_code in (400, 401)
        assert by_bearer.json()["error"] in ("invalid_client", "invalid_request")


def test_machines_and_people_share_one_ring(service: Service) -> None:
    """Two clients and a person: three subjects, one issuer, each refused nothing of its own."""
    people = FirstParty(service).tokens()
    machines = [Machine(service, name).token() for name in ("batch", "odd")]
    subjects = {claims_of(each["access_token"])["sub"] for each in (people, *machines)}
    assert len(subjects) == 3
    assert {"batch", "odd"} < subjects
    assert Machine(service).call(machines[1]["access_token"]).json() == {"subject": "odd", "roles": []}


def test_another_replica_knows_the_client_and_its_token(start_service: StartService) -> None:
    """Nothing of either is kept in one process; nothing of either is in the database."""
    first, second = start_service(clients=MACHINES), start_service(clients=MACHINES)
    token = Machine(first).token()["access_token"]
    assert Machine(second).call(token).status_code == 200
    assert Machine(second).introspect(token)["active"] is True
    assert select(first, "SELECT count(*) FROM ww_audit_events") == [0]


def test_both_secrets_work_while_one_is_rolled(start_service: StartService) -> None:
    """And when the old one is taken out, it is nothing."""
    batch = MACHINES["batch"]
    old, new = SECRETS["batch"], SECRETS["watcher"]
    both = Machine(start_service(clients={"batch": {**batch, "secret": [old, new]}}))
    after = Machine(start_service(clients={"batch": {**batch, "secret": new}}))
    for secret in (old, new):
        both.secret = secret
        assert both.token()["access_token"]
    after.secret = new
    assert after.token()["access_token"]
    after.secret = old
    oauth_error(after.ask("/auth/token", ITSELF), 401, "invalid_client")
