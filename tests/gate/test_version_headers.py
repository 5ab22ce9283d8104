"""SES-94: what answers of a deprecated version say (RFC 9745, RFC 8594, RFC 8288)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.gate.kinds import KINDS, Build
from tests.gate.versioned import (
    ANNOUNCED,
    DATES,
    DEPRECATION,
    GUIDE,
    LINK,
    SUNSET,
    Notes,
    announced,
    versioned,
)
from tests.gate.workshop import EITHER_WAY, Running, bearer, started
from watchword.api.decorators import public, require_auth
from watchword.api.dependencies import CurrentPrincipal
from watchword.api.versioning import version

v1 = version("v1", **DATES)


def the_route(app: Starlette) -> Any:
    return next(route for route in app.routes if getattr(route, "path", "") == "/it")


@pytest.mark.parametrize("marked", ["endpoint", "route"])
@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize("build", KINDS)
def test_x_16_every_kind_of_endpoint_announces_its_end(build: Build, running: Running, marked: str) -> None:
    """Answers and refusals alike, protection unchanged, marked on the endpoint or on its route."""
    ran: list[str] = []
    app = build(ran)
    route = the_route(app)
    v1(route.endpoint if marked == "endpoint" else route)
    notes = Notes()
    versioned(app, notes)
    with running(app) as client:
        refused, passed = client.get("/it"), client.get("/it", headers=bearer("anna"))
    assert (refused.status_code, passed.status_code, ran) == (401, 200, ["it"])
    assert announced(refused) == announced(passed) == ANNOUNCED
    assert notes.calls == [("v1", "nobody", None), ("v1", "anna", None)]


def test_ses_94_the_three_headers_have_their_exact_forms() -> None:
    """RFC 9745 §2.1: a structured date. RFC 8594 §3: an HTTP date. RFC 8288: targets and relations."""
    app = FastAPI()
    app.get("/it")(v1(public(lambda: "done")))
    versioned(app)
    with started(app) as client:
        headers = client.get("/it").headers
    assert headers["deprecation"] == DEPRECATION == "@1799913600"
    assert headers["sunset"] == SUNSET
    assert headers["link"] == LINK


def every_status() -> FastAPI:
    """One route for each way an answer comes about."""
    app = FastAPI()

    @app.get("/role")
    @v1
    @require_auth(roles=["admin"])
    async def role() -> None: ...

    @app.post("/body")
    @v1
    @public
    async def body(number: int) -> int:
        return number

    @app.get("/caller")
    @v1
    async def caller(caller: CurrentPrincipal) -> None: ...

    @app.get("/broken")
    @public
    @v1
    async def broken() -> None:
        raise RuntimeError("the endpoint broke")

    @app.get("/teapot")
    @v1
    @public
    async def teapot() -> Response:
        return Response(status_code=418)

    @app.get("/nothing", status_code=204)
    @v1
    @public
    async def nothing() -> None: ...

    return app


@pytest.mark.parametrize("running", EITHER_WAY)
@pytest.mark.parametrize(
    ("method", "path", "caller", "status"),
    [
        ("GET", "/role", None, 401),
        ("GET", "/role", "expired", 401),
        ("GET", "/role", "anna", 403),
        ("GET", "/role", "crash", 503),
        ("GET", "/role", "admin", 200),
        ("DELETE", "/role", None, 405),
        ("OPTIONS", "/role", None, 405),
        ("POST", "/body", None, 422),
        ("POST", "/body?number=3", None, 200),
        ("GET", "/caller", None, 401),
        ("GET", "/broken", None, 500),
        ("GET", "/teapot", None, 418),
        ("GET", "/nothing", None, 204),
    ],
)
def test_every_answer_of_a_route_announces_its_end(
    running: Running, method: str, path: str, caller: str | None, status: int
) -> None:
    """Also those that are made outside of the route: refusals, 405, 422 and 500."""
    app = every_status()
    versioned(app)
    with running(app) as client:
        answer = client.request(method, path, headers=bearer(caller) if caller else {})
    assert answer.status_code == status
    assert announced(answer) == ANNOUNCED


def test_a_handler_of_the_apps_own_for_500_announces_it_too() -> None:
    """Whoever words the answer, it passes the outermost frame."""
    app = every_status()

    @app.exception_handler(Exception)
    async def own(request: Request, error: Exception) -> Response:
        return JSONResponse({"own": "words"}, status_code=500)

    versioned(app)
    with started(app) as client:
        answer = client.get("/broken")
    assert (answer.status_code, answer.json()) == (500, {"own": "words"})
    assert announced(answer) == ANNOUNCED


def test_head_announces_what_get_announces() -> None:
    """Starlette serves HEAD with GET."""
    app = Starlette(routes=[Route("/it", v1(public(PlainTextResponse("done"))))])
    versioned(app)
    with started(app) as client:
        got, head = client.get("/it"), client.head("/it")
    assert announced(got) == announced(head) == ANNOUNCED
    assert head.text == ""


def test_a_stream_has_them_once_before_its_first_byte() -> None:
    """One start, then the chunks as they are."""
    app = FastAPI()

    @app.get("/it")
    @v1
    @public
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            for number in range(3):
                yield str(number).encode()

        return StreamingResponse(chunks())

    versioned(app)
    with started(app) as client, client.stream("GET", "/it") as answer:
        assert announced(answer) == ANNOUNCED
        assert "".join(answer.iter_text()) == "012"


def test_other_routes_say_nothing() -> None:
    """Neither a neighbour nor an address that is not there."""
    app = every_status()
    app.get("/v2")(public(lambda: "new"))
    versioned(app)
    with started(app) as client:
        assert [announced(client.get(path)) for path in ("/v2", "/nowhere", "/openapi.json")] == [{}, {}, {}]


OURS = [f'<{GUIDE}>; rel="deprecation"; type="text/html"', f'<{GUIDE}>; rel="sunset"; type="text/html"']


@pytest.mark.parametrize(
    ("own", "sent"),
    [
        (["</next>; rel=next"], ["</next>; rel=next", *OURS]),
        (["</a>; rel=a", "</b>; rel=b"], ["</a>; rel=a", "</b>; rel=b", *OURS]),
        ([", ".join(OURS)], OURS),
        ([f'<{GUIDE}>; rel="sunset deprecation"'], [f'<{GUIDE}>; rel="sunset deprecation"']),
        ([f"<{GUIDE}>; REL=Sunset"], [f"<{GUIDE}>; REL=Sunset", OURS[0]]),
        (["</other>; rel=sunset"], ["</other>; rel=sunset", *OURS]),
    ],
)
def test_links_of_the_app_stay_and_none_comes_twice(own: list[str], sent: list[str]) -> None:
    """RFC 8288 §3: one field with everything, whichever way the app wrote its own."""

    async def linking(request: Request) -> Response:
        response = PlainTextResponse("done")
        response.raw_headers += [(b"link", each.encode()) for each in own]
        return response

    app = Starlette(routes=[Route("/it", v1(public(linking)))])
    versioned(app)
    with started(app) as client:
        assert announced(client.get("/it"))["link"] == ", ".join(sent)


def test_dates_of_the_app_itself_give_way() -> None:
    """A second ``Deprecation`` would be none at all (RFC 9651 §4.2), and only ours is kept."""

    async def dated(request: Request) -> Response:
        return PlainTextResponse("done", headers={"Deprecation": "@1", "SUNSET": "never", "X-Own": "kept"})

    app = Starlette(routes=[Route("/it", v1(public(dated)))])
    versioned(app)
    with started(app) as client:
        answer = client.get("/it")
    assert announced(answer) == ANNOUNCED
    assert answer.headers["x-own"] == "kept"


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({}, {}),
        (
            {"deprecated_at": "2030-01-01"},
            {"deprecation": "@1893456000", "sunset": "Sun, 30 Jun 2030 00:00:00 GMT"},
        ),
        ({"sunset_at": "2030-06-30T10:00:00+02:00"}, {"sunset": "Sun, 30 Jun 2030 08:00:00 GMT"}),
        (
            {"sunset_at": "2030-06-30", "guide": "/leave#v1"},
            {
                "sunset": "Sun, 30 Jun 2030 00:00:00 GMT",
                "link": '<https://api.example/leave#v1>; rel="sunset"; type="text/html"',
            },
        ),
    ],
)
def test_a_version_says_what_is_known_of_it(dates: dict[str, Any], expected: dict[str, str]) -> None:
    """No dates, no headers; a deprecation that lies ahead (RFC 9745 §2.1); an end alone; a guide here."""
    app = FastAPI()
    app.get("/it")(version("v1", **dates)(public(lambda: "done")))
    versioned(app, base_url="https://api.example")
    with started(app) as client:
        assert announced(client.get("/it")) == expected


def test_a_preflight_is_left_alone() -> None:
    """CORS middleware answers before the route; pages read the headers where it exposes them."""
    app = every_status()
    versioned(app)
    app.add_middleware(CORSMiddleware, allow_origins=["https://spa.example"], expose_headers=["Sunset"])
    asked = {"Origin": "https://spa.example", "Access-Control-Request-Method": "GET"}
    with started(app) as client:
        preflight = client.options("/role", headers=asked)
        assert (preflight.status_code, announced(preflight)) == (200, {})
        answer = client.get("/role", headers={"Origin": "https://spa.example"})
    assert announced(answer) == ANNOUNCED
    assert answer.headers["access-control-expose-headers"] == "Sunset"


def test_methods_of_a_class_may_be_of_a_version() -> None:
    """Marked on the handler, the others are left alone; HEAD goes with GET."""

    class Orders(HTTPEndpoint):
        @v1
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("list")

        async def post(self, request: Request) -> Response:
            return PlainTextResponse("created")

    app = Starlette(routes=[Route("/it", Orders)])
    versioned(app)
    with started(app) as client:
        said = {method: announced(client.request(method, "/it")) for method in ("GET", "HEAD", "POST", "PUT")}
    assert said == {"GET": ANNOUNCED, "HEAD": ANNOUNCED, "POST": {}, "PUT": {}}
