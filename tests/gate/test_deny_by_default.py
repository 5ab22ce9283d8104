"""``default="deny"`` refuses what nobody classified; without it, it is reported when the app starts."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Match, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.testclient import WebSocketDenialResponse

from tests.gate.workshop import EITHER_WAY, Running, bearer, guarded, started
from watchword.api.decorators import public, require_auth
from watchword.errors import ConfigurationError


async def endpoint(request: Request) -> Response:
    return PlainTextResponse("inside")


@public
async def opened(request: Request) -> Response:
    return PlainTextResponse("open")


@require_auth
async def closed(request: Request) -> Response:
    return PlainTextResponse("closed")


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("inside")(scope, receive, send)


class OwnRoute(BaseRoute):
    """A kind of route that nobody here has heard of."""

    def matches(self, scope: Any) -> tuple[Match, Any]:
        own = scope["type"] == "http" and scope["path"] == "/own"
        return (Match.FULL, {}) if own else (Match.NONE, {})

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        await asgi(scope, receive, send)


def unmarked_everywhere(tmp_path: Any) -> FastAPI:
    (tmp_path / "index.html").write_text("inside")
    app, inner, sub = FastAPI(), APIRouter(), FastAPI()

    @app.get("/operation")
    async def operation() -> str:
        return "inside"

    @inner.get("/operation")
    async def inner_operation() -> str:
        return "inside"

    @sub.get("/operation")
    def sub_operation() -> str:
        return "inside"

    app.add_route("/starlette", endpoint)
    inner.add_route("/starlette", endpoint)
    inner.mount("/sub", Router(routes=[Route("/starlette", endpoint)]))
    inner.mount("/asgi", asgi)
    app.include_router(inner, prefix="/inner")
    app.mount("/sub", sub)
    app.mount("/static", StaticFiles(directory=tmp_path))
    app.router.routes.append(Route("/class", type("Class", (HTTPEndpoint,), {"get": _get})))
    app.router.routes.append(Host("other.example", Router(routes=[Route("/starlette", endpoint)])))
    app.router.routes.append(OwnRoute())
    app.frontend("/site", directory=tmp_path)
    inner.frontend("/site", directory=tmp_path)
    return app


async def _get(self: Any, request: Request) -> Response:
    return PlainTextResponse("inside")


PATHS = [
    "/operation",
    "/starlette",
    "/class",
    "/own",
    "/inner/operation",
    "/inner/starlette",
    "/inner/sub/starlette",
    "/inner/asgi/any",
    "/sub/operation",
    "/sub/openapi.json",
    "/static/index.html",
    "/site/index.html",
    "/inner/site/index.html",
    "/openapi.json",
    "/docs",
]


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize("caller", ["", "anna", "expired"])
def test_unclassified_routes_are_refused_for_everybody(running: Running, caller: str, tmp_path: Any) -> None:
    """403 ``route_unclassified``, signed in or not, for every kind of route there is; the
    framework's own documentation included."""
    app = unmarked_everywhere(tmp_path)
    guarded(app, default="deny")
    headers = bearer(caller) if caller else {}
    with running(app) as client:
        answers = {path: client.get(path, headers=headers) for path in PATHS}
        elsewhere = client.get("/starlette", headers={**headers, "Host": "other.example"})
    got = {path: (answer.status_code, answer.text) for path, answer in answers.items()}
    assert {path: status for path, (status, _) in got.items()} == dict.fromkeys(PATHS, 403)
    assert all(answer.json()["code"] == "route_unclassified" for answer in answers.values())
    assert elsewhere.status_code == 403


def test_the_same_routes_are_open_by_default(tmp_path: Any) -> None:
    """Without ``deny`` watchword adds nothing to routes it was not asked to protect."""
    app = unmarked_everywhere(tmp_path)
    guarded(app)
    with started(app) as client:
        assert {path: client.get(path).status_code for path in PATHS} == dict.fromkeys(PATHS, 200)


def test_classified_routes_work_under_deny() -> None:
    """Public ones are open, protected ones ask; 404 and 405 stay what they were."""
    app = FastAPI()
    app.add_route("/open", opened)
    app.add_route("/closed", closed)
    app.add_route("/unmarked", endpoint)
    guarded(app, default="deny")
    with started(app) as client:
        assert client.get("/open", headers=bearer("expired")).text == "open"
        assert client.get("/closed").status_code == 401
        assert client.get("/closed", headers=bearer("anna")).text == "closed"
        assert client.get("/nowhere").status_code == 404
        assert client.post("/unmarked").status_code == 405


def test_what_cannot_be_decorated_can_be_marked(tmp_path: Any) -> None:
    """``public`` goes on mounted apps, whole sub-apps and single route objects."""
    (tmp_path / "style.css").write_text("body {}")
    sub = FastAPI()
    sub.add_route("/unmarked", endpoint)
    sub.add_route("/closed", closed)
    app = FastAPI()
    app.mount("/static", public(StaticFiles(directory=tmp_path)))
    app.mount("/sub", public(sub))
    app.router.routes.append(public(Route("/route", endpoint)))
    inner = APIRouter()
    inner.routes.append(public(Route("/route", endpoint)))
    app.include_router(inner, prefix="/inner")
    guarded(app, default="deny")
    with started(app) as client:
        for path in ("/static/style.css", "/sub/unmarked", "/route", "/inner/route"):
            assert client.get(path).status_code == 200
        assert client.get("/sub/closed").status_code == 401


