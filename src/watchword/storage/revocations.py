"""The revocation feed in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, insert, or_, select
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

    async def unexpired(self, *, now: datetime) -> Sequence[Revocation]:
        return await self._read(_IN_ORDER.where(RevocationEntry.expires_at > now))

    async def since(self, sequence: int, *, again_from: datetime) -> Sequence[Revocation]:
        return await self._read(
            _IN_ORDER.where(
                or_(RevocationEntry.sequence > sequence, RevocationEntry.created_at >= again_from)
            )
        )

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
