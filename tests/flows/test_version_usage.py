"""Who calls a version, from the request to the report: a real app, its own database, the command."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from tests.contract.samples import identity, new_session
from tests.flows.commands import command, run, told
from tests.house.tree import ROOT
from tests.servers.sqlite import migrated_sqlite
from watchword import Settings, Watchword, public, require_auth
from watchword.api.versioning import version
from watchword.auth.version_ports import VersionCalls
from watchword.migrations.runner import downgrade
from watchword.storage import open_database
from watchword.testing import FakeClock

SignedIn = Callable[..., AbstractContextManager[TestClient]]
EMPTY: dict[str, Any] = {"versions": []}


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated database, which the commands of the test work on."""
    address = migrated_sqlite(tmp_path / "service.db")
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", address)
    return address


def versioned(url: str, clock: FakeClock, **settings: Any) -> FastAPI:
    """An app with an open v1, a v1 route that is only observed, and a v2 that is not counted here."""
    app = FastAPI()
    v1, beta = version("v1"), version("beta", mode="observe")
    Watchword(Settings(database_url=url, **settings), clock=clock).install(app)

    @app.get("/v1/orders")
    @v1
    @public
    async def orders() -> str:
        return "orders"

    @app.get("/beta/orders")
    @beta
    @require_auth(scopes=["orders"])
    async def observed() -> str:
        return "orders"

    @app.get("/other")
    @public
    async def other() -> str:
        return "no version"

    return app


def test_the_report_says_who_called_what(url: str, signed_in: SignedIn, watchword_clock: FakeClock) -> None:
    """A person by name, a stranger by network; whom observing let through; written when the app stops."""
    app = versioned(url, watchword_clock)
    with signed_in(app, name="Ångström \x1b[31m", email="a@example.test") as client:
        user_id = client.get("/auth/me").json()["user_id"]
        stranger = TestClient(app, base_url="http://127.0.0.1:8000", client=("198.51.100.77", 1))
        for _ in range(3):
            assert client.get("/v1/orders").status_code == 200
        watchword_clock.advance(60)
        assert client.get("/beta/orders").status_code == 200
        stranger.portal = client.portal
        assert stranger.get("/v1/orders").status_code == 200
        assert stranger.get("/other").status_code == 200
        assert told("versions", "report") == EMPTY, "no request wrote anything"
    beta, v1 = told("versions", "report")["versions"]
    assert (v1["version"], v1["calls"], v1["caller_count"], v1["would_be_refused"]) == ("v1", 4, 2, 0)
    network, person = v1["callers"]
    assert (network["kind"], network["network"], network["calls"]) == ("network", "198.51.100.0", 1)
    assert (person["kind"], person["user_id"], person["client_id"]) == ("user", user_id, "browser")
    assert (person["email"], person["name"], person["network"]) == ("a@example.test", "Ångström  [31m", None)
    assert person["calls"] == 3
    assert v1["last_seen_at"] == network["last_seen_at"] > person["last_seen_at"]
    (refused,) = beta["callers"]
    assert (refused["calls"], refused["would_be_refused"]) == (1, 1)
    assert refused["last_refusal"] == "insufficient_scope"
    shown = command("versions", "report").output
    assert "beta: calls 1, callers 1, would be refused 1, last seen " in shown
    assert "Ångström  [31m <a@example.test>" in shown
    assert "network 198.51.100.0" in shown
    assert "1 (insufficient_scope)" in shown
    assert "\x1b" not in shown


