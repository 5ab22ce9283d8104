"""``mode="observe"``: who would be refused is counted, and refused is nobody, on that version only."""

from __future__ import annotations

import functools
import logging
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Security, WebSocket
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router

from tests.gate.kinds import KINDS, Build
from tests.gate.versioned import Clocked, Notes, versioned
from tests.gate.workshop import EITHER_WAY, Running, bearer, started
from watchword.api.decorators import public, require_auth
from watchword.api.dependencies import CurrentPrincipal, OptionalPrincipal, current_principal
from watchword.api.versioning import version
from watchword.protocol.principal import Principal

v1 = version("v1", mode="observe")
Reader = Annotated[Principal, Security(current_principal, scopes=["orders:read"])]
NOBODY = ("v1", "nobody", "authentication_required")


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize("build", [each for each in KINDS if "careless" not in each.__name__])
def test_x_16_every_kind_of_endpoint_runs_for_everybody_and_is_counted(
    build: Build, running: Running
) -> None:
    """Neither the gate nor the guard on the endpoint refuses anyone."""
    ran: list[str] = []
    app, notes = build(ran), Notes()
    v1(next(route for route in app.routes if getattr(route, "path", "") == "/it"))
    versioned(app, notes)
    with running(app) as client:
        for caller in (None, "anna", "expired"):
            assert client.get("/it", headers=bearer(caller) if caller else {}).status_code == 200
    assert ran == ["it"] * 3
    assert notes.calls == [NOBODY, ("v1", "anna", None), ("v1", "refused", "invalid_token")]


def test_a_guard_that_the_gate_does_not_know_still_refuses() -> None:
    """Hidden by a careless decorator, it is not the route's for sure."""
    ran: list[str] = []
    build = next(each for each in KINDS if "careless" in each.__name__)
    app, notes = build(ran), Notes()
    v1(next(route for route in app.routes if getattr(route, "path", "") == "/it"))
    versioned(app, notes)
    with started(app) as client:
        assert client.get("/it").status_code == 401
        assert client.get("/it", headers=bearer("anna")).status_code == 200
    assert ran == ["it"]
    assert notes.calls == [NOBODY, ("v1", "anna", None)]


ASKED: dict[str, dict[str, Any]] = {
    "any": {},
    "role": {"roles": ["admin"]},
    "scope": {"scopes": ["orders:read"]},
    "recent": {"max_age_seconds": 10},
    "live": {"live": True},
}


@pytest.mark.parametrize(
    ("asked", "caller", "code"),
    [
        ("any", None, "authentication_required"),
        ("any", "anna", None),
        ("any", "ended", "session_ended"),
        ("any", "cross-site", "cross_site_request"),
        ("any", "database-away", "database_unavailable"),
        ("any", "crash", "identification_failed"),
        ("role", "anna", "insufficient_scope"),
        ("role", "admin", None),
        ("scope", "anna", "insufficient_scope"),
        ("scope", "reader", None),
        ("recent", "anna", "insufficient_user_authentication"),
        ("live", "machine", "invalid_token"),
        ("live", "logged-out", None),
        ("live", "unreadable", None),
    ],
)
def test_what_would_refuse_a_caller_is_counted(asked: str, caller: str | None, code: str | None) -> None:
    """By the code of the refusal; ``live`` is judged by the token, without a look at the session."""
    app, notes, clocked = FastAPI(), Notes(), Clocked()
    app.get("/it")(v1(require_auth(**ASKED[asked])(lambda: "done")))
    versioned(app, notes, authenticator=clocked)
    with started(app) as client:
        assert client.get("/it", headers=bearer(caller) if caller else {}).json() == "done"
    assert [refused for _, _, refused in notes.calls] == [code]
    assert clocked.confirmed == []


def test_on_an_open_route_whoever_is_not_signed_in_would_be_refused() -> None:
    """``@public`` and unmarked alike: that is who has to learn to sign in."""
    app, notes = FastAPI(), Notes()
    app.get("/public")(v1(public(lambda: "done")))
    app.get("/unmarked")(v1(lambda: "done"))
    versioned(app, notes)
    with started(app) as client:
        for path in ("/public", "/unmarked"):
            for caller in ({}, bearer("anna"), bearer("expired")):
                assert client.get(path, headers=caller).status_code == 200
    assert notes.calls == [NOBODY, ("v1", "anna", None), ("v1", "refused", "invalid_token")] * 2


def test_several_requirements_are_one_call_with_its_first_refusal() -> None:
    """On a mount and on what lies in it."""

    @require_auth(scopes=["orders:read"])
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("done")

    sub = Starlette(routes=[Route("/it", endpoint)])
    app, notes = Starlette(routes=[Mount("/old", v1(require_auth(roles=["admin"])(sub)))]), Notes()
    versioned(app, notes)
    with started(app) as client:
        for caller in ({}, bearer("anna"), bearer("admin")):
            assert client.get("/old/it", headers=caller).text == "done"
    assert notes.calls == [NOBODY, ("v1", "anna", "insufficient_scope"), ("v1", "admin", None)]


