"""X-13: no method, no spelling of the path, no way around; a preflight is not asked to sign in."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from tests.gate.workshop import bearer, guarded, started
from watchword.api.decorators import public, require_auth

SECRET_TEXT = "the secret text"


def fastapi_app() -> FastAPI:
    app = FastAPI()

    @app.get("/secret")
    @require_auth
    async def read() -> str:
        return SECRET_TEXT

    @app.api_route("/both", methods=["GET", "HEAD", "OPTIONS"])
    @require_auth
    async def both() -> str:
        return SECRET_TEXT

    guarded(app)
    return app


def starlette_app() -> Starlette:
    @require_auth
    async def read(request: Request) -> Response:
        return PlainTextResponse(SECRET_TEXT)

    @require_auth
    class Class(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return PlainTextResponse(SECRET_TEXT)

    app = Starlette(routes=[Route("/secret", read), Route("/class", Class)])
    guarded(app)
    return app


@pytest.mark.parametrize("method", ["GET", "HEAD", "get", "POST", "PUT", "DELETE", "TRACE", "PROPFIND", "X"])
@pytest.mark.parametrize("path", ["/secret", "/class", "/both"])
@pytest.mark.parametrize("build", [fastapi_app, starlette_app])
def test_x_13_no_method_reaches_the_endpoint(build: type[Starlette], path: str, method: str) -> None:
    """Whatever the method, a stranger sees a refusal and never the content."""
    with started(build()) as client:
        answer = client.request(method, path)
    assert answer.status_code in (401, 404, 405)
    assert SECRET_TEXT not in answer.text


@pytest.mark.parametrize("path", ["/secret", "/class"])
def test_x_13_head_counts_as_get_where_it_is_served(path: str) -> None:
    """Starlette serves HEAD with GET, so HEAD is refused like GET and runs like GET."""
    with started(starlette_app()) as client:
        assert client.head(path).status_code == 401
        assert client.head(path, headers=bearer("anna")).status_code == 200


@pytest.mark.parametrize("path", ["/secret", "/class"])
def test_a_method_that_is_not_served_is_405_for_everybody(path: str) -> None:
    """A route that does not serve the method says so, signed in or not, as without watchword."""
    with started(starlette_app()) as client:
        assert client.options(path).status_code == 405
        assert client.post(path).status_code == 405
        assert client.post(path, headers=bearer("anna")).status_code == 405


def test_x_13_options_that_an_endpoint_serves_itself_is_protected() -> None:
    """An endpoint that answers OPTIONS with its own code is no preflight: it is protected."""
    with started(fastapi_app()) as client:
        assert client.options("/both").status_code == 401
        assert client.options("/both", headers=bearer("anna")).status_code == 200


def test_x_13_a_cors_preflight_needs_no_sign_in_and_shows_no_data() -> None:
    """CORS middleware answers the preflight, and its headers are on the refusal too, wherever it sits."""
    for order in ("before", "after"):
        app = FastAPI()
        if order == "before":
            app.add_middleware(CORSMiddleware, allow_origins=["https://spa.example"])

        @app.get("/secret")
        @require_auth
        async def read() -> str:
            return SECRET_TEXT

        guarded(app)
        if order == "after":
            app.add_middleware(CORSMiddleware, allow_origins=["https://spa.example"])
        asked = {"Origin": "https://spa.example", "Access-Control-Request-Method": "GET"}
        with started(app) as client:
            preflight = client.options("/secret", headers=asked)
            refused = client.get("/secret", headers={"Origin": "https://spa.example"})
        assert (preflight.status_code, preflight.text) == (200, "OK")
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://spa.example"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/secret/", 307),
        ("/Secret", 404),
        ("//secret", 404),
        ("/secret/x", 404),
        ("/%73ecret", 401),
        ("/secret?admin=1", 401),
        ("/secret;v=1", 404),
    ],
)
@pytest.mark.parametrize("build", [fastapi_app, starlette_app])
def test_x_16_no_spelling_of_the_path_opens_it(build: type[Starlette], path: str, status: int) -> None:
    """Slashes, case and escapes lead to the route, where the gate is, or to no route at all."""
    with started(build()) as client:
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code == status
        assert client.get(path).status_code in (401, 404)


def test_404_inside_a_protected_mount_is_not_told_to_strangers() -> None:
    """A protected sub-app is protected as a whole: strangers do not learn which paths exist."""
    inner = Starlette(routes=[Route("/there", lambda request: PlainTextResponse("there"))])
    app = Starlette(routes=[Mount("/inner", require_auth(inner))])
    guarded(app)
    with started(app) as client:
        assert [client.get(f"/inner/{name}").status_code for name in ("there", "nowhere")] == [401, 401]
        known = [client.get(f"/inner/{name}", headers=bearer("anna")) for name in ("there", "nowhere")]
    assert [answer.status_code for answer in known] == [200, 404]


def test_a_class_protects_method_by_method() -> None:
    """Marks on the methods of one class-based endpoint are kept apart; HEAD goes with GET."""

    class Orders(HTTPEndpoint):
        @public
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("list")

        @require_auth(roles=["editor"])
        async def post(self, request: Request) -> Response:
            return PlainTextResponse("created")

    app = Starlette(routes=[Route("/orders", Orders)])
    guarded(app, default="deny")
    with started(app) as client:
        assert client.get("/orders").text == "list"
        assert client.head("/orders").status_code == 200
        assert client.post("/orders").status_code == 401
        assert client.post("/orders", headers=bearer("anna")).status_code == 403
        assert client.post("/orders", headers=bearer("editor")).text == "created"
        assert client.delete("/orders").status_code == 405


class OwnDispatch(HTTPEndpoint):
    """Serves whatever it is asked, after a look of its own at the request."""

    async def dispatch(self) -> None:
        handler = getattr(self, self.scope["method"].lower(), self.get)
        await (await handler(Request(self.scope)))(self.scope, self.receive, self.send)

    async def get(self, request: Request) -> Response:
        return PlainTextResponse(SECRET_TEXT)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "X"])
def test_a_class_with_its_own_dispatch_is_protected_for_every_method(method: str) -> None:
    """What such a class serves is unknown, so nothing passes for a 405."""

    @require_auth
    class Guarded(OwnDispatch):
        pass

    async def hiding(scope: Scope, receive: Receive, send: Send) -> None:
        await Guarded(scope, receive, send)

    app = Starlette(routes=[Route("/gated", Guarded), Mount("/hidden", hiding)])
    guarded(app)
    with started(app) as client:
        for path in ("/gated", "/hidden/x"):
            assert client.request(method, path).status_code == 401
            assert client.request(method, path, headers=bearer("anna")).status_code == 200


def test_marks_on_the_methods_of_a_class_with_its_own_dispatch_count() -> None:
    """Such a class may mark method by method too; under ``deny`` the rest of it is refused."""

    class Mixed(OwnDispatch):
        @public
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("list")

        @require_auth(roles=["editor"])
        async def post(self, request: Request) -> Response:
            return PlainTextResponse("created")

    app = Starlette(routes=[Route("/it", Mixed)])
    guarded(app, default="deny")
    with started(app) as client:
        assert client.get("/it").text == "list"
        assert client.post("/it").status_code == 401
        assert client.post("/it", headers=bearer("editor")).text == "created"
        assert client.delete("/it").json()["code"] == "route_unclassified"


def test_methods_named_by_the_route_narrow_those_of_the_class() -> None:
    """A class under a route with ``methods`` answers 405 for the others, to everybody."""

    @require_auth
    class Orders(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("list")

        async def post(self, request: Request) -> Response:
            return PlainTextResponse("created")

    app = Starlette(routes=[Route("/it", Orders, methods=["POST", "PUT"])])
    guarded(app)
    with started(app) as client:
        got = {method: client.request(method, "/it").status_code for method in ("GET", "POST", "PUT")}
    assert got == {"GET": 405, "POST": 401, "PUT": 405}
