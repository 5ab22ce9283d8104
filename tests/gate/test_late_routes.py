"""Routes that come, go or change after the start are resolved before their first call."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.gate.workshop import bearer, guarded, started
from watchword.api.decorators import require_auth


async def opened(request: Request) -> Response:
    return PlainTextResponse("outside")


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


def test_an_exchanged_route_is_noticed() -> None:
    """Replacing one route by another leaves no gap, though the count is the same."""
    app = FastAPI()
    app.add_route("/first", opened)
    app.add_route("/last", opened)
    guarded(app, default="deny")
    with started(app) as client:
        assert client.get("/first").status_code == 403
        app.router.routes[-2] = Route("/middle", opened)
        assert client.get("/middle").status_code == 403
        app.router.routes.pop()
        app.router.routes.append(Route("/new", opened))
        assert client.get("/new").status_code == 403
        app.router.routes = [Route("/newer", opened)]
        assert client.get("/newer").status_code == 403


def test_nothing_is_walked_again_while_nothing_changed() -> None:
    """Requirements are resolved once: requests on an unchanged app reuse what was found."""
    app = FastAPI()
    app.add_route("/open", opened)
    app.get("/closed")(require_auth(lambda: "inside"))
    gate = guarded(app)
    with started(app) as client:
        before = gate.table
        client.get("/open")
        client.get("/closed")
        assert gate.table is before