def test_the_report_can_be_narrowed(url: str, signed_in: SignedIn, watchword_clock: FakeClock) -> None:
    """By version, by when callers were last seen, in number and in order."""
    app = versioned(url, watchword_clock, privacy={"ip": "none"})
    with signed_in(app) as client:
        client.get("/v1/orders")
        watchword_clock.advance(3 * 86_400)
        stranger = TestClient(app, base_url="http://127.0.0.1:8000")
        stranger.portal = client.portal
        stranger.get("/v1/orders")
        stranger.get("/beta/orders")
    (only,) = told("versions", "report", "--version", "beta")["versions"]
    assert only["callers"][0]["network"] is None
    assert "network unknown" in command("versions", "report", "--version", "beta").output
    today = f"{watchword_clock.now():%Y-%m-%d}"
    recent = told("versions", "report", "--since", today)["versions"]
    assert [each["caller_count"] for each in recent] == [1, 1]
    moment = f"{watchword_clock.now():%Y-%m-%dT%H:%M:%SZ}"
    for since in (moment, "9999w"):
        assert len(told("versions", "report", "--since", since)["versions"]) == 2
    first = command("versions", "report", "--version", "v1", "--limit", "1")
    assert "And 1 more: raise --limit" in first.output
    assert "network unknown" in first.output
    by_calls = command("versions", "report", "--version", "v1", "--sort", "calls")
    assert by_calls.exit_code == 0
    for nobody in (["--version", "v9"], ["--since", "2999-01-01"], ["--version", "x" * 5000]):
        assert told("versions", "report", *nobody) == EMPTY
        assert command("versions", "report", *nobody).output == "Nobody like that has called.\n"


def test_the_page_shows_what_the_command_prints(url: str) -> None:
    """Word for word, but for the id of the account."""
    page = (ROOT / "docs/version-usage.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)

    async def fill() -> str:
        database = open_database(url)
        alice = identity(email="alice@example.org", name="Alice")
        user_id = (await database.sessions.open(alice, new_session())).user_id
        seen = [datetime.fromisoformat(each) for each in re.findall(r"  (2026\S+Z)$", shown, re.MULTILINE)]
        nobody = VersionCalls(
            "v1", "network", 17, 17, "authentication_required", seen[0], seen[0], network="198.51.100.0"
        )
        nightly = VersionCalls("v1", "client", 310, 0, None, seen[1], seen[1], client_id="nightly")
        person = VersionCalls("v1", "user", 880, 0, None, seen[2], seen[2], user_id, "browser")
        await database.version_usage.add([nobody, nightly, person])
        await database.close()
        return str(user_id)

    user_id = asyncio.run(fill())
    printed = command("versions", "report").output
    assert printed == shown.replace("019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6", user_id)


def test_an_empty_ledger_says_so(url: str) -> None:
    """Exit code 0, for people and for programs."""
    assert told("versions", "report") == EMPTY
    shown = command("versions", "report")
    assert (shown.exit_code, shown.output) == (0, "Nobody has called any version.\n")


@pytest.mark.parametrize(
    "arguments",
    [["--since", "yesterday"], ["--since", "2026-02-30"], ["--limit", "0"], ["--sort", "x"], ["v1"]],
)
def test_wrong_usage_is_exit_2(url: str, arguments: list[str]) -> None:
    """As for every command."""
    assert command("versions", "report", *arguments).exit_code == 2


def test_a_database_at_an_older_revision_is_exit_3(url: str) -> None:
    """The table of the ledger may not be there yet; the command that helps is named."""
    asyncio.run(downgrade(url, "001_add_auth_tables"))
    ended = run("versions", "report")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "watchword db upgrade" in ended.stderr


def test_two_replicas_are_one_ledger(url: str, signed_in: SignedIn, watchword_clock: FakeClock) -> None:
    """The same person on both is one caller."""
    one, other = versioned(url, watchword_clock), versioned(url, watchword_clock)
    with signed_in(one) as first, signed_in(other) as second:
        for _ in range(2):
            first.get("/v1/orders")
        for _ in range(3):
            second.get("/v1/orders")
    (v1,) = told("versions", "report")["versions"]
    assert [caller["calls"] for caller in v1["callers"]] == [5]


async def test_a_mounted_app_counts_without_a_lifespan(url: str, watchword_clock: FakeClock) -> None:
    """No request writes; what stops by hand has written all it counted."""
    inner = versioned(url, watchword_clock)
    outer = Starlette(routes=[Mount("/api", app=inner)])
    auth: Watchword = inner.state.watchword
    await auth.services()
    transport = httpx2.ASGITransport(app=outer)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        for _ in range(4):
            assert (await client.get("/api/v1/orders")).status_code == 200
    assert json.loads(run("versions", "report", "--json").stdout) == EMPTY
    await auth.stop()
    (v1,) = json.loads(run("versions", "report", "--json").stdout)["versions"]
    assert v1["calls"] == 4
