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


def test_a_mount_shared_between_an_included_and_a_mounted_router_takes_the_stricter() -> None:
    """FastAPI copies a wrapped mount with its wrapper; the copy does not loosen the original."""
    inner, sub, app = APIRouter(), FastAPI(), FastAPI()
    inner.mount("/asgi", PlainTextResponse("inside"))
    guarded(app, default="deny")
    app.mount("/shut", inner)
    with started(app) as client:
        assert client.get("/shut/asgi/x").status_code == 403
        sub.include_router(inner, prefix="/included")
        app.mount("/open", public(sub))
        for path in ("/shut/asgi/x", "/open/included/asgi/x"):
            assert client.get(path).status_code == 403


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
