"""Promises while the database is away: one error, in time, and back to work by itself."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import event, make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.contract.keys import NO_RING, key
from tests.contract.samples import (
    NOW,
    at_once,
    count,
    digest,
    identity,
    new_session,
    opened,
    rotation,
    session_id,
)
from tests.servers.line import Line, line_to
from tests.servers.postgres import PostgresServer
from tests.servers.sqlite import migrated_sqlite
from watchword.auth.audit_ports import AuditEvent
from watchword.auth.key_ports import KeyUse, RingCopy
from watchword.errors import ConfigurationError, DatabaseUnavailable
from watchword.storage import DatabaseLimits, SqlDatabase, open_database

Call = Callable[[SqlDatabase], Awaitable[Any]]

READS: dict[str, Call] = {
    "facts": lambda database: database.sessions.facts(session_id(1)),
    "caller": lambda database: database.callers.find("https://idp.example", "alice"),
    "find": lambda database: database.sessions.find(session_id(1), now=NOW),
    "load": lambda database: database.keys.load(),
    "revoked": lambda database: database.key_ledger.revoked(),
    "copy": lambda database: database.key_ledger.copy("file"),
    "uses": lambda database: database.key_ledger.uses(),
    "unexpired": lambda database: database.revocations.unexpired(now=NOW),
    "since": lambda database: database.revocations.since(0, again_from=NOW),
    "ping": lambda database: database.ping(),
}
ENDED: Any = {"reason": "logout", "now": NOW, "tokens_expire_at": NOW}
WRITES: dict[str, Call] = {
    "open": lambda database: database.sessions.open(identity(), new_session(2)),
    "rotate": lambda database: database.sessions.rotate(rotation()),
    "end": lambda database: database.sessions.end(session_id(1), **ENDED),
    "replace": lambda database: database.keys.replace(NO_RING, [key("a", "active")]),
    "revoke": lambda database: database.key_ledger.revoke(
        [key("r", "retired")], by="cli", now=NOW, tokens_expire_at=NOW
    ),
    "note_rotation": lambda database: database.key_ledger.note_rotation(
        by="cli", now=NOW, active="a", next_="b", retired=None
    ),
    "keep_copy": lambda database: database.key_ledger.keep_copy(RingCopy("file", "1", b"sealed", NOW)),
    "note_uses": lambda database: database.key_ledger.note_uses({"a": KeyUse(NOW, None)}),
    "claim": lambda database: database.single_use.claim("c", digest(1), expires_at=NOW),
    "record": lambda database: database.audit.record(AuditEvent("sign_in", NOW)),
    "clean up": lambda database: database.cleanup.take_away(
        "sessions", before=NOW, after=None, limit=1, now=NOW
    ),
}
HASTY = DatabaseLimits(pool_seconds=0.2, connect_seconds=0.3, statement_seconds=0.3, busy_seconds=0.1)

PATIENT = DatabaseLimits(pool_seconds=20, connect_seconds=20, statement_seconds=20, busy_seconds=20)
"""Where an answer is awaited: a loaded machine may take its time for it."""
NO_LOCKS = replace(PATIENT, busy_seconds=0.1)
"""Patient as well, but not with a lock on a SQLite file."""


async def assert_unavailable(database: SqlDatabase, calls: dict[str, Call]) -> None:
    """Every call raises DatabaseUnavailable, with its cause and with when to come back."""
    for name, call in calls.items():
        with pytest.raises(DatabaseUnavailable) as caught:
            await call(database)
        assert caught.value.__cause__ is not None, name
        assert caught.value.retry_after_seconds == 2, name
        assert "postgres@" not in caught.value.detail, name


async def test_missing_tables_are_an_unavailable_database(empty_url: str, tmp_path: Path) -> None:
    """A database that was never migrated is not an empty one."""
    if empty_url.startswith("sqlite"):
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "watchword.db").touch()
    database = open_database(empty_url, limits=HASTY)
    await assert_unavailable(database, READS | WRITES)
    await database.close()


async def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Opening the wrong path fails instead of beginning with nobody signed up."""
    database = open_database(f"sqlite:///{tmp_path}/missing.db", limits=HASTY)
    await assert_unavailable(database, READS | WRITES)
    await database.close()
    assert os.listdir(tmp_path) == []


