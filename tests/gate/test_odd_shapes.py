"""Shapes of apps that nobody should build: the walk ends, and nothing is open by it."""

from __future__ import annotations

import functools
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route, Router

from tests.gate.workshop import guarded, started
from watchword.api.decorators import require_auth


@require_auth
async def closed(request: Request) -> Response:
    return PlainTextResponse("inside")


def router() -> APIRouter:
    made = APIRouter()

    @made.get("/closed")
    @require_auth
    async def closed_operation(number: int) -> int:
        return number

    @made.get("/open")
    async def open_operation() -> str:
        return "outside"

    return made


class OwnInclude(BaseRoute):
    """An included router as another version of FastAPI might have it: only its routes are known."""

    def __init__(self, original_router: APIRouter) -> None:
        self.original_router = original_router

    def matches(self, scope: Any) -> tuple[Match, Any]:
        return max((route.matches(scope) for route in self.original_router.routes), key=_goodness)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        route = max(self.original_router.routes, key=lambda each: _goodness(each.matches(scope)))
        await route.handle(scope, receive, send)


def _goodness(found: tuple[Match, Any]) -> int:
    return found[0].value


def test_an_included_router_of_an_unknown_kind_is_walked_by_its_routes() -> None:
    """Where FastAPI's own attributes are missing, the routes themselves are wrapped."""
    app = FastAPI()
    app.router.routes.append(OwnInclude(router()))
    guarded(app)
    with started(app) as client:
        answer = client.get("/closed?number=x")
        assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")
        assert client.get("/open").status_code == 200


def test_sub_apps_in_partials_are_found_and_endless_wrappings_given_up() -> None:
    """A mount may hold a partial of an app, or something that claims to wrap itself."""

    class Ouroboros:
        def __init__(self) -> None:
            self.app = self

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await PlainTextResponse("round")(scope, receive, send)

    sub = FastAPI()
    sub.include_router(router())
    app = Starlette(
        routes=[Mount("/partial", functools.partial(sub.__call__)), Mount("/round", Ouroboros())],
    )
    guarded(app)
    with started(app) as client:
        assert client.get("/partial/closed?number=x").status_code == 401
        assert client.get("/round/any").text == "round"


def test_a_router_that_contains_itself_does_not_hang_the_start() -> None:
    """A cycle of mounts is walked once."""
    inner = Router(routes=[Route("/closed", closed)])
    inner.routes.append(Mount("/again", inner))
    app = Starlette(routes=[Mount("/r", inner)])
    guarded(app)
    with started(app) as client:
        assert client.get("/r/closed").status_code == 401
        assert client.get("/r/again/again/closed").status_code == 401


def test_a_plugin_that_keeps_a_reference_to_its_app_is_no_part_of_that_app() -> None:
    """A mounted object with the host as ``app`` answers itself; under ``deny`` it needs a mark."""

    class Plugin:
        def __init__(self, app: Starlette) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await PlainTextResponse("inside")(scope, receive, send)

    app = Starlette()
    app.router.routes.append(Mount("/plugin", Plugin(app)))
    guarded(app, default="deny")
    with started(app) as client:
        assert client.get("/plugin/any").status_code == 403


def test_a_route_class_that_serves_other_methods_than_it_says_is_protected_for_all() -> None:
    """Only where the framework itself answers 405 is an unserved method let through to it."""

    class Generous(Route):
        async def handle(self, scope: Any, receive: Any, send: Any) -> None:
            await PlainTextResponse("inside")(scope, receive, send)

    app = Starlette(routes=[Generous("/it", closed, methods=["GET"])])
    guarded(app)
    with started(app) as client:
        assert [client.request(method, "/it").status_code for method in ("GET", "POST")] == [401, 401]
