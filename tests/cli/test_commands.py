"""What holds for every command: help with an example, --json, exit codes, plain text, light imports."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.servers.demo import environment, run, run_from_nothing
from watchword.cli.main import app

HEAVY = ("sqlalchemy", "alembic", "fastapi", "starlette", "uvicorn", "httpx2", "cryptography")


def commands(group: typer.Typer, *path: str) -> Iterator[tuple[str, ...]]:
    """Every command that does something, by the words that lead to it."""
    for command in group.registered_commands:
        assert command.callback is not None
        yield (*path, command.name or command.callback.__name__.replace("_", "-"))
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, *path, str(inner.name))


def groups(group: typer.Typer, *path: str) -> Iterator[tuple[str, ...]]:
    """Every group of commands, the outermost included."""
    yield path
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from groups(inner.typer_instance, *path, str(inner.name))


EVERY_COMMAND = list(commands(app))
EVERYTHING = [*groups(app), *EVERY_COMMAND]


def called(words: tuple[str, ...]) -> str:
    return " ".join(["watchword", *words])


@pytest.mark.parametrize("words", EVERYTHING, ids=called)
def test_help_has_an_example(words: tuple[str, ...]) -> None:
    """``--help`` exits 0 and shows the command as one would type it."""
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0
    assert re.search(rf"Example: {called(words)}\b", result.output), result.output
    assert "\x1b" not in result.output


@pytest.mark.parametrize("words", list(groups(app)), ids=called)
def test_a_list_of_commands_is_not_cut_off(words: tuple[str, ...]) -> None:
    """Each is said in a line that fits, whole."""
    listed = CliRunner().invoke(app, [*words, "--help"]).output.partition("Commands:")[2]
    assert listed.strip()
    assert "..." not in listed


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=called)
def test_every_command_speaks_json(words: tuple[str, ...]) -> None:
    """For programs that read what a command says."""
    assert "--json" in CliRunner().invoke(app, [*words, "--help"]).output


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=called)
def test_wrong_usage_is_exit_2(words: tuple[str, ...]) -> None:
    """An unknown option is named, and the way to the help with it."""
    result = CliRunner().invoke(app, [*words, "--no-such-option"])
    assert result.exit_code == 2
    assert "--no-such-option" in result.output
    assert f"Try '{called(words)} --help'" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["db", "no-such-command"],
        ["demo", "--port", "0"],
        ["demo", "--port", "70000"],
        ["demo", "--port", "many"],
        ["demo", "--workers", "0"],
        ["demo", "surplus"],
        ["db", "downgrade"],
    ],
    ids=" ".join,
)
def test_values_that_cannot_be_are_exit_2(arguments: list[str]) -> None:
    """Said before anything starts."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "Error: " in result.output


def test_no_command_shows_the_help() -> None:
    """Nobody is left alone with an error."""
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 2
    for command in ("demo", "serve", "dev-provider", "db"):
        assert command in result.output


def test_it_runs_as_a_module_and_as_a_script(tmp_path: Path) -> None:
    """``python -m watchword`` and ``watchword`` are the same, and say their version."""
    script = Path(sys.executable).with_name("watchword")
    by_script = subprocess.run(
        [str(script), "--version"], capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path
    )
    assert (
        run_from_nothing(tmp_path, "--version").stdout
        == by_script.stdout
        == f"watchword {version('watchword')}\n"
    )


@pytest.mark.parametrize("arguments", [["demo"], ["db", "status"]], ids=" ".join)
def test_every_wrong_setting_is_told_at_once(tmp_path: Path, arguments: list[str]) -> None:
    """Exit 1, each with its name, without a traceback or colours, and nothing is made."""
    ended = run(tmp_path, *arguments, NO_SUCH="1", BASE_URL="nowhere", ACCESS_TOKEN_SECONDS="soon")
    assert ended.returncode == 1
    for name in ("NO_SUCH", "BASE_URL", "ACCESS_TOKEN_SECONDS"):
        assert f"- WATCHWORD_{name}: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "\x1b" not in ended.stdout + ended.stderr
    assert ended.stdout == ""
    assert not list(tmp_path.iterdir())


def imported_by(code: str) -> set[str]:
    """The top-level modules a fresh interpreter has after running this."""
    ask = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    ended = subprocess.run(
        [sys.executable, "-c", ask],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(ended.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"], ["db", "--help"], ["--version"]])
def test_help_is_quick(arguments: list[str]) -> None:
    """No database, web framework or cryptography is imported to show a text."""
    code = (
        f"import sys\nsys.argv = {['watchword', *arguments]!r}\n"
        "from watchword.cli.main import run\ntry:\n    run()\nexcept SystemExit:\n    pass"
    )
    assert not imported_by(code).intersection(HEAVY)
