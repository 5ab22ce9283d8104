"""X-18: whatever goes wrong inside, nobody gets in by it, and public routes stay public."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.gate.workshop import EITHER_WAY, SECRET, CannedAuthenticator, Running, bearer, guarded, started
from watchword.api.admission import judge
from watchword.api.decorators import public, require_auth
from watchword.api.dependencies import OptionalPrincipal
from watchword.errors import IdentificationFailed, NotInstalled
from watchword.middleware.auth_middleware import AuthMiddleware, Caller
from watchword.protocol.access import Requirement
from watchword.protocol.principal import Principal


def house() -> FastAPI:
    app = FastAPI()

    @app.get("/open")
    @public
    async def opened(caller: OptionalPrincipal) -> str | None:
        return None if caller is None else caller.subject

    @app.get("/unmarked")
    async def unmarked() -> str:
        return "done"

    @app.get("/closed")
    @require_auth
    async def closed() -> str:
        return "inside"

    @app.get("/live")
    @require_auth(live=True)
    def live() -> str:
        return "inside"

    return app


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize(
    "caller", ["", "expired", "ended", "cross-site", "database-away", "crash", "nonsense"]
)
def test_a_public_route_stays_public_with_any_credential(running: Running, caller: str) -> None:
    """A missing, expired, broken or unreadable token never makes a public route fail."""
    app = house()
    guarded(app)
    headers = bearer(caller) if caller else {}
    with running(app) as client:
        answers = [client.get(path, headers=headers) for path in ("/open", "/unmarked")]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, None), (200, "done")]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer\tx",
        "Bearer  x",
        "Bearer " + "x" * 100_000,
    ],
)
def test_x_04_malformed_credentials_are_401_where_protected_and_nothing_where_public(header: str) -> None:
    """No shape of the header crashes anything."""
    app = house()
    guarded(app)
    with started(app) as client:
        refused = client.get("/closed", headers={"Authorization": header})
        assert client.get("/open", headers={"Authorization": header}).status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")


@pytest.mark.parametrize("header", ["Basic YTpi", "DPoP x", "Token x"])
def test_x_04_another_scheme_is_401_without_an_error_code(header: str) -> None:
    """RFC 6750 §3.1: a request without bearer authentication information gets the bare challenge."""
    app = house()
    guarded(app)
    with started(app) as client:
        refused = client.get("/closed", headers={"Authorization": header})
        assert client.get("/open", headers={"Authorization": header}).json() is None
    assert (refused.status_code, refused.json()["code"]) == (401, "authentication_required")
    assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("path", "caller"),
    [
        ("/closed", "crash"),
        ("/closed", "nonsense"),
        ("/live", "crash"),
        ("/live", "confirm-crashes"),
        ("/live", "confirm-lies"),
    ],
)
def test_x_18_an_unforeseen_fault_is_503_and_its_message_stays_inside(
    path: str, caller: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller is told to come back, the operator where it broke; a credential that the fault's
    message holds is in neither."""
    app = house()
    guarded(app)
    with caplog.at_level(logging.DEBUG), started(app) as client:
        answer = client.get(path, headers=bearer(caller))
    assert (answer.status_code, answer.json()["code"]) == (503, "identification_failed")
    assert SECRET not in answer.text + caplog.text
    assert any(record.__dict__.get("code") == "identification_failed" for record in caplog.records)


class Broken(CannedAuthenticator):
    """A clock that breaks."""

    def now_seconds(self) -> int:
        raise OSError("no clock")


def test_x_18_a_decision_that_cannot_be_made_is_a_refusal() -> None:
    """A fault inside the decision itself refuses; what asks for no recent sign-in needs no clock."""
    app = house()

    @app.get("/recent")
    @require_auth(max_age_seconds=300)
    async def recent() -> str:
        return "inside"

    guarded(app, authenticator=Broken())
    with started(app) as client:
        assert client.get("/recent", headers=bearer("anna")).json()["code"] == "identification_failed"
        assert client.get("/closed", headers=bearer("anna")).json() == "inside"


@pytest.mark.parametrize("identity", [None, True, "anna", object()])
def test_x_18_only_a_principal_passes_the_decision(identity: Any) -> None:
    """A caller that is none of the three known kinds is refused, not waved through."""
    refusal = judge(Caller(identity, CannedAuthenticator()), Requirement())
    assert isinstance(refusal, IdentificationFailed)


@pytest.mark.parametrize("planted", [None, True, "anna", object(), {"identity": "anna"}])
def test_x_18_a_gate_without_its_middleware_answers_not_installed(planted: Any) -> None:
    """Wrapped routes whose middleware was taken away stay closed, whatever lies on the scope."""
    app = house()
    guarded(app).resolve()
    app.user_middleware.clear()

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        scope["watchword"] = planted
        await app(scope, receive, send)

    answer = TestClient(outer).get("/closed", headers=bearer("admin"))
    assert (answer.status_code, answer.json()["code"]) == (503, "not_installed")


def test_x_15_what_a_client_or_an_outer_layer_claims_is_overwritten() -> None:
    """The caller is who the authenticator says, not what was on the scope or in other headers."""
    app = house()
    guarded(app)
    principal = Principal("admin", "s", "c", frozenset({"admin"}), frozenset(), "i", "admin")

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        scope["watchword"] = scope["user"] = principal
        await app(scope, receive, send)

    headers = {"X-User-Id": "admin", "Remote-User": "admin", "X_Forwarded_User": "admin"}
    assert TestClient(outer).get("/closed", headers=headers).status_code == 401


async def test_scopes_that_are_no_requests_pass_untouched() -> None:
    """Lifespan and whatever servers invent reach the app without being identified."""
    seen: list[Any] = []
    authenticator = CannedAuthenticator()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    async def nothing(*_: Any) -> Any:
        raise AssertionError("not called")

    def no_resolving() -> None:
        raise AssertionError("not called")

    middleware = AuthMiddleware(app, authenticator=authenticator, resolve=no_resolving)
    for kind in ("lifespan", "of.the.future"):
        await middleware({"type": kind}, nothing, nothing)
    assert seen == [{"type": "lifespan"}, {"type": "of.the.future"}]
    assert authenticator.identified == []


async def test_nothing_of_a_request_is_left_behind_in_the_task_that_served_it() -> None:
    """After a request the code of the same task is nobody's again, also when the endpoint failed."""

    @require_auth
    async def helper() -> str:
        return "done"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert await helper() == "done"
        raise OSError("broke")

    async def nothing(*_: Any) -> Any:
        raise AssertionError("not called")

    middleware = AuthMiddleware(app, authenticator=CannedAuthenticator())
    scope = {"type": "http", "method": "GET", "headers": [(b"authorization", b"Bearer anna")]}
    with pytest.raises(OSError, match="broke"):
        await middleware(scope, nothing, nothing)
    with pytest.raises(NotInstalled):
        await helper()
