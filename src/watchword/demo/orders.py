"""The orders of the example: rows in the same database as watchword's own tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, Integer, MetaData, String, Table, delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.storage.engines import DatabaseLimits, make_engine
from watchword.storage.transactions import Transactions

Order = dict[str, Any]

_METADATA = MetaData()
_ORDERS = Table(
    "demo_orders",
    _METADATA,
    Column("id", String(36), primary_key=True),
    Column("item", String(200), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("created_by", String(255), nullable=False),
)
_LOCK_KEY = 7_361_004
_SAMPLES = (("sample-1", "Tea", 2), ("sample-2", "Honey", 1))


class Orders:
    """Reads and writes orders; the table is made by ``prepare``.

    Everything raises DatabaseUnavailable, which the app answers with 503, when it cannot be done.
    """

    def __init__(self, database_url: str) -> None:
        self._engine = make_engine(database_url, DatabaseLimits())
        self._transactions = Transactions(self._engine)

    async def prepare(self) -> None:
        """Make the table and two sample orders where there is no table yet; safe for several
        processes at once."""

        async def work(connection: AsyncConnection) -> None:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            if await connection.run_sync(lambda sync: sync.dialect.has_table(sync, _ORDERS.name)):
                return
            await connection.run_sync(_METADATA.create_all, checkfirst=False)
            for sample_id, item, quantity in _SAMPLES:
                row = {"id": sample_id, "item": item, "quantity": quantity, "created_by": "demo"}
                await connection.execute(insert(_ORDERS), row)

        await self._transactions.write("make the table of orders", work)

    async def all(self) -> Sequence[Order]:
        async def work(connection: AsyncConnection) -> Sequence[Order]:
            rows = await connection.execute(select(_ORDERS).order_by(_ORDERS.c.id))
            return [dict(row) for row in rows.mappings()]

        return await self._transactions.read("read the orders", work)

    async def add(self, *, item: str, quantity: int, created_by: str) -> Order:
        order = {"id": str(uuid4()), "item": item, "quantity": quantity, "created_by": created_by}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert(_ORDERS), order)

        await self._transactions.write("keep an order", work)
        return order

    async def remove(self, order_id: str) -> bool:
        async def work(connection: AsyncConnection) -> bool:
            result = await connection.execute(delete(_ORDERS).where(_ORDERS.c.id == order_id))
            return result.rowcount > 0

        return await self._transactions.write("remove an order", work)

    async def close(self) -> None:
        await self._engine.dispose()
