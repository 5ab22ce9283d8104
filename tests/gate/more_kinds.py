"""Rarer kinds of endpoints, one app each, as in ``kinds``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, Router

from tests.gate.kinds import Build, Ran
from watchword.api.decorators import require_auth


def server_sent_events(ran: Ran) -> Starlette:
    app = FastAPI()

    @app.get("/it", response_class=EventSourceResponse)
    @require_auth
    async def endpoint() -> AsyncIterator[str]:
        ran.append("it")
        yield "done"

    return app


def class_based_view(ran: Ran) -> Starlette:
    class Orders:
        def __init__(self) -> None:
            self.answer = "done"

        @require_auth
        def listed(self) -> str:
            ran.append("it")
            return self.answer

    app = FastAPI()
    app.add_api_route("/it", Orders().listed, methods=["GET"])
    return app


def static_method(ran: Ran) -> Starlette:
    class Orders:
        @staticmethod
        @require_auth
        async def listed() -> str:
            ran.append("it")
            return "done"

    app = FastAPI()
    app.add_api_route("/it", Orders.listed)
    return app


def class_method(ran: Ran) -> Starlette:
    class Orders:
        @classmethod
        @require_auth
        async def listed(cls) -> str:
            ran.append("it")
            return "done"

    app = FastAPI()
    app.add_api_route("/it", Orders.listed)
    return app


def inherited_method(ran: Ran) -> Starlette:
    class Base:
        @require_auth
        async def listed(self) -> str:
            ran.append("it")
            return "done"

    class Orders(Base):
        pass

    app = FastAPI()
    app.get("/it")(Orders().listed)
    return app


def instance_with_a_generator(ran: Ran) -> Starlette:
    class Endpoint:
        async def __call__(self) -> AsyncIterator[str]:
            ran.append("it")
            yield "done"

    app = FastAPI()
    app.get("/it", response_class=StreamingResponse)(require_auth(Endpoint()))
    return app


def instance_with_a_guarded_call(ran: Ran) -> Starlette:
    class Endpoint:
        @require_auth
        async def __call__(self) -> str:
            ran.append("it")
            return "done"

    app = FastAPI()
    app.get("/it")(Endpoint())
    return app


def function_that_returns_an_awaitable(ran: Ran) -> Starlette:
    @require_auth
    def endpoint(request: Request) -> Awaitable[Response]:
        async def later() -> Response:
            ran.append("it")
            return PlainTextResponse("done")

        return later()

    async def outer(request: Request) -> Response:
        return await endpoint(request)

    return Starlette(routes=[Route("/it", outer)])


def task_of_the_event_loop(ran: Ran) -> Starlette:
    """A guarded function inside a task of its own knows whose request it works for."""

    @require_auth
    async def helper() -> None:
        ran.append("it")

    app = FastAPI()

    @app.get("/it")
    async def endpoint() -> str:
        await asyncio.create_task(helper())
        return "done"

    return app


def guarded_background_task(ran: Ran) -> Starlette:
    """So does one that runs after the answer was sent."""

    @require_auth
    def helper() -> None:
        ran.append("it")

    app = FastAPI()

    @app.get("/it")
    @require_auth
    async def endpoint(tasks: BackgroundTasks) -> str:
        tasks.add_task(helper)
        return "done"

    return app


def behind_other_middleware(ran: Ran) -> Starlette:
    """Middleware that runs the app in a task of its own loses nothing."""
    app = FastAPI()

    async def passing(request: Request, go_on: Any) -> Any:
        return await go_on(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=passing)

    @app.get("/it")
    @_careless
    @require_auth
    async def endpoint() -> str:
        ran.append("it")
        return "done"

    return app


def _careless(endpoint: Callable[[], Any]) -> Callable[[], Any]:
    async def inner() -> Any:
        return await endpoint()

    return inner


def exception_handler(ran: Ran) -> Starlette:
    """A handler is no route, but a guarded one still asks for its caller."""

    @require_auth
    async def handler(request: Request, error: Exception) -> Response:
        ran.append("it")
        return PlainTextResponse("done")

    async def missing(request: Request) -> Response:
        return await _handled(handler, request)

    return Starlette(routes=[Route("/it", missing)])


async def _handled(handler: Any, request: Request) -> Response:
    try:
        raise LookupError
    except LookupError as error:
        answer: Response = await handler(request, error)
    return answer


def asgi_app_in_a_mount(ran: Ran) -> Starlette:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        ran.append("it")
        await PlainTextResponse("done")(scope, receive, send)

    return Starlette(routes=[Mount("/it", require_auth(answer))])


def router_of_a_host(ran: Ran) -> Starlette:
    @require_auth
    async def endpoint(request: Request) -> Response:
        ran.append("it")
        return JSONResponse("done")

    app = Starlette()
    app.host("testserver", Router(routes=[Route("/it", endpoint)]))
    return app


MORE_KINDS: list[Build] = [
    server_sent_events,
    class_based_view,
    static_method,
    class_method,
    inherited_method,
    instance_with_a_generator,
    instance_with_a_guarded_call,
    function_that_returns_an_awaitable,
    task_of_the_event_loop,
    guarded_background_task,
    behind_other_middleware,
    exception_handler,
    asgi_app_in_a_mount,
    router_of_a_host,
]
