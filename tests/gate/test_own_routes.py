"""Our routes stand in a host app as one, and answer as if each stood there itself."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Mount, NoMatchFound, Route, Router
from starlette.testclient import TestClient

from tests.gate.workshop import bearer, guarded, started
from watchword import require_auth
from watchword.api.own_routes import OwnRoutes


async def _where(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.scope['route'].path} {dict(request.path_params)}")


def _routes() -> list[Route]:
    return [
        Route("/auth/login", _where, methods=["GET"], name="login"),
        Route("/auth/login/{provider}", _where, methods=["GET"], name="begin"),
        Route("/auth/sessions", _where, methods=["GET"]),
        Route("/auth/sessions", _where, methods=["DELETE"]),
        Route("/.well-known/jwks.json", _where),
        Route("/healthz", _where),
    ]


async def _everything(request: Request) -> PlainTextResponse:
    return PlainTextResponse("the host's")


HOST_ROUTES = [
    Route("/auth/login", _everything, methods=["PUT"]),
    Route("/{path:path}", _everything, methods=["GET", "BREW"]),
]


@pytest.fixture(params=[Starlette, FastAPI])
def client(request: pytest.FixtureRequest) -> TestClient:
    app = request.param()
    app.router.routes += [OwnRoutes(_routes()), *HOST_ROUTES]
    return TestClient(app, follow_redirects=False)


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/auth/login", "/auth/login {}"),
        ("GET", "/auth/login/dev", "/auth/login/{provider} {'provider': 'dev'}"),
        ("GET", "/auth/sessions", "/auth/sessions {}"),
        ("DELETE", "/auth/sessions", "/auth/sessions {}"),
        ("GET", "/.well-known/jwks.json", "/.well-known/jwks.json {}"),
        ("HEAD", "/healthz", ""),
        ("PUT", "/auth/login", "the host's"),
        ("BREW", "/auth/login", "the host's"),
        ("GET", "/auth/other", "the host's"),
        ("GET", "/authors", "the host's"),
        ("GET", "/", "the host's"),
    ],
)
def test_a_request_reaches_the_route_it_would_reach_alone(
    client: TestClient, method: str, path: str, answer: str
) -> None:
    """Ours come first, with their own parameters; what they do not serve is the host's."""
    response = client.request(method, path)
    assert (response.status_code, response.text) == (200, answer)


def test_a_method_nobody_serves_is_answered_with_405(client: TestClient) -> None:
    """By the first of our routes on that path, as a router answers."""
    response = client.post("/auth/sessions")
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("app_class", [Starlette, FastAPI])
def test_a_slash_too_many_is_redirected(app_class: Any) -> None:
    """The host's router finds our routes when it looks for the path without the slash."""
    app = app_class()
    app.router.routes.append(OwnRoutes(_routes()))
    response = TestClient(app, follow_redirects=False).get("/auth/login/")
    assert (response.status_code, response.headers["location"]) == (307, "http://testserver/auth/login")


@pytest.mark.parametrize("prefix", ["/sub", "/a", "/auth", "/auth/login"])
def test_a_mounted_app_serves_them_below_its_prefix(prefix: str) -> None:
    """Also where the prefix begins like one of our paths."""
    app = Starlette(routes=[Mount(prefix, Starlette(routes=[OwnRoutes(_routes())]))])
    assert TestClient(app).get(f"{prefix}/auth/login/dev").status_code == 200
    assert TestClient(app).get(f"{prefix}/other").status_code == 404


PATHS = [
    "/auth",
    "/auth/login",
    "/auth/login/x",
    "/authx",
    "/a",
    "/healthz",
    "/",
    "",
    "uth/login",
    "/x/auth/login",
]


@given(
    st.sampled_from(PATHS), st.sampled_from(["", "/", "/a", "/auth", "/x", "/x/", "/healthz"]), st.booleans()
)
@settings(derandomize=True, deadline=None)
def test_the_quick_look_never_hides_a_route(path: str, root_path: str, below: bool) -> None:
    """Whatever the root path is, the outcome is that of asking every route."""
    scope = {"type": "http", "method": "GET", "path": root_path * below + path, "root_path": root_path}
    alone = max((route.matches(scope)[0].value for route in _routes()), default=Match.NONE.value)
    assert OwnRoutes(_routes()).matches(scope)[0].value == alone


def test_names_lead_to_paths() -> None:
    """``url_path_for`` of the host knows our routes by name, and says so when there is none."""
    router = Router(routes=[OwnRoutes(_routes()), Route("/mine", _everything, name="mine")])
    assert router.url_path_for("begin", provider="dev") == "/auth/login/dev"
    assert router.url_path_for("mine") == "/mine"
    with pytest.raises(NoMatchFound):
        router.url_path_for("unknown")


def test_a_handshake_is_not_ours() -> None:
    """None of our routes speaks WebSocket."""
    scope = {"type": "websocket", "path": "/auth/login", "root_path": "", "headers": []}
    assert OwnRoutes(_routes()).matches(scope) == (Match.NONE, {})


def test_the_gate_finds_each_of_them() -> None:
    """A marked route among them is protected, and the listing names every one."""
    app = Starlette(routes=[OwnRoutes([*_routes(), Route("/auth/me", require_auth(_everything))])])
    listed = {entry.path: entry.protection for entry in guarded(app).routes()}
    assert listed == {"/auth/me": "protected"} | {route.path: "unclassified" for route in _routes()}
    with started(app) as client:
        assert client.get("/auth/me").status_code == 401
        assert client.get("/auth/me", headers=bearer("anna")).status_code == 200
