"""The command line beside a running service of the tests."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from typer.testing import CliRunner, Result

from tests.flows.browser import Browser
from tests.flows.conftest import Service
from tests.servers.forked import run_forked
from watchword.cli.main import app

HTML = {"accept": "text/html"}
UNKNOWN = "019e0000-0000-7000-8000-00000000abcd"


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def told(*arguments: str) -> Any:
    """What a command prints with ``--json``: one line."""
    result = command(*arguments, "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def on_a_terminal(*arguments: str) -> tuple[list[str], str]:
    """What the installed command pipes out, line by line, and what it shows on a terminal meanwhile."""
    ours, theirs = pty.openpty()
    try:
        environment = {**os.environ, "TERM": "xterm"}
        ended = run_forked(arguments, Path.cwd(), environment, timeout=60, terminal=os.ttyname(theirs))
        ended.check_returncode()
        return ended.stdout.splitlines(), os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)


def me(browser: Browser) -> dict[str, Any]:
    answer = browser.get("/auth/me").json()
    assert isinstance(answer, dict)
    return answer


def read_feed(*services: Service) -> None:
    """What every replica does once a second."""

    async def poll(service: Service) -> None:
        await (await service.auth.services()).feed.poll()

    for service in services:
        service.call(poll, service)


def trail(service: Service) -> list[tuple[str, dict[str, Any]]]:
    """Event and details of everything but sign-ins, in order."""
    engine = create_engine(service.auth.settings.database_url.replace("+aiosqlite", ""))
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT event, details FROM ww_audit_events WHERE event <> 'sign_in' ORDER BY rowid")
        ).all()
    engine.dispose()
    return [(row.event, json.loads(row.details)) for row in rows]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The installed command, in this environment."""
    return run_forked(arguments, Path.cwd(), os.environ, timeout=60)