async def test_a_file_with_an_odd_name_is_found(tmp_path: Path) -> None:
    """Signs that mean something in an address mean nothing in a path."""
    file = tmp_path / "a%20b?mode=memory#&=ü.db"
    migrated_sqlite(file)
    database = open_database(f"sqlite:///{quote(str(file))}", limits=PATIENT)
    await opened(database)
    assert await database.sessions.rotate(rotation()) is not None
    await database.close()


async def test_a_broken_file_is_an_unavailable_database(tmp_path: Path) -> None:
    """Something else under that name is told, not used."""
    file = tmp_path / "broken.db"
    file.write_bytes(b"this is not a database" * 1000)
    database = open_database(f"sqlite:///{file}", limits=HASTY)
    await assert_unavailable(database, READS | WRITES)
    await database.close()


async def test_a_locked_file_stops_writers_only(sqlite_url: str) -> None:
    """While another process writes, reads go on and writes give up in time; then all is well again."""
    database = open_database(sqlite_url, limits=NO_LOCKS)
    await opened(database)
    with closing(sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await assert_unavailable(database, WRITES)
        for call in READS.values():
            await call(database)
        other.execute("ROLLBACK")
    for call in WRITES.values():
        await call(database)
    await database.close()


async def test_ses_51_a_full_disk_is_an_unavailable_database(sqlite_url: str) -> None:
    """What no longer fits is told as an outage, nothing of it is kept, and reading goes on."""
    database = open_database(sqlite_url, limits=PATIENT)

    @event.listens_for(database.engine.sync_engine, "connect")
    def leave_no_room(connection: Any, record: Any) -> None:
        connection.cursor().execute("PRAGMA max_page_count = 1")

    held: list[int] = []

    async def fill() -> None:
        for number in range(1, 500):
            await database.sessions.open(identity(subject=f"person-{number}"), new_session(number))
            held.append(number)

    with pytest.raises(DatabaseUnavailable, match="full"):
        await fill()
    assert await count(database, "ww_sessions") == await count(database, "ww_users") == len(held)
    await database.close()


async def test_rotations_behind_a_slow_one_give_up_in_their_turn(sqlite_url: str) -> None:
    """A queue of rotations behind a lock is not a queue of waits: all fail about when the first does."""
    database = open_database(sqlite_url, limits=NO_LOCKS)
    await opened(database)
    with closing(sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [lambda: database.sessions.rotate(rotation())] * 20
        answers = await at_once(*waiting)
        assert [type(answer) for answer in answers] == [DatabaseUnavailable] * 20
        other.execute("ROLLBACK")
    assert await database.sessions.rotate(rotation()) is not None
    await database.close()


@pytest.fixture
async def line(postgres_server: PostgresServer) -> AsyncIterator[Line]:
    async with line_to(postgres_server.socket) as opened_line:
        yield opened_line


@asynccontextmanager
async def over(line: Line, url: str, limits: DatabaseLimits) -> AsyncIterator[SqlDatabase]:
    """The database of ``url``, reached over ``line``."""
    address = f"postgresql://postgres@127.0.0.1:{line.port}/{make_url(url).database}"
    database = open_database(address, limits=limits)
    try:
        yield database
    finally:
        line.restore()
        await database.close()


@pytest.mark.postgres
async def test_a_refused_connection_is_an_unavailable_database(line: Line, postgres_url: str) -> None:
    """Nobody listens: every call says so, and works as soon as somebody does."""
    async with over(line, postgres_url, PATIENT) as database:
        await line.close()
        await assert_unavailable(database, READS | WRITES)
        await line.open()
        await opened(database)


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["no_such_database", "%00", "x" * 2000])
async def test_a_database_that_does_not_exist_is_an_unavailable_one(
    postgres_server: PostgresServer, name: str
) -> None:
    """The server answers, but not for this name."""
    database = open_database(postgres_server.url(name), limits=HASTY)
    await assert_unavailable(database, READS | WRITES)
    await database.close()


@pytest.mark.postgres
async def test_ses_45_a_server_that_hangs_at_the_connection_is_given_up(
    line: Line, postgres_url: str
) -> None:
    """The connect deadline holds although the socket was accepted."""
    async with over(line, postgres_url, HASTY) as database:
        line.freeze()
        await assert_unavailable(
            database, {name: (READS | WRITES)[name] for name in ("find", "open", "rotate")}
        )
    async with over(line, postgres_url, PATIENT) as database:
        await opened(database)


@pytest.mark.postgres
async def test_ses_45_a_server_that_hangs_in_mid_statement_is_given_up(line: Line, postgres_url: str) -> None:
    """The statement deadline holds on warm connections, nothing waits for the dead server's word,
    and the connections are replaced."""
    calls = READS | {name: WRITES[name] for name in ("open", "rotate", "end", "claim")}
    limits = DatabaseLimits(pool_size=len(calls), pool_overflow=0, connect_seconds=20, statement_seconds=2)
    async with over(line, postgres_url, limits) as database:
        await opened(database)
        await at_once(*(lambda: database.ping() for _ in calls))
        line.freeze()
        answers = await at_once(*(lambda c=call: c(database) for call in calls.values()))
        assert [type(answer) for answer in answers] == [DatabaseUnavailable] * len(calls)
        line.restore()
        assert await database.sessions.rotate(rotation()) is not None


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["find", "open", "claim"])
async def test_ses_45_a_connection_that_is_given_up_is_closed_without_a_farewell(
    line: Line, postgres_url: str, name: str
) -> None:
    """It is closed before the pool closes it, which would wait for the server once more: a caller waits
    one deadline and not two."""
    limits = DatabaseLimits(pool_size=1, pool_overflow=0, connect_seconds=20, statement_seconds=0.3)
    async with over(line, postgres_url, limits) as database:
        await database.ping()
        closed: list[bool] = []

        @event.listens_for(database.engine.sync_engine, "close")
        def note(connection: Any, record: Any) -> None:
            closed.append(connection.driver_connection.is_closed())

        line.freeze()
        with pytest.raises(DatabaseUnavailable):
            await (READS | WRITES)[name](database)
        assert closed == [True]


