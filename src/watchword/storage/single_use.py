"""Things that work once, in SQL: the primary key decides, not a look before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.models import SingleUse
from watchword.storage.transactions import Transactions

_CLAIM = {
    "postgresql": postgresql.insert(SingleUse).on_conflict_do_nothing().returning(SingleUse.kind),
    "sqlite": sqlite.insert(SingleUse).on_conflict_do_nothing().returning(SingleUse.kind),
}


class SqlSingleUseStore:
    """``SingleUseStore`` over ``ww_single_use``."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def claim(self, kind: str, digest: bytes, *, expires_at: datetime) -> bool:
        """See the port. A value stays claimed after ``expires_at`` until its row is cleaned up.
        Raises ValueError for a digest of no or more than 64 bytes."""

        async def work(connection: AsyncConnection) -> bool:
            asked = {"kind": kind, "digest": digest, "expires_at": expires_at}
            added = await connection.execute(_CLAIM[connection.dialect.name], asked)
            return added.one_or_none() is not None

        return await self._transactions.write_one("claim a single-use value", work)
