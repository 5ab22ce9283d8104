"""SES-94: from its sunset on a version is gone (RFC 8594 §3), for everybody and before anything else."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from tests.gate.kinds import KINDS, Build
from tests.gate.versioned import ANNOUNCED, DATES, GUIDE, SUNSET_AT, Clocked, Notes, announced, versioned
from tests.gate.workshop import EITHER_WAY, Running, bearer, started
from watchword.api.decorators import public, require_auth
from watchword.api.versioning import version

v1 = version("v1", **DATES)
ENDS_AT = int(SUNSET_AT.timestamp())


def ended(answer: Any) -> bool:
    return bool(answer.status_code == 410 and answer.json()["code"] == "version_sunset")


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_the_second_it_ends(offset: int) -> None:
    """One second before: served. In that second, and after it: 410."""
    app = FastAPI()
    app.get("/it")(v1(public(lambda: "done")))
    versioned(app, now_seconds=ENDS_AT + offset)
    with started(app) as client:
        answer = client.get("/it")
    assert ended(answer) == (offset >= 0)
    assert announced(answer) == ANNOUNCED


def test_an_app_that_runs_on_past_the_end_stops_serving_it() -> None:
    """The clock is asked at every call, not at the start."""
    app, clock = FastAPI(), Clocked(ENDS_AT - 1)
    app.get("/it")(v1(public(lambda: "done")))
    versioned(app, authenticator=clock)
    with started(app) as client:
        assert client.get("/it").status_code == 200
        clock.now = ENDS_AT
        assert ended(client.get("/it"))


def test_the_problem_document_names_the_guide() -> None:
    """RFC 9457 with a member of its own; nothing keeps the answer."""
    app = FastAPI()
    app.get("/it")(v1(require_auth(lambda: "done")))
    versioned(app, now_seconds=ENDS_AT)
    with started(app) as client:
        answer = client.get("/it")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert "www-authenticate" not in answer.headers
    assert answer.json() == {
        "type": "urn:watchword:error:version_sunset",
        "title": "Version ended",
        "status": 410,
        "detail": "This version of the API has ended. Its migration guide says what takes its place.",
        "code": "version_sunset",
        "request_id": answer.json()["request_id"],
        "guide": GUIDE,
    }


@pytest.mark.parametrize("caller", [None, "anna", "admin", "expired", "crash"])
@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize("build", KINDS)
def test_x_16_no_kind_of_endpoint_runs_after_the_end(
    build: Build, running: Running, caller: str | None
) -> None:
    """Whoever calls: nobody is asked to sign in for what is gone, and each call is counted."""
    ran: list[str] = []
    app = build(ran)
    v1(next(route for route in app.routes if getattr(route, "path", "") == "/it"))
    notes = Notes()
    versioned(app, notes, now_seconds=ENDS_AT)
    with running(app) as client:
        assert ended(client.get("/it", headers=bearer(caller) if caller else {}))
    assert ran == []
    assert len(notes.calls) == 1


def test_it_is_gone_before_the_body_is_read() -> None:
    """No 422 for a body that nobody wants any more, and no byte of it is asked for."""
    app = FastAPI()

    @app.post("/it")
    @v1
    @public
    async def endpoint(body: dict[str, int]) -> None: ...

    versioned(app, now_seconds=ENDS_AT)
    with started(app) as client:
        assert ended(client.post("/it", content=b"\xff not JSON"))


def test_a_route_that_is_denied_by_default_is_gone_too() -> None:
    """The end comes before every question about the caller."""
    app = FastAPI()
    app.get("/it")(v1(lambda: "done"))
    versioned(app, now_seconds=ENDS_AT, default="deny")
    with started(app) as client:
        assert ended(client.get("/it"))


def test_preflights_are_as_before() -> None:
    """Answered by CORS middleware, or 405 as ever, and not counted; every other method is gone."""
    app, notes = FastAPI(), Notes()
    app.get("/it")(v1(public(lambda: "done")))
    versioned(app, notes, now_seconds=ENDS_AT)
    app.add_middleware(CORSMiddleware, allow_origins=["https://spa.example"])
    asked = {"Origin": "https://spa.example", "Access-Control-Request-Method": "GET"}
    with started(app) as client:
        assert client.options("/it", headers=asked).status_code == 200
        assert client.options("/it").status_code == 405
        assert notes.calls == []
        assert ended(client.post("/it"))


def test_a_method_that_is_not_served_is_not_counted() -> None:
    """Before the end; whoever sends it does not use the version."""
    app, notes = FastAPI(), Notes()
    app.get("/it")(v1(public(lambda: "done")))
    versioned(app, notes)
    with started(app) as client:
        assert [client.request(method, "/it").status_code for method in ("POST", "OPTIONS")] == [405, 405]
        assert notes.calls == []
        assert client.get("/it").status_code == 200
    assert notes.calls == [("v1", "nobody", None)]


def test_options_of_an_endpoint_of_its_own_is_served_and_not_counted() -> None:
    """Whoever answers preflights by hand goes on to."""
    app, notes = FastAPI(), Notes()

    @app.api_route("/it", methods=["GET", "OPTIONS"])
    @v1
    @public
    async def endpoint() -> str:
        return "done"

    versioned(app, notes, now_seconds=ENDS_AT)
    with started(app) as client:
        assert client.options("/it").status_code == 200
        assert notes.calls == []
        assert ended(client.get("/it"))


def fastapi_socket(ran: list[str]) -> Starlette:
    app = FastAPI()

    @app.websocket("/it")
    @v1
    @require_auth
    async def live(socket: WebSocket) -> None:
        ran.append("it")
        await socket.accept()
        await socket.send_text("inside")
        await socket.close()

    return app


def starlette_socket(ran: list[str]) -> Starlette:
    @require_auth
    @v1
    async def live(socket: WebSocket) -> None:
        ran.append("it")
        await socket.accept()
        await socket.send_text("inside")
        await socket.close()

    return Starlette(routes=[Mount("/", routes=[WebSocketRoute("/it", live)])])


@pytest.mark.parametrize("build", [fastapi_socket, starlette_socket])
def test_a_handshake_is_told_before_the_end_and_denied_after_it(build: Any) -> None:
    """In the answer that accepts it, or that denies it with the problem document."""
    ran: list[str] = []
    app, clock, notes = build(ran), Clocked(ENDS_AT - 1), Notes()
    versioned(app, notes, authenticator=clock)
    with started(app) as client:
        with client.websocket_connect("/it", headers=bearer("anna")) as socket:
            said: dict[bytes, bytes] = dict(socket.extra_headers or [])
            assert {name: said[name.encode()].decode() for name in ANNOUNCED} == ANNOUNCED
            assert socket.receive_text() == "inside"
        with pytest.raises(WebSocketDenialResponse) as stranger, client.websocket_connect("/it"):
            pass
        assert (stranger.value.status_code, announced(stranger.value)) == (401, ANNOUNCED)
        clock.now = ENDS_AT
        with (
            pytest.raises(WebSocketDenialResponse) as denied,
            client.websocket_connect("/it", headers=bearer("anna")),
        ):
            pass
    assert ended(denied.value)
    assert announced(denied.value) == ANNOUNCED
    assert ran == ["it"]
    assert notes.calls == [("v1", "anna", None), ("v1", "nobody", None), ("v1", "anna", None)]


def test_a_server_without_denial_responses_closes_the_handshake() -> None:
    """1008 before the accept, which servers turn into 403; it is counted all the same."""
    app, notes = fastapi_socket([]), Notes()
    versioned(app, notes, now_seconds=ENDS_AT)

    async def plainer_server(scope: Any, receive: Any, send: Any) -> None:
        scope.pop("extensions", None)
        await app(scope, receive, send)

    with pytest.raises(WebSocketDisconnect) as closed, TestClient(plainer_server).websocket_connect("/it"):
        pass
    assert closed.value.code == 1008
    assert notes.calls == [("v1", "nobody", None)]


def test_everything_below_a_mount_is_gone() -> None:
    """The sub-app is not asked, not even for addresses it does not have."""

    async def never(request: Request) -> Response:
        raise AssertionError("the sub-app ran")

    app = Starlette(routes=[v1(Mount("/old", routes=[Route("/it", never)]))])
    versioned(app, now_seconds=ENDS_AT)
    with started(app) as client:
        assert all(ended(client.get(f"/old/{path}")) for path in ("it", "other"))


def test_an_app_that_is_no_starlette_app_ends_too() -> None:
    """Any ASGI app that is mounted."""
    app = Starlette(routes=[Mount("/old", v1(PlainTextResponse("inside")))])
    clock = Clocked(ENDS_AT - 1)
    versioned(app, authenticator=clock)
    with started(app) as client:
        before = client.get("/old/it")
        assert (before.text, announced(before)) == ("inside", ANNOUNCED)
        clock.now = ENDS_AT
        assert ended(client.get("/old/it"))