@pytest.mark.postgres
async def test_ses_44_cut_connections_are_replaced(line: Line, postgres_url: str) -> None:
    """After a restart of the server the pool's dead connections fail no caller."""
    async with over(line, postgres_url, PATIENT) as database:
        await opened(database)
        await at_once(*(lambda: database.ping() for _ in range(10)))
        line.cut()
        await asyncio.sleep(0.05)
        answers = await at_once(*(lambda c=call: c(database) for call in READS.values()))
        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        line.cut()
        await asyncio.sleep(0.05)
        assert await database.sessions.rotate(rotation()) is not None


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["find", "rotate", "open", "claim"])
async def test_a_connection_lost_in_mid_statement_is_told(line: Line, postgres_url: str, name: str) -> None:
    """The call that was under way fails with the one error; the next one works."""
    async with over(line, postgres_url, PATIENT) as database:
        await opened(database)
        await database.sessions.rotate(rotation(999))
        line.freeze()
        asked = asyncio.ensure_future((READS | WRITES)[name](database))
        await asyncio.sleep(0.05)
        line.cut()
        with pytest.raises(DatabaseUnavailable):
            await asked
        line.restore()
        await database.ping()
        await database.sessions.rotate(rotation(999))


@pytest.mark.postgres
async def test_ses_47_an_exhausted_pool_is_told_in_time(postgres_url: str) -> None:
    """When every connection is busy, further callers wait a moment and are told to come back."""
    few = DatabaseLimits(pool_size=1, pool_overflow=1, pool_seconds=0.1, statement_seconds=20)
    database = open_database(postgres_url, limits=few)
    busy, done = asyncio.Barrier(3), asyncio.Event()

    async def hold(connection: AsyncConnection) -> None:
        await busy.wait()
        await done.wait()

    holders = [asyncio.ensure_future(database.transactions.read("hold", hold)) for _ in range(2)]
    await busy.wait()
    await assert_unavailable(database, READS | WRITES)
    done.set()
    await asyncio.gather(*holders)
    await database.ping()
    await database.close()


@pytest.mark.parametrize("url", ["mysql://db/x", "sqlite://", "postgresql://u:hunter2@[::1/x"])
def test_an_address_that_cannot_be_used_is_told_before_anything_is_opened(url: str) -> None:
    """It is a mistake in the configuration, not an outage."""
    with pytest.raises(ConfigurationError) as caught:
        open_database(url)
    assert "hunter2" not in str(caught.value)
