"""``Security(current_principal, scopes=[…])`` and ``CurrentPrincipal``: dependencies that protect a route."""

from __future__ import annotations

import logging
from typing import Annotated, Any, Literal

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Security, WebSocket
from fastapi.security import SecurityScopes
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.testclient import TestClient, WebSocketDenialResponse

from tests.gate.security_forms import FORMS, WRITES, Order, Reader, plainly
from tests.gate.versioned import Notes, versioned
from tests.gate.workshop import EITHER_WAY, Running, bearer, guarded, started
from watchword import (
    CurrentPrincipal,
    OptionalPrincipal,
    Principal,
    current_principal,
    public,
    require_auth,
    version,
)
from watchword.api.gate import GateInstallation


def protection_of(installation: GateInstallation, path: str) -> str:
    (found,) = [entry.protection for entry in installation.routes() if entry.path == path]
    return found


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_asks_for_its_scopes_before_the_body(form: Any, running: Running) -> None:
    """401 for nobody, 403 with the scope in the challenge for who lacks it, whatever the body holds;
    the route is protected, so that ``deny`` lets callers in."""
    app = form()
    installation = guarded(app, default="deny")
    assert protection_of(installation, "/it") == "protected"
    with running(app) as client:
        nobody, reader = client.post("/it", content="{"), client.post("/it", headers=bearer("reader"))
        broken = client.post("/it", content="{", headers=bearer("admin"))
        done = client.post("/it", json={"item": "pen"}, headers=bearer("admin"))
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert (reader.status_code, reader.json()["code"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in reader.headers["www-authenticate"]
    assert "orders:write" in reader.headers["www-authenticate"]
    assert broken.status_code == 422
    assert (done.status_code, done.json()) == (200, "admin")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_in_the_document(form: Any) -> None:
    """Scheme and scopes, 401 and 403; the caller and the scopes are no parameters."""
    app = form()
    guarded(app)
    operation = app.openapi()["paths"]["/it"]["post"]
    ((scheme, scopes),) = operation["security"][0].items()
    assert scheme == "watchword"
    assert "orders:write" in scopes
    assert {"401", "403"} <= operation["responses"].keys()
    assert "parameters" not in operation


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_closed_where_nobody_installed_watchword(form: Any) -> None:
    """503, not an open route."""
    with started(form()) as client:
        answer = client.post("/it", json={"item": "pen"}, headers=bearer("admin"))
    assert (answer.status_code, "not_installed" in answer.text) == (503, True)


def test_the_dependency_decides_by_itself_where_the_gate_cannot_see_it() -> None:
    """Called by hand, it checks caller and scopes all the same."""
    app = FastAPI()

    @app.get("/by-hand")
    async def by_hand(request: Request) -> str:
        return (await current_principal(request, SecurityScopes(["orders:write"]))).subject

    installation = guarded(app)
    assert protection_of(installation, "/by-hand") == "unclassified"
    with started(app) as client:
        assert client.get("/by-hand").status_code == 401
        refused = client.get("/by-hand", headers=bearer("reader"))
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
        assert client.get("/by-hand", headers=bearer("admin")).json() == "admin"


def orders() -> APIRouter:
    """The routes of an API that several versions share."""
    router = APIRouter()

    @router.get("/orders")
    async def listed(caller: OptionalPrincipal) -> str:
        return "nobody" if caller is None else caller.subject

    @router.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    return router


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize("protected_first", [True, False])
def test_one_router_included_openly_and_protected_is_both(running: Running, protected_first: bool) -> None:
    """The move from an open v1 to a protected v2 needs no second set of functions: each inclusion asks
    for its own, and so do handshakes."""
    app, shared = FastAPI(), orders()
    inclusions: list[tuple[str, list[Any]]] = [("/v1", []), ("/v2", [WRITES]), ("/v3", [Depends(plainly)])]
    for prefix, dependencies in inclusions[:: -1 if protected_first else 1]:
        app.include_router(shared, prefix=prefix, dependencies=dependencies)
    installation = guarded(app)
    protections = [protection_of(installation, f"/v{n}/orders") for n in (1, 2, 3)]
    assert protections == ["unclassified", "protected", "protected"]
    with running(app) as client:
        for caller, statuses in (("", [200, 401, 401]), ("reader", [200, 403, 200]), ("admin", [200] * 3)):
            headers = bearer(caller) if caller else {}
            got = [client.get(f"/v{n}/orders", headers=headers).status_code for n in (1, 2, 3)]
            assert got == statuses, caller
            assert [_handshake(client, f"/v{n}/live", headers) for n in (1, 2, 3)] == statuses, caller
    security = [app.openapi()["paths"][f"/v{n}/orders"]["get"].get("security") for n in (1, 2, 3)]
    assert security == [None, [{"watchword": ["orders:write"]}], [{"watchword": []}]]


def _handshake(client: TestClient, path: str, headers: dict[str, str]) -> int:
    try:
        with client.websocket_connect(path, headers=headers):
            return 200
    except WebSocketDenialResponse as denied:
        return denied.status_code


def test_deny_tells_inclusions_apart() -> None:
    """The open inclusion of a shared router is refused, the protected one is not."""
    app, shared = FastAPI(), orders()
    app.include_router(shared, prefix="/v1")
    app.include_router(shared, prefix="/v2", dependencies=[WRITES])
    guarded(app, default="deny")
    with started(app) as client:
        answers = [client.get(f"/{version}/orders", headers=bearer("admin")) for version in ("v1", "v2")]
    assert [answer.status_code for answer in answers] == [403, 200]


def test_an_inclusion_that_comes_late_is_told_apart_too() -> None:
    """Routes are looked at again before the first request after they changed."""
    app, shared = FastAPI(), orders()
    app.include_router(shared, prefix="/v1")
    guarded(app)
    with started(app) as client:
        assert client.get("/v1/orders").status_code == 200
        app.include_router(shared, prefix="/v2", dependencies=[WRITES])
        assert [client.get(f"/{v}/orders").status_code for v in ("v1", "v2")] == [200, 401]


@pytest.mark.parametrize("where", ["app", "router", "inclusion"])
def test_front_ends_are_protected_by_dependencies(where: str, tmp_path: Any) -> None:
    """Static files of a front end are served to those who may."""
    (tmp_path / "index.html").write_text("inside")
    given: dict[str, list[Any]] = {name: [] for name in ("app", "router", "inclusion")} | {where: [WRITES]}
    app, router = FastAPI(dependencies=given["app"]), APIRouter(dependencies=given["router"])
    (app if where == "app" else router).frontend("/site", directory=tmp_path)
    app.include_router(router, dependencies=given["inclusion"])
    guarded(app)
    with started(app) as client:
        statuses = [
            client.get("/site/index.html", headers=bearer(caller) if caller else {}).status_code
            for caller in ("", "reader", "admin")
        ]
    assert statuses == [401, 403, 200]


def test_a_caller_as_parameter_is_asked_for_before_the_body() -> None:
    """``CurrentPrincipal`` alone protects a route like a bare ``@require_auth``."""
    app = FastAPI()

    @app.post("/it")
    async def endpoint(order: Order, caller: CurrentPrincipal) -> str:
        return caller.subject

    installation = guarded(app, default="deny")
    assert protection_of(installation, "/it") == "protected"
    with started(app) as client:
        assert client.post("/it", content="{").status_code == 401
        assert client.post("/it", json={"item": "pen"}, headers=bearer("anna")).json() == "anna"


def test_a_public_route_that_needs_its_caller_is_closed_and_told(caplog: pytest.LogCaptureFixture) -> None:
    """The two contradict each other: the stricter one holds, and the start says which routes."""
    app = FastAPI()

    @app.get("/mistake")
    @public
    async def mistake(caller: CurrentPrincipal) -> None: ...

    @app.get("/greeting")
    @public
    async def greeting(caller: OptionalPrincipal) -> None: ...

    installation = guarded(app)
    with caplog.at_level(logging.WARNING, logger="watchword"), started(app) as client:
        assert client.get("/mistake").status_code == 401
        assert client.get("/greeting").status_code == 200
    told = [record.getMessage() for record in caplog.records if record.name == "watchword"]
    assert told == ["routes that are @public, but whose dependencies need a caller: /mistake"]
    protections = [protection_of(installation, path) for path in ("/mistake", "/greeting")]
    assert protections == ["protected", "public"]


def test_a_public_dependency_opens_nothing() -> None:
    """``@public`` is for endpoints: on a dependency it says nothing about its routes."""
    app = FastAPI()

    @public
    def helper() -> None: ...

    @app.get("/it", dependencies=[Depends(helper)])
    async def endpoint() -> None: ...

    guarded(app, default="deny")
    with started(app) as client:
        assert client.get("/it", headers=bearer("admin")).status_code == 403


def test_a_live_mark_and_a_dependency_share_one_look() -> None:
    """The dependency sees the caller as the database has them now."""
    app = FastAPI()

    @app.get("/it")
    @require_auth(live=True)
    async def endpoint(caller: Annotated[Principal, Security(current_principal)]) -> str | None:
        return caller.email

    guarded(app)
    with started(app) as client:
        assert client.get("/it", headers=bearer("anna")).json() == "anna@example.org"
        assert client.get("/it", headers=bearer("logged-out")).json()["code"] == "session_ended"


def test_an_observed_version_holds_back_scopes_but_needs_its_caller() -> None:
    """Who would be refused for a scope is counted and served; an endpoint that takes its caller
    cannot run without one."""
    notes, app = Notes(), FastAPI()

    @app.get("/it")
    @version("v1", mode="observe")
    async def endpoint(caller: Reader) -> str:
        return caller.subject

    versioned(app, notes)
    with started(app) as client:
        assert client.get("/it", headers=bearer("anna")).json() == "anna"
        assert client.get("/it", headers=bearer("reader")).json() == "reader"
        assert client.get("/it").status_code == 401
    assert notes.calls[:2] == [("v1", "anna", "insufficient_scope"), ("v1", "reader", None)]


def test_what_fastapi_does_not_give_dependencies_is_not_taken_for_protected() -> None:
    """Starlette routes and mounts of a router with dependencies are reported, and refused by ``deny``."""

    async def plain(request: Request) -> Response:
        return PlainTextResponse("open")

    router = APIRouter(dependencies=[WRITES])
    router.add_route("/plain", plain)
    router.mount("/mounted", Router(routes=[Route("/plain", plain)]))
    paths = ["/plain", "/mounted/plain"]
    cases: list[tuple[Literal["allow", "deny"], int]] = [("allow", 200), ("deny", 403)]
    for default, status in cases:
        app = FastAPI(dependencies=[WRITES])
        app.include_router(router, dependencies=[WRITES])
        installation = guarded(app, default=default)
        assert [protection_of(installation, path) for path in paths] == ["unclassified"] * 2
        with started(app) as client:
            assert [client.get(path).status_code for path in paths] == [status] * 2