@pytest.mark.parametrize("included", [True, False])
def test_unclassified_handshakes_are_refused(included: bool) -> None:
    """WebSockets are routes too."""
    app, inner = FastAPI(), APIRouter()

    @(inner if included else app).websocket("/live")
    async def live(socket: WebSocket) -> None:
        raise AssertionError("accepted")

    app.include_router(inner)
    guarded(app, default="deny")
    with (
        started(app) as client,
        pytest.raises(WebSocketDenialResponse) as denied,
        client.websocket_connect("/live", headers=bearer("admin")),
    ):
        pass
    assert denied.value.status_code == 403


def test_a_front_end_added_while_running_is_noticed(tmp_path: Any) -> None:
    """FastAPI rebuilds an included router's routes when a front end comes; none slips through."""
    (tmp_path / "index.html").write_text("inside")
    app, inner = FastAPI(), APIRouter()
    inner.add_route("/starlette", endpoint)
    app.include_router(inner, prefix="/inner")
    guarded(app, default="deny")
    with started(app) as client:
        assert client.get("/inner/starlette").status_code == 403
        inner.frontend("/site", directory=tmp_path)
        assert client.get("/inner/starlette").status_code == 403
        assert client.get("/inner/site/index.html").status_code == 403


@pytest.mark.parametrize(("default", "fate"), [("allow", "open to anyone"), ("deny", "refused")])
def test_x_16_the_start_reports_unmarked_routes(
    default: Any, fate: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning names each unmarked route and what happens to it, but not the documentation."""
    app = FastAPI()
    app.add_route("/open", opened)
    app.add_route("/closed", closed)
    app.add_route("/forgotten", endpoint, methods=["POST"])
    guarded(app, default=default)
    with caplog.at_level(logging.WARNING, logger="watchword"), started(app):
        pass
    (told,) = [record.getMessage() for record in caplog.records if record.name == "watchword"]
    assert told == f"routes with neither @require_auth nor @public are {fate}: POST /forgotten"


def test_an_app_with_everything_marked_reports_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """No warning when there is nothing to warn of."""
    app = Starlette(routes=[Route("/open", opened), Route("/closed", closed)])
    guarded(app)
    with caplog.at_level(logging.DEBUG, logger="watchword"), started(app):
        pass
    assert [record for record in caplog.records if record.name == "watchword"] == []


def test_the_route_listing_says_path_methods_and_protection() -> None:
    """Whole paths in order of dispatch; a class-based endpoint has a line for each method."""

    class Orders(HTTPEndpoint):
        @require_auth
        async def post(self, request: Request) -> None: ...

        @public
        async def get(self, request: Request) -> None: ...

    inner = APIRouter(prefix="/inner")
    inner.get("/deep/{number}")(require_auth(lambda number: number))
    app = FastAPI(openapi_url=None)
    app.include_router(inner, prefix="/v2")
    app.mount("/sub", Starlette(routes=[Route("/open", opened), Route("/orders", Orders)]))
    app.mount("/files", asgi)
    assert [(each.path, each.methods, each.protection) for each in guarded(app).routes()] == [
        ("/v2/inner/deep/{number}", ("GET",), "protected"),
        ("/sub/open", ("GET", "HEAD"), "public"),
        ("/sub/orders", ("GET",), "public"),
        ("/sub/orders", ("POST",), "protected"),
        ("/sub/orders", ("HEAD",), "public"),
        ("/files/{path:path}", (), "unclassified"),
    ]


def test_installing_too_late_or_twice_or_with_another_word_is_told() -> None:
    """Each mistake in installing names its fix."""
    app = FastAPI()
    guarded(app)
    with pytest.raises(ConfigurationError, match="installed in this app already"):
        guarded(app)
    served = FastAPI()
    with started(served) as client:
        client.get("/")
    with pytest.raises(ConfigurationError, match="before the app starts"):
        guarded(served)
    with pytest.raises(ConfigurationError, match="'allow' or 'deny'"):
        guarded(FastAPI(), default="maybe")  # type: ignore[arg-type]


def test_the_lifespans_are_nested_and_their_state_is_kept() -> None:
    """Ours starts before the app's own and stops after it; what the app yields reaches requests."""
    order: list[str] = []

    @asynccontextmanager
    async def outer() -> AsyncIterator[None]:
        order.append("watchword starts")
        yield
        order.append("watchword stops")

    @asynccontextmanager
    async def own(app: Any) -> AsyncIterator[dict[str, str]]:
        order.append("app starts")
        yield {"word": "kept"}
        order.append("app stops")

    async def word(request: Request) -> Response:
        return PlainTextResponse(request.state.word)

    app = Starlette(routes=[Mount("/", routes=[Route("/word", word)])], lifespan=own)
    guarded(app, lifespan=outer)
    with started(app) as client:
        assert client.get("/word").text == "kept"
    assert order == ["watchword starts", "app starts", "app stops", "watchword stops"]
