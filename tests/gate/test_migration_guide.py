"""The migration guide that is made from the routes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.testclient import TestClient

from watchword import Settings, Watchword, public, require_auth, version
from watchword.testing import FakeClock

BASE_URL = "https://api.example.test"
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def orders(mark: Any, prefix: str) -> APIRouter:
    made = APIRouter(prefix=prefix)

    async def every() -> None: ...

    async def one(order_id: str) -> None: ...

    made.add_api_route("/orders", mark(every))
    made.add_api_route("/orders/{order_id}", mark(one), methods=["DELETE", "PATCH"])
    return made


def service(
    clock: FakeClock | None = None, *, settings: dict[str, Any] | None = None, **dates: Any
) -> FastAPI:
    app = FastAPI()
    given = {"versions": {"v1": settings}} if settings is not None else {}
    auth = Watchword(Settings(base_url=BASE_URL, **given), clock=clock or FakeClock(NOW))
    auth.install(app)
    v1 = version("v1", **dates)
    app.include_router(v1(orders(public, "/v1")))
    app.include_router(
        orders(require_auth(roles=["editor", "admin", "boss"], scopes=["orders:<all>"]), "/v2")
    )

    @app.get("/v1/hidden", include_in_schema=False)
    @v1
    @public
    async def hidden() -> None: ...

    @app.get("/v1/gone")
    @v1
    async def gone() -> None: ...

    @app.websocket("/v1/live")
    @v1
    async def live(socket: WebSocket) -> None: ...

    @app.websocket("/v2/live")
    @require_auth
    async def new_live(socket: WebSocket) -> None: ...

    @app.get("/v1/status")
    @v1
    async def status() -> None: ...

    @app.get("/v3/status")
    @public
    async def new_status() -> None: ...

    app.router.routes.append(v1(Mount("/v1/files", public(PlainTextResponse("file")))))
    return app


def page(app: FastAPI, name: str = "v1") -> Any:
    return TestClient(app, base_url=BASE_URL).get(f"/auth/migration/{name}")


def steps(text: str) -> list[list[str]]:
    """What each entry of the list says, heading first."""
    return [
        [
            unescape(re.sub(r"<[^>]+>", "", part))
            for part in re.findall(r"<(?:h3|dd)>(.*?)</(?:h3|dd)>", entry)
        ]
        for entry in re.findall(r"<li>(.*?)</li>", text, re.DOTALL)
    ]


def test_the_link_of_v1_opens_its_guide() -> None:
    """The address in ``Link`` is a page for people, under the policy of our pages."""
    app = service(deprecated_at="2026-12-01")
    client = TestClient(app, base_url=BASE_URL)
    link = client.get("/v1/orders").headers["link"]
    (address,) = set(re.findall(r"<([^>]*)>", link))
    assert address == f"{BASE_URL}/auth/migration/v1"
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "deprecation" not in answer.headers
    assert client.head(address).status_code == 200
    assert client.post(address).status_code == 405


def test_each_route_and_what_takes_its_place() -> None:
    """In the order of the app; what it asks now; routes outside of the schema stay out."""
    asks = "a sign-in, one of the roles admin, boss or editor, the scope orders:<all>"
    assert steps(page(service(deprecated_at="2026-12-01")).text) == [
        ["GET /v1/orders", "GET /v2/orders", asks],
        ["DELETE /v1/orders/{order_id}", "DELETE /v2/orders/{order_id}", asks],
        ["PATCH /v1/orders/{order_id}", "PATCH /v2/orders/{order_id}", asks],
        ["GET /v1/gone", "Nothing takes its place."],
        ["WebSocket /v1/live", "WebSocket /v2/live", "a sign-in"],
        ["GET /v1/status", "GET /v3/status", "nothing; it is open"],
        ["Any method /v1/files/{path:path}", "Nothing takes its place."],
    ]


def test_a_named_successor_is_the_only_one() -> None:
    """v3 is not what the author leads to."""
    found = steps(page(service(deprecated_at="2026-12-01", successor="v2")).text)
    assert ["GET /v1/status", "Nothing takes its place."] in found
    assert found[0][1] == "GET /v2/orders"


@pytest.mark.parametrize(
    ("dates", "told", "untold"),
    [
        (
            {"deprecated_at": "2026-12-01"},
            ["1 Dec 2026, 00:00 UTC", "30 May 2027, 00:00 UTC", "It answers until"],
            [],
        ),
        ({"sunset_at": "2027-02-01"}, ["1 Feb 2027, 00:00 UTC"], ["is deprecated as of"]),
        ({"sunset_at": "2027-01-01"}, ["ended on", "version_sunset"], ["It answers until"]),
    ],
)
def test_it_tells_the_dates_in_force(dates: dict[str, Any], told: list[str], untold: list[str]) -> None:
    """Both, one of them, or that it is over; machine-readable too."""
    answer = page(service(**dates))
    assert answer.status_code == 200
    text = " ".join(answer.text.split())
    assert all(each in text for each in told)
    assert not any(each in text for each in untold)
    assert re.search(r'<time datetime="20\d\d-\d\d-\d\dT00:00:00Z">', text)


def test_it_follows_the_clock_and_the_settings() -> None:
    """An operator's date is told, and once it has passed the page says so."""
    clock = FakeClock(NOW)
    app = service(clock, settings={"sunset_at": "2027-01-02"}, deprecated_at="2026-12-01")
    assert "It answers until" in page(app).text
    clock.advance(86_400)
    assert "ended on" in page(app).text
    assert page(app).status_code == 200


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("v1", {"deprecated_at": "2026-12-01", "guide": "https://docs.example/v1"}),
        ("v1", {"deprecated_at": "2026-12-01", "settings": {"guide": "/own/guide"}}),
        ("v1", {}),
        ("v2", {"deprecated_at": "2026-12-01"}),
        ("<script>", {"deprecated_at": "2026-12-01"}),
    ],
)
def test_there_is_no_other_guide(name: str, options: dict[str, Any]) -> None:
    """Not beside one of the app's own, not before an end is announced, not for what there is not."""
    answer = page(service(**options), name)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert "<script>" not in answer.text


def test_a_person_who_follows_an_old_link_reads_a_page() -> None:
    """Programs get a problem document, browsers HTML, when the version is gone from the code."""
    client = TestClient(service(deprecated_at="2026-12-01"), base_url=BASE_URL)
    browser, program = (
        client.get("/auth/migration/v0", headers={"accept": accept})
        for accept in ("text/html,*/*;q=0.8", "application/json")
    )
    assert (browser.status_code, program.status_code) == (404, 404)
    assert browser.headers["content-type"].startswith("text/html")
    assert program.headers["content-type"] == "application/problem+json"


def test_a_version_without_documented_routes_says_so() -> None:
    """An empty list would look like a fault."""
    app = FastAPI()
    Watchword(Settings(base_url=BASE_URL), clock=FakeClock(NOW)).install(app)
    app.get("/x", include_in_schema=False)(version("v1", sunset_at="2030-01-01")(public(lambda: None)))
    assert "No documented route is of this version." in page(app).text
