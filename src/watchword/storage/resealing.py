"""Sealed values on their way from one secret to the next, in SQL: short transactions that wait for nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from watchword.auth.resealing_ports import SEALED_COLUMNS, NewSeals, RowId, RowTable, SealedPage, SealedRow
from watchword.models import Base, KeyRingCopy, Pepper, ProviderGrant, SingleUse
from watchword.storage.transactions import Transactions

POSTGRESQL_ROWS: Final = 200
POSTGRESQL_PAUSE_SECONDS: Final = 0.01
SQLITE_ROWS: Final = 50
SQLITE_PAUSE_SECONDS: Final = 0.05
"""As for the cleanup: one writer at a time, and a waiting one sleeps between its looks at the lock."""

_KEYS: Final[Mapping[RowTable, tuple[type[Base], InstrumentedAttribute[Any]]]] = {
    "provider_grants": (ProviderGrant, ProviderGrant.id),
    "peppers": (Pepper, Pepper.name),
    "key_ring_copies": (KeyRingCopy, KeyRingCopy.store),
}
_MARK_KIND: Final = "secret-key"
_KEPT: Final = timedelta(days=3650)


class SqlSealedRows:
    """``SealedRowStore`` over every table with sealed columns that last."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        postgresql = transactions.dialect == "postgresql"
        self.batch_rows = POSTGRESQL_ROWS if postgresql else SQLITE_ROWS
        self.pause_seconds = POSTGRESQL_PAUSE_SECONDS if postgresql else SQLITE_PAUSE_SECONDS

    async def page(self, table: RowTable, head: bytes, *, after: RowId | None, limit: int) -> SealedPage:
        """Walks along the primary key, and fetches only values that are sealed under another secret."""
        key = _KEYS[table][1]
        statement = _looked_at(table, head).order_by(key).limit(limit)
        found = await self._read(statement if after is None else statement.where(key > after))
        last = found[-1].id if len(found) == limit else None
        return SealedPage(_rows(table, found), last)

    async def these(self, table: RowTable, head: bytes, ids: Collection[RowId]) -> Sequence[SealedRow]:
        statement = _looked_at(table, head).where(_KEYS[table][1].in_(ids))
        return _rows(table, await self._read(statement))

    async def replace(self, table: RowTable, changes: Sequence[NewSeals]) -> Collection[RowId]:
        """On PostgreSQL the rows are taken first, those that are held elsewhere left out: no transaction
        of the service's waits for one that waits itself."""
        model, key = _KEYS[table]
        by_id = {change.row.id: change for change in changes}

        async def work(connection: AsyncConnection) -> list[RowId]:
            free = select(key).where(key.in_(by_id)).order_by(key).with_for_update(skip_locked=True)
            written: list[RowId] = []
            for row_id in (await connection.execute(free)).scalars().all():
                change = by_id[row_id]
                unchanged = [
                    getattr(model, column) == change.row.stale[column] for column in sorted(change.new)
                ]
                statement = update(model).where(key == row_id, *unchanged).values(**change.new)
                if (await connection.execute(statement)).rowcount == 1:
                    written.append(row_id)
            return written

        return await self._transactions.write(f"seal {table} anew", work)

    async def _read(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        async def work(connection: AsyncConnection) -> list[Row[Any]]:
            return list(await connection.execute(statement))

        return await self._transactions.read("look at sealed values", work)


class SqlSealedMarks:
    """``SealedMarks`` in the table of things that are kept until a time."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def since(self, current: str, previous: Collection[str]) -> datetime | None:
        async def work(connection: AsyncConnection) -> datetime | None:
            return await _since(connection, current, previous)

        return await self._transactions.read("read when nothing was left under an old secret", work)

    async def mark(self, current: str, previous: Collection[str], *, anew: bool, now: datetime) -> datetime:
        async def work(connection: AsyncConnection) -> datetime:
            since = await _since(connection, current, previous)
            if since is not None and not anew:
                return since
            made = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
            until = now + _KEPT
            row = made(SingleUse).values(kind=_MARK_KIND, digest=bytes.fromhex(current), expires_at=until)
            key = [SingleUse.kind, SingleUse.digest]
            await connection.execute(
                row.on_conflict_do_update(index_elements=key, set_={"expires_at": until})
            )
            return now

        return await self._transactions.write("keep when nothing was left under an old secret", work)


async def _since(connection: AsyncConnection, current: str, previous: Collection[str]) -> datetime | None:
    digests = [bytes.fromhex(key_id) for key_id in {current, *previous}]
    statement = select(SingleUse.digest, SingleUse.expires_at).where(
        SingleUse.kind == _MARK_KIND, SingleUse.digest.in_(digests)
    )
    kept = {row.digest.hex(): row.expires_at - _KEPT for row in await connection.execute(statement)}
    since = kept.get(current)
    return since if since == max(kept.values(), default=None) else None


def _looked_at(table: RowTable, head: bytes) -> Select[Any]:
    """The key of each row, whether it holds anything sealed, and what is not under the current secret."""
    model, key = _KEYS[table]
    columns = [getattr(model, column) for column in SEALED_COLUMNS[table]]
    stale = [
        case((func.substr(column, 1, len(head)) != bindparam("head", head, type_=column.type), column)).label(
            column.key
        )
        for column in columns
    ]
    holds = or_(*(column.is_not(None) for column in columns))
    return select(key.label("id"), holds.label("holds"), *stale)


def _rows(table: RowTable, found: Sequence[Row[Any]]) -> list[SealedRow]:
    return [
        SealedRow(
            table, row.id, {name: sealed for name in SEALED_COLUMNS[table] if (sealed := getattr(row, name))}
        )
        for row in found
        if row.holds
    ]
