"""Bring a database to a revision and back, and say where it stands."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from alembic import command
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from watchword.config.database_url import normalise_database_url
from watchword.errors import MigrationFailed, MigrationNeeded
from watchword.migrations import scripts
from watchword.migrations.connecting import database_exists, migrating_connection, prepare_file
from watchword.models.faults import database_faults, describe, is_transient
from watchword.protocol.printable import printable

_REVISION = re.compile(r"[A-Za-z0-9_]{1,32}|[+-][0-9]{1,3}")
Dialect = Literal["postgresql", "sqlite"]


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Where a database stands. ``current`` is None before the first migration; ``up_to_date`` also
    holds for a database that a newer version of watchword migrated, since migrations only add."""

    current: str | None
    head: str
    up_to_date: bool


async def upgrade(database: str | AsyncEngine, revision: str = "head") -> MigrationStatus:
    """Bring the database to ``revision`` in one transaction; nothing to do is done too.

    Processes that upgrade at once wait for each other. The folder and file of a SQLite database
    are made, for their owner only. A database that a newer version migrated is past our head and
    left as it is. Raises DatabaseUnavailable, MigrationFailed.
    """
    url = _url(database)
    _check_revision(revision)
    with database_faults("make the database file"):
        await asyncio.to_thread(prepare_file, url)

    def run(connection: Connection) -> None:
        if revision == "head" and _is_newer(_current(connection)):
            return
        _refuse_newer(connection)
        command.upgrade(scripts.config(connection=connection), revision)

    return await _migrate(url, "upgrade the database", run)


async def downgrade(database: str | AsyncEngine, revision: str) -> MigrationStatus:
    """Bring the database back to ``revision``; ``base`` removes every table of watchword, its
    version table too. Data in dropped tables is lost. Raises DatabaseUnavailable, MigrationFailed.
    """
    url = _url(database)

    def run(connection: Connection) -> None:
        _refuse_newer(connection)
        command.downgrade(scripts.config(connection=connection), revision)
        if _current(connection) is None:
            connection.execute(text(f"DROP TABLE IF EXISTS {scripts.VERSION_TABLE}"))

    _check_revision(revision)
    if not database_exists(url):
        raise MigrationFailed("there is no database file to downgrade")
    return await _migrate(url, "downgrade the database", run)


async def status(database: str | AsyncEngine) -> MigrationStatus:
    """Where the database stands; changes nothing and makes no file. Raises DatabaseUnavailable."""
    url = _url(database)
    if not database_exists(url):
        return _status(None)
    with database_faults("read the database's revision"):
        async with migrating_connection(url, writing=False) as connection:
            return _status(await connection.run_sync(_current))


async def require_up_to_date(database: str | AsyncEngine) -> None:
    """Raises MigrationNeeded for a database that this version cannot work with, DatabaseUnavailable."""
    state = await status(database)
    if not state.up_to_date:
        raise MigrationNeeded(
            f"the database is at {state.current or 'no revision'}, this version needs {state.head}; "
            "run: watchword db upgrade"
        )


def render_sql(dialect: Dialect, *, after: str | None = None) -> str:
    """The SQL of every migration, or of those after a revision, for those who run it by hand.
    Raises MigrationFailed for a revision that does not exist."""
    if after is not None and not scripts.known(after):
        known = ", ".join(scripts.revisions())
        raise MigrationFailed(f"there is no revision {printable(after)}; there are {known}")
    return scripts.sql(dialect, after=after)


async def _migrate(url: str, doing: str, run: Callable[[Connection], None]) -> MigrationStatus:
    with database_faults(doing):
        async with migrating_connection(url, writing=True) as connection:
            with _refusals(doing):
                await connection.run_sync(run)
            return _status(await connection.run_sync(_current))


@contextmanager
def _refusals(doing: str) -> Iterator[None]:
    """A database that is there and answers no is not one that is away."""
    try:
        yield
    except CommandError as error:
        raise MigrationFailed(f"could not {doing}: {error}") from error
    except DBAPIError as fault:
        if fault.connection_invalidated or is_transient(fault):
            raise
        raise MigrationFailed(f"could not {doing}: {describe(fault)}") from fault


def _check_revision(revision: str) -> None:
    if not _REVISION.fullmatch(revision):
        raise MigrationFailed("a revision is its name, head, base, or steps such as -1")


def _refuse_newer(connection: Connection) -> None:
    current = _current(connection)
    if _is_newer(current):
        raise MigrationFailed(
            f"the database is at {current}, which this version does not know: it was migrated by a newer one"
        )


def _current(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": scripts.VERSION_TABLE})
    return context.get_current_revision()


def _status(current: str | None) -> MigrationStatus:
    head = scripts.head()
    return MigrationStatus(current=current, head=head, up_to_date=current == head or _is_newer(current))


def _is_newer(current: str | None) -> bool:
    """Whether another version of watchword migrated, which within a major version only adds."""
    return current is not None and not scripts.known(current)


def _url(database: str | AsyncEngine) -> str:
    if isinstance(database, AsyncEngine):
        return database.url.render_as_string(hide_password=False)
    return normalise_database_url(database)
