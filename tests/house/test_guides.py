"""The examples of the guides run as they are printed."""

from __future__ import annotations

import asyncio
import inspect
import re
import runpy
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.house.test_docs import blocks
from tests.house.tree import ROOT
from watchword.dev_provider import DevProviderServer
from watchword.testing import FakeClock

TESTING = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
SignedIn = Callable[..., AbstractContextManager[TestClient]]


def run(folder: Path, block: str, **known: Any) -> dict[str, Any]:
    """What a block defines, run as a file of its own."""
    file = folder / "example.py"
    file.write_text(block)
    return runpy.run_path(str(file), init_globals=known)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_step_up_guide_runs(folder: Path, signed_in: SignedIn, watchword_clock: FakeClock) -> None:
    """Its app takes who signed in just now, and its test passes, word for word."""
    app, test = blocks("docs/step-up.md", "python")
    with signed_in(run(folder, app)["app"]) as client:
        assert client.post("/transfers").json() == {"from": client.get("/auth/me").json()["subject"]}
    run(folder, test)["test_transfers_need_a_recent_sign_in"](signed_in, watchword_clock)


def test_the_guide_to_protecting_routes_runs(folder: Path, signed_in: SignedIn) -> None:
    """Both apps serve what the page says, and its test passes, word for word."""
    fastapi, starlette, test = blocks("docs/protecting.md", "python")
    app = run(folder, fastapi)["app"]
    run(folder, test, app=app)["test_only_editors_delete_orders"](signed_in)
    stranger = TestClient(app)
    for path in ("/orders", "/invoices", "/admin/users"):
        assert stranger.get(path).status_code == 401
    assert stranger.get("/news").json() == "Hello, stranger"
    assert stranger.get("/docs").status_code == 403
    with signed_in(app, scopes=["orders:write", "admin"]) as client:
        assert client.post("/refunds").json() == client.get("/auth/me").json()["email"]
        assert client.get("/admin/users").json() == []
        with client.websocket_connect("/live") as socket:
            assert socket.receive_text() == client.get("/auth/me").json()["subject"]
    plain = run(folder, starlette)["app"]
    assert TestClient(plain).get("/").text == "nobody"
    with signed_in(plain, roles=["editor"]) as client:
        assert client.get("/drafts").text == client.get("/").text


def test_five_minutes_with_fastapi(folder: Path, signed_in: SignedIn) -> None:
    """``init`` writes what the page shows, and its app and test work together, word for word."""
    written, app, test = blocks("docs/guides/fastapi.md", "python")
    assert written == resources.files("watchword.cli.starter").joinpath("main.py.txt").read_text("utf-8")
    shop = run(folder, app)["app"]
    assert TestClient(shop).get("/orders").status_code == 401
    run(folder, test, app=shop)["test_orders_need_a_sign_in"](signed_in)


def test_the_guide_to_starlette_runs(folder: Path, signed_in: SignedIn) -> None:
    """Its app is open, protected and live as printed."""
    app, test = blocks("docs/guides/starlette.md", "python")
    shop = run(folder, app)["app"]
    stranger = TestClient(shop)
    assert stranger.get("/").json() == {"hello": "stranger"}
    assert stranger.get("/shop/orders").status_code == 401
    run(folder, test, app=shop)["test_who_may_do_what"](signed_in)


def test_moving_from_fastapi_users(folder: Path, signed_in: SignedIn) -> None:
    """The app runs, and the statements find each person by subject or verified address, and nobody twice."""
    with signed_in(run(folder, blocks("docs/guides/from-fastapi-users.md", "python")[0])["app"]) as client:
        assert client.get("/orders").status_code == 200
    table, by_subject, by_address = blocks("docs/guides/from-fastapi-users.md", "sql")
    database = sqlite3.connect(":memory:")
    database.executescript(
        """
        CREATE TABLE "user" (id CHAR(36) PRIMARY KEY, email TEXT, is_verified BOOLEAN);
        CREATE TABLE oauth_account (user_id CHAR(36), oauth_name TEXT, account_id TEXT);
        CREATE TABLE ww_identities (user_id CHAR(32), issuer TEXT, subject TEXT, verified_email TEXT);
        INSERT INTO "user" VALUES ('g', 'Ann@example.org', true), ('p', 'Bob@example.org', true),
            ('u', 'unverified@example.org', false), ('t', 'two@example.org', true);
        INSERT INTO oauth_account VALUES ('g', 'google', 'people/1'), ('u', 'github', '1');
        INSERT INTO ww_identities VALUES
            ('ann', 'https://accounts.google.com', '1', 'ann@example.org'),
            ('thief', 'https://elsewhere.example', '1', 'bob@example.org'),
            ('bob', 'https://login.example.com/', '7', 'bob@example.org'),
            ('someone', 'https://login.example.com/', '8', 'unverified@example.org'),
            ('two1', 'https://login.example.com/', '9', 'two@example.org'),
            ('two2', 'https://login.example.com/', '10', 'two@example.org');
        """
    )
    database.executescript(table)
    for _ in range(2):
        database.execute(by_subject)
        database.execute(by_address)
    assert set(database.execute("SELECT * FROM user_links")) == {("g", "ann"), ("p", "bob")}


def test_moving_from_auth0(folder: Path, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and app are taken as printed; the statement fills in who is known and nobody else."""
    (settings,) = blocks("docs/guides/from-auth0.md", "toml")
    (folder / "watchword.toml").write_text(settings)
    monkeypatch.setenv("AUTH0_CLIENT_SECRET", "from-outside")
    with signed_in(
        run(folder, blocks("docs/guides/from-auth0.md", "python")[0])["app"], scopes=["read:orders"]
    ) as client:
        assert client.get("/orders").status_code == 200
    database = sqlite3.connect(":memory:")
    database.executescript(
        """
        CREATE TABLE orders (auth0_sub TEXT, user_id TEXT);
        CREATE TABLE ww_identities (user_id TEXT, issuer TEXT, subject TEXT);
        INSERT INTO orders VALUES ('auth0|1', NULL), ('auth0|2', NULL);
        INSERT INTO ww_identities VALUES ('ann', 'https://example.eu.auth0.com/', 'auth0|1'),
            ('other', 'https://elsewhere.example/', 'auth0|2');
        """
    )
    database.execute(blocks("docs/guides/from-auth0.md", "sql")[0])
    assert set(database.execute("SELECT * FROM orders")) == {("auth0|1", "ann"), ("auth0|2", None)}


@pytest.mark.parametrize("name", re.findall(r"^(?:async )?def (test_\w+)", TESTING, re.MULTILINE))
def test_the_guide_to_testing_runs(
    folder: Path,
    name: str,
    signed_in: SignedIn,
    watchword_provider: DevProviderServer,
    watchword_clock: FakeClock,
) -> None:
    """Each of its tests passes, word for word, on the app printed before it."""
    printed = blocks("docs/testing.md", "python")
    (block,) = (each for each in printed if f"def {name}(" in each)
    known: dict[str, Any] = {}
    for app in (each for each in printed if "def test_" not in each):
        known |= run(folder, app)
    test = run(folder, block, **known)[name]
    fixtures = {
        "signed_in": signed_in,
        "watchword_provider": watchword_provider,
        "watchword_clock": watchword_clock,
        "tmp_path": folder,
    }
    done = test(**{each: fixtures[each] for each in inspect.signature(test).parameters})
    if inspect.isawaitable(done):
        asyncio.run(_finished(done))


async def _finished(work: Awaitable[object]) -> None:
    await work
