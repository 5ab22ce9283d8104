"""Taking away what nobody needs any more, in SQL: short transactions that hold nobody up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.cleanup_ports import Batch, CleanedTable, CleanupTarget, Cursor
from watchword.errors import DatabaseUnavailable
from watchword.models.faults import describe
from watchword.storage.cleanup_statements import (
    expired_row,
    expired_rows,
    grants_without_session,
    next_grants,
    oldest_expired,
)
from watchword.storage.cleanup_turns import PostgresqlTurns, SqliteTurns, Turns
from watchword.storage.transactions import Transactions

POSTGRESQL_ROWS: Final = 100
"""A rotation that comes meanwhile shares processors and disk with a batch: one of 500 rows is noticed."""
POSTGRESQL_PAUSE_SECONDS: Final = 0.01
SQLITE_ROWS: Final = 50
"""One writer at a time: a rotation waits for as long as a batch takes, some milliseconds."""
SQLITE_PAUSE_SECONDS: Final = 0.05
"""Longer than a waiting connection sleeps between its first ten looks at the lock."""
_NEXT: Final = timedelta(microseconds=1)


class SqlCleanupStore:
    """``CleanupStore`` over every table that grows."""

    def __init__(self, transactions: Transactions, *, postgresql: bool) -> None:
        self._transactions = transactions
        self._turns: Turns = PostgresqlTurns() if postgresql else SqliteTurns()
        self._held: datetime | None = None
        self.batch_rows = POSTGRESQL_ROWS if postgresql else SQLITE_ROWS
        self.pause_seconds = POSTGRESQL_PAUSE_SECONDS if postgresql else SQLITE_PAUSE_SECONDS

    async def take_away(
        self,
        target: CleanupTarget,
        *,
        before: datetime,
        after: Cursor | None,
        limit: int,
        now: datetime,
    ) -> Batch | None:
        async def work(connection: AsyncConnection) -> tuple[datetime | None, Batch | None]:
            held = await self._turns.take(connection, self._held, now)
            if held is None:
                return None, None
            if target == "provider_grants":
                return held, await _orphaned_grants(connection, before, after, limit)
            take = _expired if together else _one_by_one
            return held, await take(connection, target, before, after, limit)

        together, doing = True, f"clean up {target}"
        try:
            self._held, batch = await self._transactions.write(doing, work)
        except DatabaseUnavailable as error:
            if target == "provider_grants" or not isinstance(error.__cause__, IntegrityError):
                raise
            together = False
            self._held, batch = await self._transactions.write(doing, work)
        return batch

    async def step_down(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            await self._turns.give_back(self._transactions, held)


async def _expired(
    connection: AsyncConnection, target: CleanupTarget, before: datetime, after: Cursor | None, limit: int
) -> Batch:
    since = after if isinstance(after, datetime) else None
    statement = oldest_expired(target, before=before, after=since, limit=limit)
    rows = list(await connection.execute(statement))
    gone: dict[CleanedTable, int] = {target: len(rows)}
    if target == "sessions":
        gone["provider_grants"] = await _grants_of(connection, rows)
    return Batch(gone, max(row.moment for row in rows) if len(rows) == limit else None)


async def _one_by_one(
    connection: AsyncConnection, target: CleanupTarget, before: datetime, after: Cursor | None, limit: int
) -> Batch:
    """The same where the database keeps some of the rows, say because a table of the host's refers to them.
    The next batch begins behind them."""
    since = after if isinstance(after, datetime) else None
    found = list(await connection.execute(expired_rows(target, before=before, after=since, limit=limit)))
    rows: list[Row[Any]] = []
    kept_by = None
    for _, *key in found:
        try:
            async with connection.begin_nested():
                rows.extend(await connection.execute(expired_row(target, key)))
        except IntegrityError as fault:
            kept_by = describe(fault)
    gone: dict[CleanedTable, int] = {target: len(rows)}
    if target == "sessions":
        gone["provider_grants"] = await _grants_of(connection, rows)
    return Batch(gone, found[-1].moment + _NEXT if len(found) == limit else None, kept_by)


async def _grants_of(connection: AsyncConnection, sessions: list[Row[Any]]) -> int:
    ids = sorted({row.grant_id for row in sessions if row.grant_id is not None})
    return (await connection.execute(grants_without_session(ids))).rowcount if ids else 0


async def _orphaned_grants(
    connection: AsyncConnection, before: datetime, after: Cursor | None, limit: int
) -> Batch:
    since = after if isinstance(after, UUID) else None
    ids: list[UUID] = list((await connection.execute(next_grants(after=since, limit=limit))).scalars())
    gone = (await connection.execute(grants_without_session(ids, before=before))).rowcount if ids else 0
    return Batch({"provider_grants": gone}, ids[-1] if len(ids) == limit else None)
