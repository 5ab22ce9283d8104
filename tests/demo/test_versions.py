"""v1 of the example API: deprecated, with a guide that opens, and gone when an operator says so."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.flows.commands import command, told
from watchword import Settings
from watchword.demo import create_app
from watchword.migrations.runner import upgrade
from watchword.testing import assert_all_routes_protected

BASE_URL = "http://127.0.0.1:8000"
NOBODY = {"issuer": "http://127.0.0.1:9", "client_id": "x", "client_secret": "y"}
Demo = Callable[..., TestClient]


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    """A demo without its lifespan: its guide needs no database."""

    def make(**versions: Any) -> TestClient:
        database = f"sqlite:///{tmp_path}/demo.db"
        app = create_app(Settings(database_url=database, providers={"dev": NOBODY}, versions=versions))
        return TestClient(app, base_url=BASE_URL)

    return make


def test_its_dates_are_relative_to_the_start(demo: Demo) -> None:
    """Contract §6: deprecated 30 days ago, sunset in 150, to the minute; its guide address opens."""
    client = demo()
    headers = client.options("/v1/orders").headers
    since = datetime.fromtimestamp(int(headers["deprecation"].removeprefix("@")), UTC)
    until = parsedate_to_datetime(headers["sunset"])
    assert until - since == timedelta(days=180)
    assert abs(datetime.now(UTC) - timedelta(days=30) - since) < timedelta(hours=1)
    (address,) = set(re.findall(r"<([^>]*)>", headers["link"]))
    guide = client.get(address)
    assert (guide.status_code, guide.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<code>GET /v2/orders</code>" in guide.text
    assert f'href="{address}"' in client.get("/").text


@pytest.mark.parametrize(
    "settings",
    [
        {"sunset_at": "2020-01-01"},
        {"deprecated_at": "2020-01-01"},
        {"deprecated_at": "2020-01-01", "sunset_at": "2020-02-01", "guide": "https://docs.example/v1"},
    ],
)
def test_an_operator_ends_it(demo: Demo, settings: dict[str, str]) -> None:
    """By either date alone, too: 410 with the guide, and v2 goes on."""
    client = demo(v1=settings)
    answer = client.get("/v1/orders")
    assert answer.status_code == 410
    assert answer.json()["code"] == "version_sunset"
    assert answer.json()["guide"] == settings.get("guide", f"{BASE_URL}/auth/migration/v1")
    assert client.get("/v2/orders").status_code == 401


def test_every_route_of_the_demo_says_who_may_call_it(demo: Demo) -> None:
    """And what is open is what the page promises."""
    open_to_all = ["/", "/health", "/v1/orders", "/docs", "/docs/oauth2-redirect", "/docs/assets/{name}"]
    assert_all_routes_protected(demo().app, public=open_to_all)


def test_the_report_counts_its_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a request to the command, by network; written when the demo stops."""
    database = f"sqlite:///{tmp_path}/demo.db"
    asyncio.run(upgrade(database))
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", database)
    app = create_app(Settings(database_url=database, providers={"dev": NOBODY}))
    with TestClient(app, base_url=BASE_URL, client=("198.51.100.77", 1)) as client:
        assert [client.get("/v1/orders").status_code for _ in range(2)] == [200, 200]
        client.options("/v1/orders")
        client.get("/v2/orders")
    (report,) = told("versions", "report")["versions"]
    assert (report["version"], report["calls"], report["would_be_refused"]) == ("v1", 2, 0)
    assert [each["network"] for each in report["callers"]] == ["198.51.100.0"]
    assert "network 198.51.100.0" in command("versions", "report").output
