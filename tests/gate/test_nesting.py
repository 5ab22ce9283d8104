"""Routes are found wherever they are: included, mounted, under a host, late, or under two parents."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, WebSocket
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.testclient import WebSocketDenialResponse

from tests.gate.workshop import EITHER_WAY, Running, bearer, guarded, started
from watchword.api.decorators import public, require_auth


@require_auth
async def closed(request: Request) -> Response:
    return PlainTextResponse("inside")


async def opened(request: Request) -> Response:
    return PlainTextResponse("outside")


def routes() -> list[Any]:
    return [Route("/closed", closed), Route("/open", opened)]


def router() -> APIRouter:
    made = APIRouter()

    @made.get("/closed")
    @require_auth
    async def closed_operation(number: int) -> int:
        return number

    @made.get("/open")
    async def open_operation() -> str:
        return "outside"

    made.add_route("/starlette", closed)
    return made


def included_deep() -> FastAPI:
    app, outer, middle = FastAPI(), APIRouter(), APIRouter(prefix="/m")
    middle.include_router(router(), prefix="/i")
    outer.include_router(middle)
    app.include_router(outer, prefix="/o")
    return app


def included_twice() -> FastAPI:
    app, shared = FastAPI(), router()
    app.include_router(shared, prefix="/other")
    app.include_router(shared, prefix="/o/m/i")
    return app


def included_with_dependencies() -> FastAPI:
    def boom() -> None:
        raise AssertionError("a dependency ran for a stranger")

    app = FastAPI()
    app.include_router(router(), prefix="/o/m/i", dependencies=[Depends(boom)])
    return app


def mounted_fastapi() -> FastAPI:
    sub, app = FastAPI(), FastAPI()
    sub.include_router(router(), prefix="/i")
    app.mount("/o/m", sub)
    return app


def mounted_router() -> FastAPI:
    app = FastAPI()
    app.mount("/o/m/i", router())
    return app


def mounted_in_middleware() -> Starlette:
    async def passing(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        return response

    sub = FastAPI()
    sub.include_router(router(), prefix="/i")
    return Starlette(routes=[Mount("/o", routes=[Mount("/m", BaseHTTPMiddleware(sub, dispatch=passing))])])


def mounted_with_middleware() -> Starlette:
    async def passing(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        return response

    sub = FastAPI()
    sub.include_router(router())
    layers = [Middleware(BaseHTTPMiddleware, dispatch=passing)]
    return Starlette(routes=[Mount("/o/m/i", sub, middleware=layers)])


def mounted_in_an_included_router() -> FastAPI:
    app, outer, sub = FastAPI(), APIRouter(), FastAPI()
    sub.include_router(router())
    outer.mount("/m/i", sub)
    app.include_router(outer, prefix="/o")
    return app


def under_a_host() -> Starlette:
    sub = FastAPI()
    sub.include_router(router(), prefix="/o/m/i")
    return Starlette(routes=[Host("testserver", sub)])


def under_a_host_in_an_included_router() -> FastAPI:
    app, outer, sub = FastAPI(), APIRouter(), FastAPI()
    sub.include_router(router(), prefix="/m/i")
    outer.host("testserver", sub)
    app.include_router(outer, prefix="/o")
    return app


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize(
    "build",
    [
        included_deep,
        included_twice,
        included_with_dependencies,
        mounted_fastapi,
        mounted_router,
        mounted_in_middleware,
        mounted_with_middleware,
        mounted_in_an_included_router,
        under_a_host,
        under_a_host_in_an_included_router,
    ],
)
def test_x_16_nested_routes_refuse_before_anything_of_theirs_runs(build: Any, running: Running) -> None:
    """At any depth the gate answers with its problem document before parameters are looked at."""
    app = build()
    guarded(app)
    with running(app) as client:
        for path in ("/o/m/i/closed?number=x", "/o/m/i/starlette"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")
        if build is not included_with_dependencies:
            assert client.get("/o/m/i/open").status_code == 200
            assert client.get("/o/m/i/closed?number=3", headers=bearer("anna")).json() == 3
            assert client.get("/o/m/i/starlette", headers=bearer("anna")).text == "inside"


@pytest.mark.parametrize("running", EITHER_WAY)
def test_both_inclusions_of_one_router_are_protected(running: Running) -> None:
    """A route object shared by two parents is wrapped once and closed under both."""
    app = included_twice()
    guarded(app)
    with running(app) as client:
        for prefix in ("/other", "/o/m/i"):
            assert client.get(f"{prefix}/closed?number=1").status_code == 401
            assert client.get(f"{prefix}/closed?number=1", headers=bearer("anna")).json() == 1
            assert client.get(f"{prefix}/open").status_code == 200


def test_a_route_under_a_public_and_an_unmarked_parent_takes_the_stricter() -> None:
    """One parent's ``public`` does not open the same routes under another parent."""
    for first, second in (("open", "shut"), ("shut", "open")):
        shared = Router(routes=[Route("/it", opened)])
        mounts = {"open": public(Mount("/open", shared)), "shut": Mount("/shut", shared)}
        app = Starlette(routes=[mounts[first], mounts[second]])
        guarded(app, default="deny")
        with started(app) as client:
            assert client.get("/shut/it").status_code == 403


