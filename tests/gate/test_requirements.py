"""What callers get who lack a role, a scope, a session, a recent sign-in, or a credential that holds."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from tests.gate.workshop import (
    EITHER_WAY,
    NOW,
    PEOPLE,
    CannedAuthenticator,
    Running,
    bearer,
    guarded,
    person,
    started,
)
from watchword.api.decorators import require_auth
from watchword.api.dependencies import CurrentPrincipal

ASKED: dict[str, dict[str, Any]] = {
    "anyone": {},
    "roles": {"roles": ["admin", "editor"]},
    "scopes": {"scopes": ["orders:read", "orders:write"]},
    "live": {"live": True},
    "live-admin": {"live": True, "roles": ["admin"]},
    "recent": {"max_age_seconds": 60},
    "fresh": {"max_age_seconds": 59},
}


def asking(asked: dict[str, Any], *, kind: str = "async") -> FastAPI:
    app = FastAPI()
    decorate = require_auth(**asked)
    if kind == "async":

        @app.get("/it")
        @decorate
        async def endpoint(caller: CurrentPrincipal) -> dict[str, Any]:
            return {"email": caller.email, "roles": sorted(caller.roles)}
    else:

        @app.get("/it")
        @decorate
        def thread(caller: CurrentPrincipal) -> dict[str, Any]:
            return {"email": caller.email, "roles": sorted(caller.roles)}

    return app


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize(
    ("asked", "caller", "status", "code"),
    [
        ("anyone", "anna", 200, None),
        ("anyone", "machine", 200, None),
        ("anyone", "expired", 401, "invalid_token"),
        ("anyone", "ended", 401, "session_ended"),
        ("anyone", "nobody-knows", 401, "invalid_token"),
        ("anyone", "cross-site", 403, "cross_site_request"),
        ("anyone", "database-away", 503, "database_unavailable"),
        ("anyone", "foreign-error", 401, "invalid_token"),
        ("roles", "editor", 200, None),
        ("roles", "admin", 200, None),
        ("roles", "anna", 403, "insufficient_scope"),
        ("scopes", "admin", 200, None),
        ("scopes", "reader", 403, "insufficient_scope"),
        ("live", "anna", 200, None),
        ("live", "machine", 401, "invalid_token"),
        ("live", "logged-out", 401, "session_ended"),
        ("live", "unreadable", 503, "database_unavailable"),
        ("live", "expired", 401, "invalid_token"),
        ("live-admin", "demoted", 403, "insufficient_scope"),
        ("live-admin", "promoted", 200, None),
        ("recent", "anna", 200, None),
        ("recent", "machine", 401, "invalid_token"),
        ("fresh", "anna", 401, "insufficient_user_authentication"),
    ],
)
def test_each_requirement_answers_with_its_own_code(
    running: Running, asked: str, caller: str, status: int, code: str | None
) -> None:
    """Status and problem code say what is missing."""
    app = asking(ASKED[asked])
    guarded(app)
    with running(app) as client:
        answer = client.get("/it", headers=bearer(caller))
    assert answer.status_code == status
    assert code is None or answer.json()["code"] == code


def test_live_gives_the_endpoint_what_the_database_has_now() -> None:
    """On a live route the caller carries e-mail and name, and the roles of this moment."""
    authenticator = CannedAuthenticator()
    for kind in ("async", "sync"):
        app = asking(ASKED["live"], kind=kind)
        guarded(app, authenticator=authenticator)
        with started(app) as client:
            assert client.get("/it", headers=bearer("anna")).json()["email"] == "anna@example.org"
            assert client.get("/it", headers=bearer("promoted")).json()["roles"] == ["admin"]
    assert authenticator.confirmed == ["anna", "promoted"] * 2


def test_a_route_that_is_not_live_asks_the_database_nothing() -> None:
    """Without ``live`` nothing is re-read; with it, and two decorators, it is read once."""
    authenticator = CannedAuthenticator()
    app = asking({})

    @app.get("/live")
    @require_auth(roles=["admin"])
    @require_auth(live=True)
    async def live() -> None: ...

    guarded(app, authenticator=authenticator)
    with started(app) as client:
        client.get("/it", headers=bearer("anna"))
        assert authenticator.confirmed == []
        assert client.get("/live", headers=bearer("promoted")).status_code == 200
        assert client.get("/live", headers=bearer("demoted")).status_code == 403
    assert authenticator.confirmed == ["promoted", "demoted"]


def test_a_hidden_live_guard_re_reads_from_a_worker_thread() -> None:
    """A guard the gate could not see confirms the session itself, also in a ``def`` endpoint."""
    authenticator = CannedAuthenticator()
    app = FastAPI()

    def careless(endpoint: Any) -> Any:
        def inner() -> Any:
            return endpoint()

        return inner

    @app.get("/it")
    @careless
    @require_auth(live=True)
    def endpoint() -> str:
        return "done"

    @app.get("/plain")
    @careless
    @require_auth(roles=["admin"])
    def plain() -> str:
        return "done"

    guarded(app, authenticator=authenticator)
    with started(app) as client:
        assert client.get("/plain", headers=bearer("anna")).status_code == 403
        assert client.get("/plain", headers=bearer("admin")).json() == "done"
        assert client.get("/it", headers=bearer("anna")).json() == "done"
        assert client.get("/it", headers=bearer("logged-out")).json()["code"] == "session_ended"
    assert authenticator.confirmed == ["anna", "logged-out"]


def test_a_hidden_live_guard_that_cannot_wait_refuses() -> None:
    """Where a re-read was asked for and cannot be had, the answer is 503, not a guess."""
    app = FastAPI()
    ran: list[int] = []

    @require_auth(live=True)
    def chunks() -> Any:
        ran.append(1)
        yield b"done"

    @app.get("/it")
    async def endpoint() -> StreamingResponse:
        return StreamingResponse(chunks())

    guarded(app)
    with started(app) as client:
        assert client.get("/it", headers=bearer("anna")).json()["code"] == "not_installed"
    assert ran == []


def test_x_01_the_challenge_says_what_is_wrong_and_nothing_without_a_token() -> None:
    """RFC 6750 §3: bare ``Bearer`` for nobody, the error for a bad token, scopes for a 403."""
    app = asking(ASKED["scopes"])
    guarded(app)
    with started(app) as client:
        nobody = client.get("/it").headers["www-authenticate"]
        wrong = client.get("/it", headers=bearer("expired")).headers["www-authenticate"]
        lacking = client.get("/it", headers=bearer("reader")).headers["www-authenticate"]
        away = client.get("/it", headers=bearer("database-away"))
    assert nobody == "Bearer"
    assert wrong.startswith('Bearer error="invalid_token"')
    assert 'error="insufficient_scope"' in lacking
    assert 'scope="orders:read orders:write"' in lacking
    assert "www-authenticate" not in away.headers
    assert away.headers["retry-after"] == "2"


def test_step_up_names_the_age_it_wants() -> None:
    """RFC 9470 §3: the challenge carries ``max_age``."""
    app = asking(ASKED["fresh"])
    guarded(app)
    with started(app) as client:
        challenge = client.get("/it", headers=bearer("anna")).headers["www-authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'max_age="59"' in challenge


@pytest.mark.parametrize(("age", "status"), [(59, 200), (60, 200), (61, 401)])
def test_the_edge_of_max_age_is_allowed(age: int, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in exactly as old as allowed is recent enough; one second more is not."""
    monkeypatch.setitem(PEOPLE, "edge", person("edge", auth_time=NOW - age))
    app = asking(ASKED["recent"])
    guarded(app)
    with started(app) as client:
        assert client.get("/it", headers=bearer("edge")).status_code == status
