"""WebSocket handshakes are protected like requests: denied before they are accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from tests.gate.workshop import EITHER_WAY, CannedAuthenticator, Running, bearer, guarded, started
from watchword.api.decorators import public, require_auth
from watchword.api.dependencies import CurrentPrincipal, OptionalPrincipal


def fastapi_socket(ran: list[str]) -> Starlette:
    app = FastAPI()

    @app.websocket("/live")
    @require_auth(roles=["admin"])
    async def live(socket: WebSocket, caller: CurrentPrincipal) -> None:
        ran.append(caller.subject)
        await socket.accept()
        await socket.send_text("inside")
        await socket.close()

    return app


def starlette_socket(ran: list[str]) -> Starlette:
    @require_auth(roles=["admin"])
    async def live(socket: WebSocket) -> None:
        ran.append("admin")
        await socket.accept()
        await socket.send_text("inside")
        await socket.close()

    return Starlette(routes=[WebSocketRoute("/live", live)])


def guarded_class(ran: list[str]) -> Starlette:
    @require_auth(roles=["admin"])
    class Live(WebSocketEndpoint):
        async def on_connect(self, websocket: WebSocket) -> None:
            ran.append("admin")
            await websocket.accept()
            await websocket.send_text("inside")
            await websocket.close()

    return Starlette(routes=[WebSocketRoute("/live", Live)])


def class_with_a_guarded_receive(ran: list[str]) -> Starlette:
    class Live(WebSocketEndpoint):
        encoding = "text"

        async def on_connect(self, websocket: WebSocket) -> None:
            ran.append("admin")
            await websocket.accept()
            await websocket.send_text("inside")
            await websocket.close()

        @require_auth(roles=["admin"])
        async def on_receive(self, websocket: WebSocket, data: Any) -> None: ...

    return Starlette(routes=[WebSocketRoute("/live", Live)])


BUILDS: list[Callable[[list[str]], Starlette]] = [
    fastapi_socket,
    starlette_socket,
    guarded_class,
    class_with_a_guarded_receive,
]


def denial(client: TestClient, headers: dict[str, str]) -> Any:
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        client.websocket_connect("/live", headers=headers),
    ):
        pass
    return denied.value


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize("build", BUILDS)
def test_x_13_a_handshake_is_denied_with_the_problem_document(build: Any, running: Running) -> None:
    """Where the server can carry an answer, the refusal is 401 or 403 with its problem body."""
    ran: list[str] = []
    app = build(ran)
    guarded(app)
    with running(app) as client:
        stranger, lacking = denial(client, {}), denial(client, bearer("anna"))
        assert (stranger.status_code, stranger.json()["code"]) == (401, "authentication_required")
        assert stranger.headers["www-authenticate"] == "Bearer"
        assert (lacking.status_code, lacking.json()["code"]) == (403, "insufficient_scope")
        assert denial(client, bearer("crash")).status_code == 503
        assert ran == []
        with client.websocket_connect("/live", headers=bearer("admin")) as socket:
            assert socket.receive_text() == "inside"
    assert ran == ["admin"]


@pytest.mark.parametrize("build", BUILDS)
def test_a_server_without_denial_responses_gets_a_close_before_accept(build: Any) -> None:
    """Elsewhere the handshake is closed with 1008, which servers answer with 403."""
    ran: list[str] = []
    app = build(ran)
    guarded(app)

    async def plainer_server(scope: Any, receive: Any, send: Any) -> None:
        scope.pop("extensions", None)
        await app(scope, receive, send)

    with (
        pytest.raises(WebSocketDisconnect) as closed,
        TestClient(plainer_server).websocket_connect("/live"),
    ):
        pass
    assert closed.value.code == 1008
    assert ran == []


def test_without_a_gate_a_handshake_is_not_accepted() -> None:
    """A marked WebSocket of an app in which nobody installed watchword is denied with 503."""
    ran: list[str] = []
    for build in (fastapi_socket, starlette_socket):
        with started(build(ran)) as client:
            assert denial(client, bearer("admin")).status_code == 503
    assert ran == []


@pytest.mark.parametrize("extensions", [True, False])
def test_a_refusal_raised_by_a_dependency_denies_the_handshake(extensions: bool) -> None:
    """``CurrentPrincipal`` on a WebSocket without a mark refuses before the accept."""
    app = FastAPI()

    @app.websocket("/live")
    async def live(socket: WebSocket, caller: CurrentPrincipal) -> None:
        raise AssertionError("ran for nobody")

    guarded(app)

    async def server(scope: Any, receive: Any, send: Any) -> None:
        if not extensions:
            scope.pop("extensions", None)
        await app(scope, receive, send)

    client = TestClient(server)
    if extensions:
        assert denial(client, {}).status_code == 401
    else:
        with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/live"):
            pass
        assert closed.value.code == 1008


def test_a_refusal_after_the_accept_closes_the_socket() -> None:
    """Once a socket is open the only refusal left is to close it."""

    @require_auth
    async def helper() -> None: ...

    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await helper()

    app = Starlette(routes=[WebSocketRoute("/live", live)])
    guarded(app)
    with (
        started(app) as client,
        client.websocket_connect("/live") as socket,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        socket.receive_text()
    assert closed.value.code == 1008


def test_a_public_socket_stays_public_with_a_broken_token() -> None:
    """A public WebSocket greets who is signed in and lets in who is not."""
    app = FastAPI()

    @app.websocket("/live")
    @public
    async def live(socket: WebSocket, caller: OptionalPrincipal) -> None:
        await socket.accept()
        await socket.send_text("nobody" if caller is None else caller.subject)
        await socket.close()

    guarded(app, default="deny")
    with started(app) as client:
        for name, greeted in (("expired", "nobody"), ("crash", "nobody"), ("anna", "anna")):
            with client.websocket_connect("/live", headers=bearer(name)) as socket:
                assert socket.receive_text() == greeted


def test_identification_sees_a_handshake_as_get_and_a_websocket() -> None:
    """What the authenticator may look at says which of the two it is."""
    authenticator = CannedAuthenticator()
    app = starlette_socket([])
    app.router.routes.append(Route("/form", lambda request: None, methods=["POST"]))
    guarded(app, authenticator=authenticator)
    with started(app) as client:
        denial(client, bearer("anna"))
        client.post("/form", headers={"X-Own": "1"})
    assert [(each.method, each.websocket) for each in authenticator.identified] == [
        ("GET", True),
        ("POST", False),
    ]
    assert (b"x-own", b"1") in authenticator.identified[1].headers
