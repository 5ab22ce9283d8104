"""One app for each way to protect a route by a dependency; all ask for ``orders:write``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Security
from pydantic import BaseModel

from watchword import CurrentPrincipal, Principal, current_principal, require_auth

Reader = Annotated[Principal, Security(current_principal, scopes=["orders:read"])]
WRITES = Security(current_principal, scopes=["orders:write"])


class Order(BaseModel):
    item: str


def reading(caller: Reader) -> Principal:
    return caller


def two_deep(caller: Annotated[Principal, Security(reading, scopes=["orders:write"])]) -> str:
    return caller.subject


def plainly(caller: CurrentPrincipal) -> str:
    return caller.subject


def as_parameter() -> FastAPI:
    app = FastAPI()

    @app.post("/it")
    async def endpoint(caller: Annotated[Principal, WRITES], order: Order) -> str:
        return caller.subject

    return app


def as_default() -> FastAPI:
    app = FastAPI()

    @app.post("/it")
    def endpoint(order: Order, caller: Principal = WRITES) -> str:
        return caller.subject

    return app


def on_the_route() -> FastAPI:
    app = FastAPI()

    @app.post("/it", dependencies=[WRITES])
    async def endpoint(order: Order) -> str:
        return "admin"

    return app


def nested() -> FastAPI:
    app = FastAPI()

    @app.post("/it")
    async def endpoint(order: Order, subject: str = Depends(two_deep)) -> str:
        return subject

    return app


def around_a_plain_one() -> FastAPI:
    """The scopes of a ``Security(…)`` hold for ``CurrentPrincipal`` inside of it as well."""
    app = FastAPI()

    @app.post("/it")
    async def endpoint(order: Order, subject: str = Security(plainly, scopes=["orders:write"])) -> str:
        return subject

    return app


def on_the_router() -> FastAPI:
    router = APIRouter(dependencies=[WRITES])

    @router.post("/it")
    async def endpoint(order: Order) -> str:
        return "admin"

    app = FastAPI()
    app.include_router(router)
    return app


def on_the_inclusion() -> FastAPI:
    router, outer, app = APIRouter(), APIRouter(), FastAPI()

    @router.post("/it")
    async def endpoint(order: Order) -> str:
        return "admin"

    outer.include_router(router)
    app.include_router(outer, dependencies=[WRITES])
    return app


def on_the_app() -> FastAPI:
    app = FastAPI(dependencies=[WRITES])

    @app.post("/it")
    async def endpoint(order: Order) -> str:
        return "admin"

    return app


def guarded_dependency() -> FastAPI:
    """A dependency with ``@require_auth`` protects the routes that depend on it."""

    @require_auth(scopes=["orders:write"])
    async def writer(caller: CurrentPrincipal) -> str:
        return caller.subject

    app = FastAPI()

    @app.post("/it")
    async def endpoint(order: Order, subject: str = Depends(writer)) -> str:
        return subject

    return app


def guarded_object() -> FastAPI:
    """An object with a guarded ``__call__`` is such a dependency as well."""

    class Writer:
        @require_auth(scopes=["orders:write"])
        async def __call__(self, caller: CurrentPrincipal) -> str:
            return caller.subject

    app = FastAPI()
    writer = Writer()

    @app.post("/it")
    async def endpoint(order: Order, subject: str = Depends(writer)) -> str:
        return subject

    return app


FORMS: list[Callable[[], FastAPI]] = [
    *(as_parameter, as_default, on_the_route, nested, around_a_plain_one, on_the_router),
    *(on_the_inclusion, on_the_app, guarded_dependency, guarded_object),
]