@pytest.mark.parametrize("first_request", [True, False])
def test_routes_that_come_after_the_start_are_protected(first_request: bool) -> None:
    """A route added to a running app is resolved before its first call, in every kind of router."""
    sub, shared, app = FastAPI(), APIRouter(), FastAPI()
    app.include_router(shared, prefix="/shared")
    app.mount("/sub", sub)
    guarded(app)

    def operation(number: int) -> int:
        return number

    with started(app) as client:
        if first_request:
            assert client.get("/nothing").status_code == 404
            assert client.get("/sub/nothing").status_code == 404
        late = APIRouter()
        late.get("/late")(require_auth(operation))
        app.get("/late")(require_auth(operation))
        sub.get("/late")(require_auth(operation))
        shared.get("/late")(require_auth(operation))
        app.include_router(late, prefix="/included")
        for path in ("/late", "/sub/late", "/shared/late", "/included/late"):
            answer = client.get(f"{path}?number=x")
            assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")
            assert client.get(f"{path}?number=4", headers=bearer("anna")).json() == 4


def test_a_sub_app_mounted_while_running_is_protected_by_its_own_guards_and_the_gate() -> None:
    """A whole app that served before it was mounted answers 401 through our handler, not 500."""
    sub, app = FastAPI(), FastAPI()

    def careless(endpoint: Any) -> Any:
        async def inner() -> Any:
            return await endpoint()

        return inner

    @sub.get("/hidden")
    @careless
    @require_auth
    async def hidden() -> str:
        return "inside"

    guarded(app)
    with started(sub) as client:
        assert client.get("/hidden").status_code == 503
    with started(app) as client:
        assert client.get("/sub/hidden").status_code == 404
        app.mount("/sub", sub)
        assert client.get("/sub/hidden").json()["code"] == "authentication_required"
        assert client.get("/sub/hidden", headers=bearer("anna")).json() == "inside"


def test_a_replaced_last_route_is_noticed() -> None:
    """Removing a route and adding another leaves no gap, though the count is the same."""
    app = FastAPI()
    app.add_route("/old", opened)
    guarded(app, default="deny")
    with started(app) as client:
        assert client.get("/old").status_code == 403
        app.router.routes.pop()
        app.router.routes.append(Route("/new", opened))
        assert client.get("/new").status_code == 403
        app.router.routes = [Route("/newer", opened)]
        assert client.get("/newer").status_code == 403


def test_websockets_of_included_routers_are_refused_before_their_parameters_are_read() -> None:
    """An included WebSocket is a copy inside FastAPI; the copy has the gate too."""
    app, inner = FastAPI(), APIRouter()

    @inner.websocket("/live")
    @require_auth
    async def live(socket: WebSocket, number: int = Query()) -> None:
        await socket.accept()
        await socket.send_text(str(number))
        await socket.close()

    app.include_router(inner, prefix="/v2")
    guarded(app)
    with started(app) as client:
        with (
            pytest.raises(WebSocketDenialResponse) as denied,
            client.websocket_connect("/v2/live?number=x"),
        ):
            pass
        assert denied.value.status_code == 401
        with client.websocket_connect("/v2/live?number=7", headers=bearer("anna")) as socket:
            assert socket.receive_text() == "7"


def test_static_files_can_be_protected(tmp_path: Any) -> None:
    """``require_auth`` goes around any ASGI app that is mounted."""
    (tmp_path / "plan.txt").write_text("the plan")
    app = FastAPI()
    app.mount("/files", require_auth(StaticFiles(directory=tmp_path)))
    guarded(app)
    with started(app) as client:
        assert client.get("/files/plan.txt").status_code == 401
        assert client.get("/files/plan.txt", headers=bearer("anna")).text == "the plan"


def test_two_gates_one_inside_the_other_each_ask_their_own_authenticator() -> None:
    """A sub-app with an installation of its own identifies its callers itself."""
    sub = Starlette(routes=routes())
    app = Starlette(routes=[Mount("/sub", sub)])
    guarded(sub)
    guarded(app)
    with started(app) as client:
        assert client.get("/sub/closed").status_code == 401
        assert client.get("/sub/closed", headers=bearer("anna")).text == "inside"
        assert client.get("/sub/open").text == "outside"


def test_a_router_that_contains_itself_does_not_hang_the_start() -> None:
    """A cycle of mounts is walked once."""
    inner = Router(routes=routes())
    inner.routes.append(Mount("/again", inner))
    app = Starlette(routes=[Mount("/r", inner)])
    guarded(app)
    with started(app) as client:
        assert client.get("/r/closed").status_code == 401
        assert client.get("/r/again/again/closed").status_code == 401


def test_nothing_is_walked_again_while_nothing_changed() -> None:
    """Requirements are resolved once: requests on an unchanged app reuse what was found."""
    app = FastAPI()
    app.include_router(router(), prefix="/v2")
    gate = guarded(app)
    with started(app) as client:
        before = gate.table
        client.get("/v2/open")
        client.get("/v2/closed")
        assert gate.table is before
