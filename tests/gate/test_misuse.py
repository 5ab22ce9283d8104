"""Every way to write the decorators wrong ends in a told mistake or a closed route."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from fastapi import Depends, FastAPI
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
        (lambda: untyped_require_auth(scopes=[""]), ValueError, "nobody or anybody"),
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


@pytest.mark.parametrize("dependency", [require_auth, require_auth(roles=["admin"])])
@pytest.mark.parametrize("query", ["", "?endpoint=x", "?roles=admin&endpoint=x"])
def test_used_as_a_dependency_by_mistake_it_lets_nobody_in(dependency: Any, query: str) -> None:
    """``Depends(require_auth)`` is not how it is used; the mistake shuts the route or the import."""
    app = FastAPI()
    ran: list[str] = []
    try:

        @app.get("/it", dependencies=[Depends(dependency)])
        async def endpoint() -> None:
            ran.append("it")
    except Exception:
        return
    guarded(app)
    with started(app) as client:
        assert client.get(f"/it{query}").status_code >= 400
        assert client.get(f"/it{query}", headers=bearer("admin")).status_code >= 400
    assert ran == []
