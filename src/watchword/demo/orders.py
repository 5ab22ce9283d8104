"""The orders of the example: rows in the same database as watchword's own tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, Integer, MetaData, String, Table, delete, insert, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from watchword.errors import DatabaseUnavailable

Order = dict[str, Any]

_METADATA = MetaData()
_ORDERS = Table(
    "demo_orders",
    _METADATA,
    Column("id", String(36), primary_key=True),
    Column("item", String(200), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("created_by", String(64), nullable=False),
)
_CREATE = """CREATE TABLE IF NOT EXISTS demo_orders (
    id VARCHAR(36) PRIMARY KEY,
    item VARCHAR(200) NOT NULL,
    quantity INTEGER NOT NULL,
    created_by VARCHAR(64) NOT NULL
)"""
_LOCK_KEY = 7_361_004
_SAMPLES = (("sample-1", "Tea", 2), ("sample-2", "Honey", 1))


class Orders:
    """Reads and writes orders; the table is made by ``prepare``."""

    def __init__(self, database_url: str) -> None:
        self._engine: AsyncEngine = create_async_engine(database_url, pool_pre_ping=True)

    async def prepare(self) -> None:
        """Make the table and two sample orders where there is no table yet; safe for several
        processes at once."""
        async with self._transaction() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            known = await connection.run_sync(lambda sync: sync.dialect.has_table(sync, _ORDERS.name))
            if known:
                return
            await connection.execute(text(_CREATE))
            for sample_id, item, quantity in _SAMPLES:
                row = {"id": sample_id, "item": item, "quantity": quantity, "created_by": "demo"}
                await connection.execute(insert(_ORDERS), row)

    async def all(self) -> Sequence[Order]:
        async with self._transaction() as connection:
            rows = await connection.execute(select(_ORDERS).order_by(_ORDERS.c.id))
            return [dict(row) for row in rows.mappings()]

    async def add(self, *, item: str, quantity: int, created_by: str) -> Order:
        order = {"id": str(uuid4()), "item": item, "quantity": quantity, "created_by": created_by}
        async with self._transaction() as connection:
            await connection.execute(insert(_ORDERS), order)
        return order

    async def remove(self, order_id: str) -> bool:
        async with self._transaction() as connection:
            result = await connection.execute(delete(_ORDERS).where(_ORDERS.c.id == order_id))
            return result.rowcount > 0

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        """One transaction; DatabaseUnavailable, which the app answers with 503, when it fails."""
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseUnavailable(f"orders: {type(error).__name__}") from error
