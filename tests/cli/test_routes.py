"""``watchword routes``: what it lists, what ``--check`` refuses, and how it finds an app."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.servers.demo import run
from watchword.cli.main import app
from watchword.errors import ConfigurationError, NotInstalled, WatchwordError

ORDERS = """
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from watchword import Settings, Watchword, public, require_auth, version

def orders_app(*extra):
    app = FastAPI()
    Watchword(Settings(database_url="sqlite:///nowhere/never.db")).install(app)
    old = APIRouter(prefix="/v1")
    old.add_api_route("/orders", public(lambda: "old"))
    app.include_router(version("v1", mode="observe")(old))

    @app.post("/v2/orders")
    @require_auth(roles=["editor", "admin"], scopes=["orders:write"], live=True)
    async def create() -> None: ...

    @app.websocket("/live")
    @require_auth
    async def live(socket: WebSocket) -> None: ...

    app.mount("/sub", Starlette(routes=[Route("/open", public(PlainTextResponse("open")))]))
    for path in extra:
        app.add_api_route(path, lambda: "forgotten", methods=["GET", "PUT"])
    app.mount("/files", public(Mount("/", PlainTextResponse("a file"))))
    return app

app = orders_app()
forgetful = orders_app("/forgotten", "/too/\\x1b[31m")
wrapped = GZipMiddleware(app)
bare = FastAPI()
number = 5
contradictory = orders_app()
contradictory.get("/a")(version("v1")(public(lambda: "a")))

def broken():
    raise RuntimeError("the factory broke")

class holder:
    inner = app
