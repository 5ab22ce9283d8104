"""``watchword sessions prune``: counts by table, beside a running service, progress for people only."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from tests.contract.samples import identity, new_session
from tests.flows.commands import command, on_a_terminal, told
from tests.servers.sqlite import migrated_sqlite
from watchword.auth.audit_ports import AuditEvent
from watchword.auth.cleanup_ports import CLEANED_TABLES
from watchword.storage import SqlDatabase, open_database

T = TypeVar("T")
DAY = timedelta(days=1)


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database that the commands of the test work on."""
    address = migrated_sqlite(tmp_path / "service.db")
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", address)
    return address


def at(url: str, work: Callable[[SqlDatabase], Awaitable[T]]) -> T:
    """What a service does with the database."""

    async def once() -> T:
        database = open_database(url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(once())


async def filled(database: SqlDatabase) -> None:
    """One row of each of some kinds that has to go, and one that stays."""
    now = datetime.now(UTC)
    for number, ends_at in ((1, now - DAY), (2, now + DAY)):
        times = {"created_at": ends_at - DAY, "idle_ends_at": ends_at, "absolute_ends_at": ends_at}
        new = new_session(number, **times)
        await database.sessions.open(replace(identity(), subject=f"person-{number}"), new)
        await database.single_use.claim("attempt", b"%d" % number, expires_at=ends_at)
    await database.audit.record(AuditEvent("sign_in", now - 91 * DAY))


def gone(**rows: int) -> dict[str, int]:
    return {**dict.fromkeys(CLEANED_TABLES, 0), **rows}


def test_what_went_is_counted_by_table(url: str) -> None:
    """What is needed stays, and a second run finds nothing."""
    at(url, filled)
    pruned = {"pruned": gone(sessions=1, single_use=1, audit_events=1), "finished": True}
    assert told("sessions", "prune") == pruned
    assert told("sessions", "prune", "--yes") == {"pruned": gone(), "finished": True}
    assert len(told("sessions", "list")["sessions"]) == 1


def test_people_get_a_table_and_progress_on_a_terminal(url: str) -> None:
    """One line a table in plain columns; what goes on is told on standard error only, so that the output
    can be piped while one looks on."""
    at(url, filled)
    lines, shown = on_a_terminal("sessions", "prune")
    assert re.search("Looking for expired rows|Rows gone: sessions 1", shown)
    heading, *rows = lines
    assert heading.split() == ["TABLE", "ROWS", "GONE"]
    counted = {table: int(number) for table, number in map(str.split, rows)}
    assert counted == gone(sessions=1, single_use=1, audit_events=1)


def test_no_progress_where_it_is_piped(url: str) -> None:
    """Nor any colour."""
    at(url, filled)
    result = command("sessions", "prune")
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 1 + len(CLEANED_TABLES)
    assert "\x1b" not in result.stdout


def test_another_process_at_it_is_told(url: str) -> None:
    """Exit 1; what is left is that one's."""
    at(url, filled)

    async def at_work(database: SqlDatabase) -> None:
        now = datetime.now(UTC)
        await database.cleanup.take_away("revocations", before=now, after=None, limit=1, now=now)

    at(url, at_work)
    result = command("sessions", "prune", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"pruned": gone(), "finished": False}
    assert result.stderr == "Error: another process is cleaning up, and goes on with the rest\n"


def test_settings_say_what_is_old(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The retention of the service counts for the command."""
    at(url, filled)
    monkeypatch.setenv("WATCHWORD_PRIVACY__RETENTION_DAYS", "92")
    assert told("sessions", "prune")["pruned"] == gone(sessions=1, single_use=1)
