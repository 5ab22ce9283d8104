"""``docs/versions.md`` is so: its apps serve, its headers are the headers, its settings settings."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.house.test_docs import blocks
from watchword import Settings
from watchword.api.route_listing import RouteEntry
from watchword.protocol.api_version import ApiVersion, read_moment

PAGE = "docs/versions.md"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the app of a block, by its place on the page."""
    monkeypatch.chdir(tmp_path)

    def run(place: int) -> Any:
        path = tmp_path / f"block{place}.py"
        path.write_text(blocks(PAGE, "python")[place])
        return runpy.run_path(str(path))["app"]

    return run


def protections(app: Any) -> dict[str, str]:
    listed: list[RouteEntry] = app.state.watchword_gate.routes()
    return {each.name: each.protection for each in listed if each.origin == "app"}


def test_the_first_app_watches(service: Any) -> None:
    """Open to everybody as it was, and shown as observed."""
    app = service(0)
    client = TestClient(app)
    assert client.get("/v1/orders").json() == ["Tea"]
    assert client.delete("/v1/orders/1").status_code == 200
    assert set(protections(app).values()) == {"observed"}


def test_the_second_app_announces_word_for_word(service: Any) -> None:
    """The three headers of the page are those of the answer."""
    client = TestClient(service(1))
    answer = client.get("/v1/orders")
    (shown,) = blocks(PAGE, "http")
    first, *lines = shown.splitlines()
    assert first.startswith(f"HTTP/1.1 {answer.status_code} ")
    local = Settings().base_url
    for name, value in (line.split(": ", 1) for line in lines):
        assert answer.headers[name] == value.replace("https://api.example.com", local)
    assert client.get("/v2/orders").status_code == 401
    guide = client.get("/auth/migration/v1").text
    assert "<code>GET /v2/orders</code>" in guide


def test_the_third_app_serves_one_router_twice(service: Any) -> None:
    """Open under the old address, closed under the new one."""
    app = service(2)
    client = TestClient(app)
    assert [client.get(f"/{each}/orders").status_code for each in ("v1", "v2")] == [200, 401]
    assert protections(app) == {"GET /v1/orders": "observed", "GET /v2/orders": "protected"}


def test_its_test_passes(service: Any, tmp_path: Path) -> None:
    """For the second app."""
    path = tmp_path / "test_service.py"
    path.write_text(blocks(PAGE, "python")[3])
    runpy.run_path(str(path), init_globals={"app": service(1)})["test_nobody_forgot_a_route"]()
    assert len(blocks(PAGE, "python")) == 4


def test_its_settings_are_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And fit the second app."""
    monkeypatch.chdir(tmp_path)
    block = next(each for each in blocks(PAGE, "sh") if "WATCHWORD_" in each)
    for name, value in re.findall(r"^(WATCHWORD_\w+)=(\S+)$", block, re.MULTILINE):
        monkeypatch.setenv(name, value)
    said = Settings().versions["v1"]
    coded = ApiVersion("v1", deprecated_at=read_moment("2030-01-07"), sunset_at=read_moment("2030-07-08"))
    in_force = coded.overridden(deprecated_at=said.deprecated_at, sunset_at=said.sunset_at, guide=said.guide)
    assert in_force.ends_at == read_moment("2030-09-01T12:00:00Z")
