"""Every way to write the decorators wrong ends in a told mistake or a closed route."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Security
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.gate.workshop import bearer, guarded, started
from watchword.api.decorators import public, require_auth

untyped_require_auth: Any = require_auth
untyped_public: Any = public


@pytest.mark.parametrize(
    ("misuse", "error", "told"),
    [
        (lambda: untyped_require_auth("admin"), TypeError, r'require_auth\(roles=\["admin"\]\)'),
        (lambda: untyped_require_auth(["admin"]), TypeError, r'require_auth\(roles=\["admin"\]\)'),
        (lambda: untyped_require_auth(roles="admin"), TypeError, "list of names"),
        (lambda: untyped_require_auth(roles=[]), ValueError, "nobody or anybody"),
        (lambda: untyped_require_auth(roles=()), ValueError, "nobody or anybody"),
        (lambda: untyped_require_auth(roles=iter([])), ValueError, "nobody or anybody"),
        (lambda: untyped_require_auth(roles=frozenset()), ValueError, "nobody or anybody"),
        (lambda: untyped_require_auth(roles=["super admin"]), ValueError, "no caller can have"),
        (lambda: untyped_require_auth(roles=[None]), ValueError, "nobody or anybody"),
        (lambda: untyped_require_auth(roles=5), TypeError, "not iterable"),
        (lambda: untyped_require_auth(scopes="orders:read"), TypeError, "list of names"),
        (lambda: untyped_require_auth(scopes=["orders:read orders:write"]), ValueError, "RFC 6749"),
        (lambda: untyped_require_auth(scopes=[""]), ValueError, "nobody or anybody"),
        (lambda: untyped_require_auth(max_age_seconds="300"), TypeError, "whole number"),
        (lambda: untyped_require_auth(role=["admin"]), TypeError, "unexpected keyword"),
        (lambda: untyped_require_auth(max_age_seconds=-1), ValueError, "negative"),
        (lambda: untyped_require_auth(staticmethod(print)), TypeError, "below @staticmethod"),
        (lambda: untyped_require_auth(classmethod(print)), TypeError, "below @classmethod"),
        (lambda: untyped_require_auth(type("Plain", (), {})), TypeError, "decorate its methods"),
        (lambda: untyped_public("path"), TypeError, "decorates an endpoint"),
        (lambda: untyped_public(len), TypeError, "wrap it in a function"),
        (lambda: untyped_public(untyped_require_auth(lambda: 1)), ValueError, "cannot be @public too"),
        (
            lambda: untyped_require_auth(untyped_public(lambda: 1)),
            ValueError,
            "cannot have @require_auth too",
        ),
        (
            lambda: untyped_public(functools.partial(untyped_require_auth(lambda: 1))),
            ValueError,
            "cannot be @public too",
        ),
    ],
)
def test_misuse_is_told_when_the_module_is_imported(misuse: Any, error: type[Exception], told: str) -> None:
    """A decorator that cannot mean what was written fails at once and names the fix."""
    with pytest.raises(error, match=told):
        misuse()


def test_a_function_that_takes_no_attributes_can_still_be_guarded() -> None:
    """The guard carries the mark where the function cannot."""
    app = Starlette(routes=[Route("/it", require_auth(functools.partial(_done)))])
    guarded(app)
    assert require_auth(len).__name__ == "len"
    with started(app) as client:
        assert client.get("/it").status_code == 401
        assert client.get("/it", headers=bearer("anna")).text == "done"


def _done(request: Request) -> Response:
    return PlainTextResponse("done")


@pytest.mark.parametrize("wrong", [require_auth, require_auth(), require_auth(roles=["admin"])])
@pytest.mark.parametrize("form", [Depends, Security])
def test_used_as_a_dependency_by_mistake_it_says_what_to_write(wrong: Any, form: Any) -> None:
    """``Depends(require_auth)`` fails where it is written, as a parameter and on the route."""
    app = FastAPI()
    with pytest.raises(TypeError, match=r"no dependency: write @require_auth.*Security\(current_principal"):

        @app.get("/it", dependencies=[form(wrong)])
        async def on_the_route() -> None: ...

    with pytest.raises(TypeError, match="no dependency"):

        @app.get("/it")
        async def as_parameter(caller: Any = form(wrong)) -> None: ...


@pytest.mark.parametrize("query", ["", "?endpoint=x", "?endpoint=builtins.print"])
def test_public_as_a_dependency_opens_nothing(query: str) -> None:
    """The route stays unclassified and never runs."""
    app = FastAPI()
    ran: list[str] = []

    @app.get("/it", dependencies=[Depends(public)])
    async def endpoint() -> None:
        ran.append("it")

    guarded(app, default="deny")
    with started(app) as client:
        assert client.get(f"/it{query}", headers=bearer("admin")).status_code == 403
    assert ran == []
