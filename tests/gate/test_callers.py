"""The caller as an argument, for FastAPI and for plain Starlette."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.gate.workshop import bearer, guarded, started
from watchword.api.decorators import public, require_auth
from watchword.api.dependencies import (
    CurrentPrincipal,
    OptionalPrincipal,
    optional_principal_of,
    principal_of,
)


def test_the_caller_is_given_to_protected_and_public_endpoints() -> None:
    """``CurrentPrincipal`` needs someone on any route; ``OptionalPrincipal`` takes nobody."""
    app = FastAPI()

    @app.get("/closed")
    @require_auth
    async def closed(caller: CurrentPrincipal) -> str:
        return caller.subject

    @app.get("/unmarked")
    def unmarked(caller: CurrentPrincipal) -> str:
        return caller.subject

    @app.get("/open")
    @public
    async def opened(caller: OptionalPrincipal) -> str:
        return "nobody" if caller is None else caller.subject

    guarded(app)
    with started(app) as client:
        for path in ("/closed", "/unmarked"):
            assert client.get(path, headers=bearer("anna")).json() == "anna"
            assert client.get(path).json()["code"] == "authentication_required"
            assert client.get(path, headers=bearer("ended")).json()["code"] == "session_ended"
            assert client.get(path, headers=bearer("foreign-error")).json()["code"] == "invalid_token"
            assert client.get(path, headers=bearer("nonsense")).json()["code"] == "identification_failed"
        assert client.get("/open").json() == "nobody"
        assert client.get("/open", headers=bearer("ended")).json() == "nobody"
        assert client.get("/open", headers=bearer("anna")).json() == "anna"


def test_plain_starlette_endpoints_ask_for_the_caller() -> None:
    """``principal_of`` and ``optional_principal_of`` take the request."""

    @require_auth
    async def closed(request: Request) -> Response:
        return PlainTextResponse(principal_of(request).subject)

    async def opened(request: Request) -> Response:
        caller = optional_principal_of(request)
        return PlainTextResponse("nobody" if caller is None else caller.subject)

    app = Starlette(routes=[Route("/closed", closed), Route("/open", opened)])
    guarded(app)
    with started(app) as client:
        assert client.get("/closed", headers=bearer("anna")).text == "anna"
        assert client.get("/open").text == "nobody"
        assert client.get("/open", headers=bearer("anna")).text == "anna"


def test_asking_for_the_caller_without_an_installation_is_503() -> None:
    """Nobody looked at the credential, so the endpoint gets neither a caller nor ``None``."""
    app = FastAPI()

    @app.get("/current")
    async def current(caller: CurrentPrincipal) -> None: ...

    @app.get("/optional")
    async def optional(caller: OptionalPrincipal) -> None: ...

    with started(app) as client:
        for path in ("/current", "/optional"):
            answer = client.get(path, headers=bearer("anna"))
            assert answer.status_code == 503
            assert "not_installed" in answer.text


@pytest.mark.parametrize("module", ["watchword.api.decorators", "watchword.middleware.auth_middleware"])
def test_decorators_are_light_to_import(module: str) -> None:
    """A module of routes that imports the decorators pulls in no database, HTTP client or framework."""
    heavy = ("sqlalchemy", "httpx2", "fastapi", "pydantic", "joserfc", "cryptography", "jinja2")
    script = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
