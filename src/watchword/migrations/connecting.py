"""A connection that migrates: alone, in one transaction, with patience ordinary queries must not have."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from sqlalchemy import URL, Connection, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from watchword.config.database_url import sqlite_path
from watchword.config.own_folder import make_folder
from watchword.models.faults import is_transient
from watchword.models.poolers import NOTHING_PREPARED
from watchword.models.quiet import ENGINE_OPTIONS

_CONNECT_SECONDS = 5
_WAIT_SECONDS = 60
_STATEMENT_SECONDS = 3600
_ADVISORY_LOCK = 0x77775F6D69677261  # "ww_migra"


def database_file(url: str) -> Path | None:
    """The file of a normalised SQLite address; None for PostgreSQL."""
    path = sqlite_path(url)
    return None if path is None else Path(path)


def database_exists(url: str) -> bool:
    """False when a SQLite file was never made; a server is asked by connecting."""
    file = database_file(url)
    return file is None or file.exists()


def prepare_file(url: str) -> None:
    """Make folder (0700) and file (0600) of a SQLite address where they are missing, and let its
    readers not wait for the writer (write-ahead log, kept in the file)."""
    file = database_file(url)
    if file is None:
        return
    make_folder(file.parent)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        _use_write_ahead_log(connection)


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for this lock by itself, so that two first upgrades at once ask again."""
    give_up_at = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as fault:
            if not is_transient(fault) or time.monotonic() > give_up_at:
                raise
            time.sleep(0.05)


@asynccontextmanager
async def migrating_connection(url: str, *, writing: bool) -> AsyncIterator[AsyncConnection]:
    """One connection in one transaction, committed at the end; ``writing`` excludes other writers."""
    file = database_file(url)
    engine = _postgresql_engine(url) if file is None else _sqlite_engine(file, writing)
    try:
        async with engine.begin() as connection:
            if writing and file is None:
                await connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'"))
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
            yield connection
    finally:
        await engine.dispose()


def _postgresql_engine(url: str) -> AsyncEngine:
    """Prepares nothing, whether or not a pooler is in between: it asks little, and most of it once."""
    timeouts = {"timeout": _CONNECT_SECONDS, "command_timeout": _STATEMENT_SECONDS}
    arguments = timeouts | NOTHING_PREPARED
    return create_async_engine(url, poolclass=NullPool, connect_args=arguments, **ENGINE_OPTIONS)


def _sqlite_engine(file: Path, writing: bool) -> AsyncEngine:
    url = URL.create("sqlite+aiosqlite", database=str(file))
    wait = {"timeout": _WAIT_SECONDS, "isolation_level": None}
    engine = create_async_engine(url, poolclass=NullPool, connect_args=wait, **ENGINE_OPTIONS)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
