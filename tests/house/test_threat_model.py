"""``docs/security/threat-model.md`` names addresses, packages and rows as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette

from tests.house.asvs import missing
from tests.house.test_asvs_facts import PACKAGE, imported
from tests.house.test_outage_page import ROW, defined, read
from tests.house.tree import ROOT, files, short
from watchword import Settings, Watchword
from watchword.api.own_routes import OwnRoutes

PAGE = (ROOT / "docs" / "security" / "threat-model.md").read_text(encoding="utf-8")
CONNECTING = {
    "httpx2": {"transport"},
    "valkey": {"rate_limiting"},
    "asyncpg": {"storage"},
    "boto3": {"vault"},
    "botocore": {"vault"},
    "hvac": {"vault"},
    "requests": {"vault"},
}
"""Packages that open connections, and the folders that may import them."""
ELSEWHERE = {"aiohttp", "ftplib", "httpx", "paramiko", "psycopg", "pycurl", "redis", "smtplib", "telnetlib"}
DEVELOPMENT = {"demo", "dev_provider"}


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> str:
    return "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| "))


def test_asvs_6_1_3_6_3_4_every_route_of_ours_is_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Under "Ways in", and no other: a new address says there what has to be proved at it."""
    monkeypatch.chdir(tmp_path)
    app = Starlette()
    Watchword(Settings()).install(app)
    (own,) = [route for route in app.router.routes if isinstance(route, OwnRoutes)]
    paths = {str(getattr(route, "path", "")) for route in own.routes}
    listed = re.findall(r"`(/[^`]+)`", first_cells(section("Ways in")))
    assert set(listed) == paths
    assert len(listed) == len(set(listed))


def test_asvs_13_1_1_only_the_listed_packages_open_connections() -> None:
    """By what is imported: each from its own folder, none that is not on the page; the demo and the
    development provider, which production refuses, left out."""
    seen: dict[str, set[str]] = {}
    for path in files(".py", under=PACKAGE):
        folder = short(path).removeprefix(f"{PACKAGE}/").partition("/")[0]
        if folder not in DEVELOPMENT:
            names = set(imported(path))
            assert not names & ELSEWHERE, short(path)
            for name in names & CONNECTING.keys():
                seen.setdefault(name, set()).add(folder)
    assert {name: folders <= CONNECTING[name] for name, folders in seen.items()} == dict.fromkeys(seen, True)
    told = section("What is called")
    for name in ("httpx2", "asyncpg", "aiosqlite", "valkey", "boto3", "hvac"):
        assert f"`{name}`" in told, name


def test_every_row_the_page_names_is_held() -> None:
    """By the tests of docs/conformance.md."""
    named = set(re.findall(r"`([A-Z]+-\d+)`", PAGE))
    tests = set(re.findall(r"`tests/([^`]+::[^`]+)`", PAGE))
    assert len(named) > 50
    assert tests
    assert not {each: why for each in named | tests if (why := missing(each)) is not None}


def numbers() -> list[tuple[str, str, str]]:
    table = PAGE.partition("### Numbers of cache and vaults")[2].partition("\n## ")[0]
    return [found for found in ROW.findall(table) if not found[0].startswith(("knob", "---"))]


@pytest.mark.parametrize("row", numbers(), ids=lambda row: row[2].strip("`"))
def test_asvs_13_1_2_13_1_3_each_number_is_the_one_in_the_code(row: tuple[str, str, str]) -> None:
    """A changed bound is a changed page."""
    knob, value, source = row
    assert read(value) == pytest.approx(defined(source)), knob


def test_the_numbers_are_found() -> None:
    """An empty table would hold everything."""
    assert len(numbers()) == 15
