"""Engines as watchword needs them: bounded in connections and in time."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, Pool, event
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from watchword.auth.database_login import DatabaseLogins
from watchword.auth.forks import in_child
from watchword.config.database_url import sqlite_path
from watchword.errors import ConfigurationError
from watchword.models.poolers import mind_poolers
from watchword.models.quiet import ENGINE_OPTIONS
from watchword.storage.logins import Logins

WRITES = "watchword_writes"
"""Execution option: the transaction takes SQLite's write lock as it begins."""
_OLDEST_SQLITE = (3, 35)
_RECYCLE_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    """How much of a database one process uses and how long it waits, in seconds.

    ``statement_seconds`` is PostgreSQL's, ``busy_seconds`` is how long SQLite waits for a lock.
    """

    pool_size: int = 5
    pool_overflow: int = 5
    pool_seconds: float = 1.0
    connect_seconds: float = 2.0
    statement_seconds: float = 2.0
    busy_seconds: float = 5.0


def sqlite_file(url: str) -> Path | None:
    """The absolute file of a normalised SQLite address; None for PostgreSQL."""
    path = sqlite_path(url)
    return None if path is None else Path(path).absolute()


def make_engine(url: str, limits: DatabaseLimits, logins: DatabaseLogins | None = None) -> AsyncEngine:
    """An engine for a normalised address; nothing is connected yet, and a forked process has none of
    its connections. ``logins`` count before the user and password of the address. Raises
    ConfigurationError."""
    file = sqlite_file(url)
    engine = _postgresql(url, limits, logins) if file is None else _sqlite(file, limits)
    in_child(engine.sync_engine, _with_an_empty_pool)
    return engine


def sqlite_uri(file: Path) -> str:
    """A file that must exist already: a missing database is an error, not an empty new one."""
    return f"file:{quote(str(file))}?mode=rw"


def sqlite_pragmas(limits: DatabaseLimits) -> tuple[str, ...]:
    """What every connection sets. A commit is on disk before it is believed (``FULL``)."""
    return (
        "PRAGMA foreign_keys = ON",
        "PRAGMA synchronous = FULL",
        f"PRAGMA busy_timeout = {int(limits.busy_seconds * 1000)}",
    )


def _with_an_empty_pool(engine: Engine) -> Pool:
    """The pool of the parent, which is left alone."""
    pool = engine.pool
    engine.dispose(close=False)
    return pool


def _pool(limits: DatabaseLimits) -> dict[str, Any]:
    return {
        "pool_size": limits.pool_size,
        "max_overflow": limits.pool_overflow,
        "pool_timeout": limits.pool_seconds,
        **ENGINE_OPTIONS,
    }


def _postgresql(url: str, limits: DatabaseLimits, logins: DatabaseLogins | None) -> AsyncEngine:
    arguments: dict[str, Any] = {
        "timeout": limits.connect_seconds,
        "command_timeout": limits.statement_seconds,
    }
    if logins is not None:
        arguments["async_creator_fn"] = Logins(logins).connect
    try:
        engine = create_async_engine(
            url, connect_args=arguments, pool_recycle=_RECYCLE_SECONDS, pool_use_lifo=True, **_pool(limits)
        )
    except (ArgumentError, ValueError):
        raise ConfigurationError(["the database address cannot be read"]) from None

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse_closed(connection: Any, record: Any, proxy: Any) -> None:
        """A connection the server closed meanwhile is known without asking it."""
        if connection.driver_connection.is_closed():
            raise DisconnectionError

    @event.listens_for(engine.sync_engine, "invalidate")
    def say_no_farewell(connection: Any, record: Any, fault: Any) -> None:
        """SQLAlchemy would say goodbye first, and wait two seconds for a server that hangs to take it in."""
        connection.driver_connection.terminate()

    mind_poolers(engine)
    return engine


def _sqlite(file: Path, limits: DatabaseLimits) -> AsyncEngine:
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise ConfigurationError([f"SQLite 3.35 or newer is needed, this is {sqlite3.sqlite_version}"])
    uri, _, mode = sqlite_uri(file).partition("?")
    query = {"uri": "true", **dict([mode.split("=")])}
    url = URL.create("sqlite+aiosqlite", database=uri, query=query)
    engine = create_async_engine(url, connect_args={"isolation_level": None}, **_pool(limits))

    @event.listens_for(engine.sync_engine, "do_connect")
    def refuse_missing(dialect: Any, record: Any, arguments: Any, options: Any) -> None:
        """Before the driver starts a thread, which would have to be waited for."""
        if not os.access(file, os.R_OK | os.W_OK):
            raise sqlite3.OperationalError("the database file is missing or may not be written")

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        try:
            cursor = connection.cursor()
            for pragma in sqlite_pragmas(limits):
                cursor.execute(pragma)
            cursor.close()
        except BaseException:
            connection.close()
            raise

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
