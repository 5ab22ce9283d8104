"""The decorators themselves: every way to write them, and what they leave as it was."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Path, Query
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.gate.workshop import EITHER_WAY, Running, bearer, guarded, started
from watchword.api.decorators import public, require_auth
from watchword.api.dependencies import CurrentPrincipal
from watchword.errors import NotInstalled

OnlyHere = Annotated[str, Path(min_length=1)]
Number = Annotated[Decimal, Query(gt=0)]


def test_bare_and_empty_call_mean_the_same() -> None:
    """``@require_auth`` and ``@require_auth()`` ask for any signed-in caller."""
    app = FastAPI()

    @app.get("/bare")
    @require_auth
    async def bare() -> str:
        return "done"

    @app.get("/called")
    @require_auth()
    async def called() -> str:
        return "done"

    guarded(app)
    with started(app) as client:
        for path in ("/bare", "/called"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers=bearer("anna")).status_code == 200


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize("outer", ["roles", "scopes"])
def test_two_decorators_must_both_be_met(running: Running, outer: str) -> None:
    """Stacked requirements add up, whichever is on top."""
    first, second = require_auth(roles=["admin"]), require_auth(scopes=["orders:read"])
    if outer == "scopes":
        first, second = second, first
    app = FastAPI()

    @app.get("/it")
    @first
    @second
    async def endpoint() -> str:
        return "done"

    guarded(app)
    with running(app) as client:
        got = {n: client.get("/it", headers=bearer(n)).status_code for n in ("reader", "demoted", "admin")}
    assert got == {"reader": 403, "demoted": 403, "admin": 200}


@pytest.mark.parametrize("running", EITHER_WAY)
def test_x_16_decorators_in_the_wrong_order_still_protect(running: Running) -> None:
    """``@require_auth`` above ``@app.get`` leaves the bare function in the route; it is known."""
    app = FastAPI()

    @require_auth(roles=["admin"])
    @app.get("/sync")
    def sync() -> str:
        return "done"

    @require_auth
    @app.get("/async")
    async def coroutine() -> str:
        return "done"

    class Service:
        async def method(self) -> str:
            return "done"

    require_auth(app.get("/method")(Service().method))
    guarded(app)
    with running(app) as client:
        for path in ("/sync", "/async", "/method"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers=bearer("admin")).json() == "done"
        assert client.get("/sync", headers=bearer("anna")).status_code == 403


def test_x_16_the_wrong_order_is_noticed_on_a_running_app() -> None:
    """A mark that comes after its route was resolved closes the route from the next request on."""
    app = FastAPI()

    async def endpoint() -> str:
        return "done"

    app.get("/it")(endpoint)
    guarded(app)
    with started(app) as client:
        assert client.get("/it").status_code == 200
        require_auth(endpoint)
        assert client.get("/it").status_code == 401


def test_a_protected_function_is_protected_in_every_route() -> None:
    """One function under a guarded and an unguarded route is closed under both."""

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("done")

    app = Starlette(routes=[Route("/bare", endpoint), Route("/guarded", require_auth(endpoint))])
    guarded(app)
    with started(app) as client:
        assert [client.get(path).status_code for path in ("/bare", "/guarded")] == [401, 401]


def test_a_guarded_helper_guards_inside_another_endpoint() -> None:
    """Calling a protected function from an open endpoint decides for the request's caller, with
    the function's own requirement."""
    app = FastAPI()

    @require_auth(roles=["admin"])
    async def helper() -> str:
        return "done"

    @app.get("/open")
    @public
    async def opened() -> str:
        return await helper()

    @app.get("/closed")
    @require_auth
    async def closed() -> str:
        return await helper()

    @require_auth(roles=["admin"])
    def plain_helper() -> str:
        return "done"

    @app.get("/thread")
    @require_auth
    def thread() -> str:
        return plain_helper()

    @app.get("/dependency")
    async def depending(answer: str = Depends(helper)) -> str:
        return answer

    guarded(app)
    with started(app) as client:
        for path in ("/open", "/closed", "/thread", "/dependency"):
            assert client.get(path).json()["code"] == "authentication_required"
            assert client.get(path, headers=bearer("anna")).json()["code"] == "insufficient_scope"
            assert client.get(path, headers=bearer("admin")).json() == "done"


async def test_a_protected_function_called_outside_any_request_refuses() -> None:
    """In a unit test or a script there is no caller to check, so the function says so."""

    @require_auth
    async def coroutine() -> None: ...

    @require_auth
    def plain() -> None: ...

    @require_auth
    async def generator() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(NotInstalled):
        await coroutine()
    with pytest.raises(NotInstalled):
        plain()
    with pytest.raises(NotInstalled):
        generator()


def test_name_signature_and_documentation_are_kept() -> None:
    """What inspects the endpoint sees the endpoint."""

    @require_auth(roles=["admin"])
    async def endpoint(order_id: OnlyHere, *, number: Number = Decimal(1)) -> OnlyHere:
        """Said by the author."""
        return order_id

    original: Any = inspect.unwrap(endpoint)
    assert inspect.signature(endpoint) == inspect.signature(original)
    assert (endpoint.__name__, endpoint.__doc__) == ("endpoint", "Said by the author.")
    assert endpoint.__module__ == __name__
    assert inspect.iscoroutinefunction(endpoint)


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_string_annotations_resolve_in_the_users_module(kind: str) -> None:
    """``from __future__ import annotations`` in the user's module works: path, query, body and
    caller are recognised by names only that module knows."""
    app = FastAPI()

    if kind == "async":

        @app.get("/orders/{order_id}")
        @require_auth
        async def endpoint(order_id: OnlyHere, number: Number, caller: CurrentPrincipal) -> dict[str, str]:
            return {"order": order_id, "number": str(number), "caller": caller.subject}
    else:

        @app.get("/orders/{order_id}")
        @require_auth
        def endpoint_of_a_thread(
            order_id: OnlyHere, number: Number, caller: CurrentPrincipal
        ) -> dict[str, str]:
            return {"order": order_id, "number": str(number), "caller": caller.subject}

    guarded(app)
    with started(app) as client:
        answer = client.get("/orders/7?number=1.50", headers=bearer("anna"))
        assert answer.json() == {"order": "7", "number": "1.50", "caller": "anna"}
        assert client.get("/orders/7?number=0", headers=bearer("anna")).status_code == 422


def test_exceptions_of_the_endpoint_pass_unchanged() -> None:
    """What an endpoint raises reaches the host app's own handlers."""

    class OwnError(Exception):
        pass

    app = FastAPI()

    @app.get("/it")
    @require_auth
    async def endpoint() -> None:
        raise OwnError("as it was")

    @app.exception_handler(OwnError)
    async def own(request: Request, error: OwnError) -> Response:
        return PlainTextResponse(str(error), status_code=418)

    guarded(app)
    with started(app) as client:
        answer = client.get("/it", headers=bearer("anna"))
    assert (answer.status_code, answer.text) == (418, "as it was")
