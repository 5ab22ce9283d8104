"""Promises of ``watchword db``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.servers.forked import run_forked
from watchword.cli.main import app
from watchword.errors import DatabaseUnavailable, MigrationFailed
from watchword.migrations import scripts
from watchword.migrations.runner import render_sql

FIRST = scripts.revisions()[0]
HEAD = scripts.head()


@pytest.fixture(autouse=True)
def database_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database that is not there yet, named by the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", f"sqlite:///{tmp_path}/data/watchword.db")
    return tmp_path / "data" / "watchword.db"


def db(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["db", *arguments])


def test_status_says_when_an_upgrade_is_needed(database_file: Path) -> None:
    """Exit code 3 and the newest revision; asking changes nothing."""
    told = db("status")
    assert told.exit_code == 3
    assert HEAD in told.stdout
    assert not database_file.parent.exists()


def test_upgrade_then_status_is_up_to_date(database_file: Path) -> None:
    """Exit code 0 for both, and again for an upgrade with nothing to do."""
    assert [db("upgrade").exit_code, db("status").exit_code, db("upgrade").exit_code] == [0, 0, 0]
    assert database_file.exists()


def test_answers_are_one_line_of_json_when_asked() -> None:
    """Scripts read the same fields from every command."""
    behind, done = db("status", "--json"), db("upgrade", "--json")
    assert (behind.exit_code, done.exit_code) == (3, 0)
    assert json.loads(behind.stdout) == {"current": None, "head": HEAD, "up_to_date": False}
    assert json.loads(done.stdout) == {"current": HEAD, "head": HEAD, "up_to_date": True}
    back = db("downgrade", "base", "--yes", "--json")
    assert json.loads(back.stdout) == {"current": None, "head": HEAD, "up_to_date": False}
    printed = db("sql", "--json")
    assert json.loads(printed.stdout) == {"dialect": "postgresql", "sql": render_sql("postgresql")}


def test_a_downgrade_needs_a_yes() -> None:
    """Without it the command is a usage error and the database stays."""
    db("upgrade")
    assert db("downgrade", "base").exit_code == 2
    assert db("status").exit_code == 0
    assert db("downgrade", "base", "--yes").exit_code == 0
    assert db("status").exit_code == 3


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_sql_is_printed_for_either_database(dialect: str) -> None:
    """What is printed is exactly what the migrations render, ready to be piped."""
    printed = db("sql", "--dialect", dialect)
    assert printed.exit_code == 0
    assert printed.stdout == render_sql(dialect)  # type: ignore[arg-type]


def test_sql_from_a_revision_on_is_printed() -> None:
    """Who runs it by hand has run the older migrations already."""
    printed = db("sql", "--after", FIRST)
    assert printed.exit_code == 0
    assert printed.stdout == render_sql("postgresql", after=FIRST)
    assert "CREATE TABLE ww_users" not in printed.stdout
    assert isinstance(db("sql", "--after", "no_such_revision").exception, MigrationFailed)


def test_an_old_revision_needs_an_upgrade() -> None:
    """Exit code 3 with both revisions; also when it was gone back to."""
    assert db("upgrade", FIRST).exit_code == 0
    told = db("status")
    assert (told.exit_code, told.stdout) == (3, f"The database is at {FIRST}; newest is {HEAD}.\n")
    assert db("upgrade").exit_code == 0
    assert db("downgrade", FIRST, "--yes").exit_code == 0
    assert db("status").exit_code == 3


@pytest.mark.parametrize(
    "arguments", [["sql", "--dialect", "mysql"], ["downgrade"], ["status", "extra"], ["no"]]
)
def test_a_misspelt_command_is_a_usage_error(arguments: list[str]) -> None:
    """Exit code 2, nothing done."""
    assert db(*arguments).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [["--help"], *([name, "--help"] for name in ("upgrade", "downgrade", "status", "sql"))]
)
def test_every_command_helps_with_an_example(arguments: list[str]) -> None:
    """Help is there without a database, with a line to copy."""
    told = db(*arguments)
    assert told.exit_code == 0
    assert arguments == ["--help"] or "Example: watchword db" in told.stdout


def test_what_cannot_be_done_is_one_of_our_errors(
    monkeypatch: pytest.MonkeyPatch, database_file: Path
) -> None:
    """An unknown revision and a database that is away become an error of watchword, never another."""
    db("upgrade")
    assert isinstance(db("upgrade", "no_such_revision").exception, MigrationFailed)
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    for arguments in (["status"], ["upgrade"], ["downgrade", "base", "--yes"]):
        assert isinstance(db(*arguments).exception, DatabaseUnavailable)


@pytest.mark.parametrize(
    ("url", "arguments", "code", "said"),
    [
        (None, ["status"], 3, HEAD),
        (None, ["upgrade"], 0, "up to date"),
        ("postgresql://nobody:hunter2@127.0.0.1:1/none", ["status"], 1, "Error: "),
        ("mysql://nobody:hunter2@127.0.0.1/none", ["status"], 1, "postgresql://"),
    ],
)
def test_the_installed_command_ends_with_the_code_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, url: str | None, arguments: list[str], code: int, said: str
) -> None:
    """The console script itself: exit codes 0, 1 and 3, plain words, no secret."""
    if url is not None:
        monkeypatch.setenv("WATCHWORD_DATABASE_URL", url)
    done = run_forked(["db", *arguments], Path.cwd(), os.environ, timeout=60)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