def test_an_endpoint_that_needs_its_caller_answers_401_to_nobody() -> None:
    """There is none to give; a scope that is lacking is only counted."""
    app, notes = FastAPI(), Notes()

    @app.get("/caller")
    @v1
    async def asks(caller: CurrentPrincipal) -> str:
        return caller.subject

    @app.get("/scope")
    @v1
    async def scoped(caller: Reader) -> str:
        return caller.subject

    versioned(app, notes)
    with started(app) as client:
        for path in ("/caller", "/scope"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers=bearer("anna")).json() == "anna"
    assert notes.calls == [NOBODY, ("v1", "anna", None), NOBODY, ("v1", "anna", "insufficient_scope")]


def test_a_guarded_helper_of_an_observed_route_still_refuses() -> None:
    """Even with the very same requirement: only what the route itself asks is observed."""

    @require_auth
    async def secret() -> str:
        return "secret"

    @require_auth(live=True)
    async def fresh() -> str:
        return "fresh"

    app = FastAPI()

    @app.get("/it")
    @v1
    @require_auth
    async def endpoint() -> str:
        return await secret()

    @app.get("/live")
    @v1
    @require_auth(live=True)
    async def live() -> str:
        return await fresh()

    versioned(app)
    with started(app) as client:
        assert client.get("/it").status_code == 401
        assert client.get("/it", headers=bearer("anna")).json() == "secret"
        assert client.get("/live", headers=bearer("logged-out")).status_code == 401


def test_routes_of_no_or_another_version_are_enforced() -> None:
    """The same function, the same router, the same app."""

    async def read() -> str:
        return "done"

    app, notes, guarded_read = FastAPI(), Notes(), require_auth(read)
    shared = APIRouter()
    shared.add_api_route("/it", guarded_read)
    old = APIRouter(prefix="/old")
    old.include_router(shared)
    app.include_router(v1(old))
    app.include_router(shared, prefix="/new")
    enforced = APIRouter(prefix="/v2")
    enforced.add_api_route("/it", guarded_read)
    app.include_router(version("v2")(enforced))
    app.add_api_route("/plain", guarded_read)
    versioned(app, notes)
    with started(app) as client:
        got = {path: client.get(path).status_code for path in ("/old/it", "/new/it", "/v2/it", "/plain")}
    assert got == {"/old/it": 200, "/new/it": 401, "/v2/it": 401, "/plain": 401}
    assert notes.calls == [NOBODY, ("v2", "nobody", None)]


@pytest.mark.parametrize("path", ["/new/v1/it", "/new//v1/it", "/new/%2e%2e/v1/it", "/new/it?x=/v1/it"])
def test_no_spelling_of_an_address_makes_it_observed(path: str) -> None:
    """One router with a greedy path below two mounts: which of them was entered decides."""

    @require_auth
    async def read(request: Request) -> Response:
        return PlainTextResponse("done")

    shared = Router(routes=[Route("/{rest:path}", read)])
    app = Starlette(routes=[v1(Mount("/v1", shared)), Mount("/new", shared)])
    versioned(app)
    with started(app) as client:
        assert client.get("/v1/it").status_code == 200
        assert client.get(path).status_code == 401


def test_a_call_that_is_passed_on_to_another_route_is_enforced_there() -> None:
    """An old address that hands its requests to the new route in the same process opens nothing."""

    @require_auth
    async def read(request: Request) -> Response:
        return PlainTextResponse("done")

    new = Route("/new", read)

    async def passing(scope: Any, receive: Any, send: Any) -> None:
        await new.handle({**scope, "path": "/new"}, receive, send)

    app = Starlette(routes=[v1(Mount("/old", passing)), new])
    versioned(app)
    with started(app) as client:
        assert client.get("/old/it").status_code == 401
        assert client.get("/old/it", headers=bearer("anna")).text == "done"


def test_an_app_without_a_gate_that_shares_the_routes_opens_nothing() -> None:
    """Nobody looked who calls, so a protected route is 503 there as ever; an open one is counted."""
    closed = Route("/closed", v1(require_auth(lambda request: PlainTextResponse("done"))))
    opened = Route("/open", v1(public(lambda request: PlainTextResponse("done"))))
    gated, bare, notes = Starlette(routes=[closed, opened]), Starlette(routes=[closed, opened]), Notes()
    versioned(gated, notes).resolve()
    with started(bare) as client:
        assert [client.get(path).status_code for path in ("/closed", "/open")] == [503, 200]
    assert notes.calls == [("v1", "nobody", "not_installed")] * 2