"""


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with apps, from which the command is run; nothing stays imported."""
    (tmp_path / "ordersmodule.py").write_text(ORDERS)
    (tmp_path / "lacking.py").write_text("import no_such_dependency\n")
    (tmp_path / "exiting.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "misconfigured.py").write_text(
        "from watchword import Settings\napp = Settings(base_url='nowhere')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def routes(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["routes", *arguments])


def listed(*arguments: str) -> dict[tuple[str, ...], dict[str, Any]]:
    result = routes(*arguments, "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    document = json.loads(line)
    assert document.keys() == {"routes"}
    return {(each["path"], *each["methods"]): each for each in document["routes"]}


def test_every_route_with_its_protection() -> None:
    """Contract §5: ``path``, ``methods`` and ``protection``, and what more there is to know."""
    found = listed("ordersmodule:app")
    assert found["/v2/orders", "POST"] == {
        "path": "/v2/orders",
        "methods": ["POST"],
        "protection": "protected",
        "roles": ["admin", "editor"],
        "scopes": ["orders:write"],
        "live": True,
        "version": None,
        "websocket": False,
        "origin": "app",
    }
    said = {key: (each["protection"], each["version"], each["websocket"]) for key, each in found.items()}
    assert said["/v1/orders", "GET"] == ("observed", "v1", False)
    assert said["/live",] == ("protected", None, True)
    assert said["/sub/open",] == ("public", None, False)
    assert said["/files/{path:path}",] == ("public", None, False)
    assert found["/auth/me", "GET", "HEAD"]["origin"] == "watchword"
    assert found["/docs", "GET", "HEAD"]["origin"] == "documentation"


def test_the_table_is_for_people() -> None:
    """One line a route; documentation pages and routes of watchword's own are told apart, these come last."""
    lines = [line.split("  ") for line in routes("ordersmodule:app").stdout.splitlines()]
    rows = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert rows[0] == ["METHODS", "PATH", "PROTECTION", "ROLES", "SCOPES", "VERSION"]
    assert ["GET", "/v1/orders", "observed", "-", "-", "v1"] in rows
    assert ["POST", "/v2/orders", "protected, live", "admin, editor", "orders:write", "-"] in rows
    assert ["websocket", "/live", "protected", "-", "-", "-"] in rows
    assert ["any", "/files/{path:path}", "public", "-", "-", "-"] in rows
    assert ["GET,HEAD", "/docs", "unclassified (documentation)", "-", "-", "-"] in rows
    own = [row[2] == "public (watchword)" for row in rows]
    assert own == sorted(own)
    assert ["GET,HEAD", "/auth/admin", "public (watchword)", "-", "-", "-"] in rows


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_check_names_each_forgotten_route(as_json: list[str]) -> None:
    """Exit 1; the list is printed all the same, and nothing in it steers a terminal."""
    result = routes("ordersmodule:forgetful", "--check", *as_json)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Error: nobody said who may call GET,PUT /forgotten",
        "Error: nobody said who may call GET,PUT /too/?[31m",
        "Mark each with @require_auth or @public.",
    ]
    assert "/forgotten" in result.stdout
    assert "\x1b" not in result.output


def test_check_is_content_with_what_was_said() -> None:
    """Protected, public, observed; our own routes and the documentation do not count."""
    result = routes("ordersmodule:app", "--check")
    assert (result.exit_code, result.stderr) == (0, "")
    assert routes("ordersmodule:forgetful").exit_code == 0


def test_an_app_is_found_where_a_server_finds_it() -> None:
    """By a factory, inside an object, below middleware; nothing of it is started."""
    here = listed("ordersmodule:app")
    for arguments in (
        ["ordersmodule:orders_app", "--factory"],
        ["ordersmodule:holder.inner"],
        ["ordersmodule:wrapped"],
    ):
        assert listed(*arguments) == here
    assert not Path("nowhere").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "APP"),
        (["ordersmodule"], "not of the form module:attribute"),
        (["ordersmodule:"], "not of the form module:attribute"),
        ([":app"], "not of the form module:attribute"),
        (["../x:app"], "not of the form module:attribute"),
        (["nosuchmodule:app"], "there is no module nosuchmodule"),
        (["nosuch.module:app"], "there is no module nosuch.module"),
        (["ordersmodule:nosuch"], "the module ordersmodule has no nosuch"),
        (["ordersmodule:app.nosuch"], "has no app.nosuch"),
        (["ordersmodule:number", "--factory"], "cannot be called"),
    ],
)
def test_a_place_that_does_not_exist_is_wrong_usage(arguments: list[str], told: str) -> None:
    """Exit 2, and what is wrong with it."""
    result = routes(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["lacking:app"], "ModuleNotFoundError: No module named 'no_such_dependency' (lacking.py:1)"),
        (["exiting:app"], "SystemExit: 3 (exiting.py:1)"),
        (["ordersmodule:broken", "--factory"], "RuntimeError: the factory broke (ordersmodule.py:"),
        (["ordersmodule:number", "--check"], "of type int, no Starlette or FastAPI app"),
        (["ordersmodule:orders_app"], "add --factory"),
        (["ordersmodule:bare"], "the app has no watchword"),
        (["ordersmodule:contradictory"], "'v1' is defined twice"),
        (["misconfigured:app"], "WATCHWORD_BASE_URL"),
    ],
)
def test_code_that_fails_is_exit_1(arguments: list[str], told: str) -> None:
    """With the error and the line it comes from; expected ones are told by the command itself."""
    result = routes(*arguments)
    assert result.exit_code == 1
    if isinstance(result.exception, WatchwordError):
        assert isinstance(result.exception, NotInstalled | ConfigurationError)
        assert told in result.exception.detail
    else:
        assert told in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_it_runs_as_a_command(modules: Path) -> None:
    """As a pipeline runs it: exit codes, no traceback, nothing made."""
    before = sorted(modules.iterdir())
    good = run(modules, "routes", "ordersmodule:app", "--check", "--json")
    assert (good.returncode, good.stderr) == (0, "")
    assert any(each["path"] == "/v2/orders" for each in json.loads(good.stdout)["routes"])
    bad = run(modules, "routes", "ordersmodule:bare")
    assert bad.returncode == 1
    assert bad.stderr == "Error: the app has no watchword: call Watchword(settings).install(app)\n"
    assert [each for each in sorted(modules.iterdir()) if each.name != "__pycache__"] == before
