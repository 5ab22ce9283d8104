"""One app for each kind of endpoint; each notes in ``ran`` that its endpoint ran."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from watchword.api.decorators import require_auth

Ran = list[str]
Build = Callable[[Ran], Starlette]


def coroutine(ran: Ran) -> Starlette:
    app = FastAPI()

    @app.get("/it")
    @require_auth
    async def endpoint() -> str:
        ran.append("it")
        return "done"

    return app


def plain_function(ran: Ran) -> Starlette:
    app = FastAPI()

    @app.get("/it")
    @require_auth
    def endpoint() -> str:
        ran.append("it")
        return "done"

    return app


def async_generator(ran: Ran) -> Starlette:
    app = FastAPI()

    @app.get("/it", response_class=StreamingResponse)
    @require_auth
    async def endpoint() -> AsyncIterator[str]:
        ran.append("it")
        yield "done"

    return app


def generator(ran: Ran) -> Starlette:
    app = FastAPI()

    @app.get("/it", response_class=StreamingResponse)
    @require_auth
    def endpoint() -> Iterator[str]:
        ran.append("it")
        yield "done"

    return app


def json_lines(ran: Ran) -> Starlette:
    app = FastAPI()

    @app.get("/it")
    @require_auth
    async def endpoint() -> AsyncIterator[str]:
        ran.append("it")
        yield "done"

    return app


def streaming(ran: Ran) -> Starlette:
    app = FastAPI()

    @app.get("/it")
    @require_auth
    async def endpoint() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            ran.append("it")
            yield b"done"

        return StreamingResponse(chunks())

    return app


def background(ran: Ran) -> Starlette:
    app = FastAPI()

    @app.get("/it")
    @require_auth
    async def endpoint(tasks: BackgroundTasks) -> str:
        tasks.add_task(ran.append, "it")
        return "done"

    return app


def callable_instance(ran: Ran) -> Starlette:
    class Endpoint:
        async def __call__(self) -> str:
            ran.append("it")
            return "done"

    app = FastAPI()
    app.get("/it")(require_auth(Endpoint()))
    return app


def bound_method(ran: Ran) -> Starlette:
    class Service:
        @require_auth
        async def endpoint(self) -> str:
            ran.append("it")
            return "done"

    app = FastAPI()
    app.get("/it")(Service().endpoint)
    return app


def decorated_bound_method(ran: Ran) -> Starlette:
    class Service:
        def endpoint(self) -> str:
            ran.append("it")
            return "done"

    app = FastAPI()
    app.get("/it")(require_auth(Service().endpoint))
    return app


def partial_of_guarded(ran: Ran) -> Starlette:
    @require_auth
    async def endpoint(answer: str) -> str:
        ran.append("it")
        return answer

    app = FastAPI()
    app.get("/it")(functools.partial(endpoint, answer="done"))
    return app


def guarded_partial(ran: Ran) -> Starlette:
    async def endpoint(request: Request, answer: str) -> Response:
        ran.append("it")
        return PlainTextResponse(answer)

    return Starlette(routes=[Route("/it", require_auth(functools.partial(endpoint, answer="done")))])


def hidden_by_a_careless_decorator(ran: Ran) -> Starlette:
    def careless(endpoint: Callable[[], Any]) -> Callable[[], Any]:
        async def inner() -> Any:
            return await endpoint()

        return inner

    app = FastAPI()

    @app.get("/it")
    @careless
    @require_auth
    async def endpoint() -> str:
        ran.append("it")
        return "done"

    return app


def starlette_coroutine(ran: Ran) -> Starlette:
    @require_auth
    async def endpoint(request: Request) -> Response:
        ran.append("it")
        return PlainTextResponse("done")

    return Starlette(routes=[Route("/it", endpoint)])


def starlette_plain(ran: Ran) -> Starlette:
    @require_auth
    def endpoint(request: Request) -> Response:
        return PlainTextResponse("done", background=BackgroundTask(ran.append, "it"))

    return Starlette(routes=[Route("/it", endpoint)])


def endpoint_class(ran: Ran) -> Starlette:
    @require_auth
    class Endpoint(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            ran.append("it")
            return PlainTextResponse("done")

    return Starlette(routes=[Route("/it", Endpoint)])


def subclass_of_guarded_class(ran: Ran) -> Starlette:
    @require_auth
    class Base(HTTPEndpoint):
        pass

    class Endpoint(Base):
        def get(self, request: Request) -> Response:
            ran.append("it")
            return PlainTextResponse("done")

    return Starlette(routes=[Route("/it", Endpoint)])


def endpoint_class_method(ran: Ran) -> Starlette:
    class Endpoint(HTTPEndpoint):
        @require_auth
        async def get(self, request: Request) -> Response:
            ran.append("it")
            return PlainTextResponse("done")

    return Starlette(routes=[Route("/it", Endpoint)])


def class_with_its_own_dispatch(ran: Ran) -> Starlette:
    class Endpoint(HTTPEndpoint):
        async def dispatch(self) -> None:
            response = await self.get(Request(self.scope, self.receive))
            await response(self.scope, self.receive, self.send)

        @require_auth
        async def get(self, request: Request) -> Response:
            ran.append("it")
            return PlainTextResponse("done")

    return Starlette(routes=[Route("/it", Endpoint)])


def asgi_instance(ran: Ran) -> Starlette:
    class App:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            ran.append("it")
            await PlainTextResponse("done")(scope, receive, send)

    return Starlette(routes=[Route("/it", require_auth(App()))])


def instance_of_guarded_class(ran: Ran) -> Starlette:
    @require_auth
    class App:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            ran.append("it")
            await PlainTextResponse("done")(scope, receive, send)

    return Starlette(routes=[Route("/it", App())])


KINDS: list[Build] = [
    coroutine,
    plain_function,
    async_generator,
    generator,
    json_lines,
    streaming,
    background,
    callable_instance,
    bound_method,
    decorated_bound_method,
    partial_of_guarded,
    guarded_partial,
    hidden_by_a_careless_decorator,
    starlette_coroutine,
    starlette_plain,
    endpoint_class,
    subclass_of_guarded_class,
    endpoint_class_method,
    class_with_its_own_dispatch,
    asgi_instance,
    instance_of_guarded_class,
]