def test_an_app_that_does_not_know_the_version_enforces() -> None:
    """A route of another app, handed a request by code nobody can look into."""
    read = Route("/it", v1(require_auth(lambda request: PlainTextResponse("done"))))
    versioned(Starlette(routes=[read]), first := Notes()).resolve()

    async def opaque(scope: Any, receive: Any, send: Any) -> None:
        await read.handle(scope, receive, send)

    own = Route("/own", version("v2")(public(lambda request: PlainTextResponse("own"))))
    app = Starlette(routes=[own, Mount("/opaque", opaque)])
    versioned(app, second := Notes())
    with started(app) as client:
        assert (client.get("/own").text, client.get("/opaque/it").status_code) == ("own", 401)
    assert (first.calls, second.calls) == ([], [("v2", "nobody", None)])


def test_what_is_protected_around_the_version_stays_protected() -> None:
    """A mount that asks for a sign-in is no part of a version inside of it."""
    inside = Starlette(routes=[Route("/it", v1(public(lambda request: PlainTextResponse("done"))))])
    app = Starlette(routes=[Mount("/shut", require_auth(inside))])
    versioned(app)
    with started(app) as client:
        assert client.get("/shut/it").status_code == 401


def test_denied_by_default_stays_denied() -> None:
    """Nobody said what an unmarked route is to ask, so there is nothing to observe."""
    app, notes = FastAPI(), Notes()
    app.get("/unmarked")(v1(lambda: "done"))
    app.get("/marked")(v1(require_auth(lambda: "done")))
    gate = versioned(app, notes, default="deny")
    with started(app) as client:
        assert client.get("/unmarked").json()["code"] == "route_unclassified"
        assert client.get("/marked").status_code == 200
    assert [each.protection for each in gate.routes() if each.origin == "app"] == ["unclassified", "observed"]


def test_handlers_of_a_class_are_observed_one_by_one() -> None:
    """The version on one of them leaves the others protected, also when that one calls them."""

    class Orders(HTTPEndpoint):
        @v1
        @require_auth
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("list")

        @require_auth
        async def post(self, request: Request) -> Response:
            return PlainTextResponse("created")

        @v1
        @require_auth
        async def put(self, request: Request) -> Response:
            response: Response = await self.post(request)
            return response

    app = Starlette(routes=[Route("/it", Orders)])
    versioned(app)
    with started(app) as client:
        got = {method: client.request(method, "/it").status_code for method in ("GET", "HEAD", "POST", "PUT")}
    assert got == {"GET": 200, "HEAD": 200, "POST": 401, "PUT": 401}


def test_a_handshake_is_observed() -> None:
    """A WebSocket goes on as before, and is counted."""
    app, notes = FastAPI(), Notes()

    @app.websocket("/it")
    @v1
    @require_auth
    async def live(socket: WebSocket, caller: OptionalPrincipal) -> None:
        await socket.accept()
        await socket.send_text("nobody" if caller is None else caller.subject)
        await socket.close()

    versioned(app, notes)
    with started(app) as client:
        for headers, name in (({}, "nobody"), (bearer("anna"), "anna")):
            with client.websocket_connect("/it", headers=headers) as socket:
                assert socket.receive_text() == name
    assert notes.calls == [NOBODY, ("v1", "anna", None)]


def test_the_guard_of_a_dependency_is_observed_with_its_route() -> None:
    """``@require_auth`` on a dependency is read by the gate, so it is counted like one on the endpoint."""
    app, notes = FastAPI(), Notes()

    @require_auth(roles=["admin"])
    async def administrators() -> None: ...

    app.get("/it", dependencies=[Depends(administrators)])(v1(lambda: "done"))
    app.get("/new", dependencies=[Depends(administrators)])(lambda: "done")
    versioned(app, notes)
    with started(app) as client:
        assert (client.get("/it").status_code, client.get("/new").status_code) == (200, 401)
    assert notes.calls == [NOBODY]


def test_observing_is_loud(caplog: pytest.LogCaptureFixture) -> None:
    """The start names every route that is open because of it, and production is told twice."""
    app = FastAPI()
    app.get("/orders")(v1(require_auth(lambda: "done")))
    app.delete("/orders")(v1(public(lambda: "done")))
    app.get("/other")(require_auth(lambda: "done"))
    gate = versioned(app, production=True)
    with caplog.at_level(logging.WARNING, "watchword"), started(app):
        pass
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "routes of version v1 are observed, @require_auth refuses nobody: GET /orders; DELETE /orders",
        "version v1 is observed in production: @require_auth is not enforced on its routes",
    ]
    protection = {each.name: each.protection for each in gate.routes() if each.origin == "app"}
    assert protection == {"GET /orders": "observed", "DELETE /orders": "observed", "GET /other": "protected"}


def test_enforcing_it_closes_the_routes() -> None:
    """The one word that changes is ``mode``."""
    app = FastAPI()
    app.get("/it")(version("v1", mode="enforce")(require_auth(functools.partial(lambda: "done"))))
    versioned(app)
    with started(app) as client:
        assert client.get("/it").status_code == 401
