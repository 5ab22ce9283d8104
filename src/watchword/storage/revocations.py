"""The revocation feed in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, Select, any_, bindparam, insert, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.ports import Revocation
from watchword.models import RevocationEntry
from watchword.storage.announcements import announce
from watchword.storage.transactions import Transactions

_IN_ORDER = select(RevocationEntry.__table__).order_by(RevocationEntry.sequence)


async def add_revocations(connection: AsyncConnection, entries: Sequence[dict[str, Any]]) -> None:
    """Append to the feed in the transaction of what the entries tell about."""
    if entries:
        await connection.execute(insert(RevocationEntry), entries)
        await announce(connection)


class SqlRevocationLog:
    """``RevocationLog`` over ``ww_revocations``; entries are added by what they tell about."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._in_parallel = transactions.dialect == "postgresql"

    async def unexpired(self, *, now: datetime) -> Sequence[Revocation]:
        return await self._read(_IN_ORDER.where(RevocationEntry.expires_at > now))

    async def since(
        self, sequence: int, *, missing: Collection[int] = (), again_from: datetime
    ) -> Sequence[Revocation]:
        """SQLite gives numbers in the order of commits: there none is missing that may still come."""
        number = RevocationEntry.sequence
        wanted = [number > sequence, RevocationEntry.created_at >= again_from]
        if missing and self._in_parallel:
            wanted.append(number == any_(bindparam("missing", sorted(missing), ARRAY(BigInteger))))
        return await self._read(_IN_ORDER.where(or_(*wanted)))

    async def _read(self, statement: Select[Any]) -> list[Revocation]:
        return await self._transactions.read(
            "read the revocation feed",
            lambda connection: _entries(connection, statement),
        )


async def _entries(connection: Any, statement: Select[Any]) -> list[Revocation]:
    return [_entry(row) for row in await connection.execute(statement)]


def _entry(row: Row[Any]) -> Revocation:
    return Revocation(
        sequence=row.sequence,
        kind=row.kind,
        created_at=row.created_at,
        expires_at=row.expires_at,
        session_id=row.session_id,
        generation=row.generation,
        issuer=row.issuer,
        value=row.value,
    )
