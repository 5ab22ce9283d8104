"""Promises of trying again: what may pass is tried again, a whole transaction each time."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.errors import Contended, DatabaseUnavailable
from watchword.storage import SqlDatabase
from watchword.storage.transactions import LostRace


def fails(times: int, failing: Callable[[AsyncConnection], Awaitable[None]]) -> tuple[list[int], Any]:
    """Work that fails so often and then succeeds, and how often it ran."""
    ran: list[int] = []

    async def work(connection: AsyncConnection) -> str:
        ran.append(1)
        await connection.execute(text("DELETE FROM ww_single_use"))
        if len(ran) <= times:
            await failing(connection)
        return "done"

    return ran, work


async def be_busy(connection: AsyncConnection) -> None:
    """A real refusal that may pass: a lock on SQLite, a serialization failure on PostgreSQL."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("DO $$ BEGIN RAISE EXCEPTION 'later' USING ERRCODE = '40001'; END $$"))
        return
    with closing(sqlite3.connect(connection.engine.url.database or "", uri=True, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")


async def lose(connection: AsyncConnection) -> None:
    raise LostRace


@pytest.mark.parametrize("failing", [be_busy, lose])
async def test_what_may_pass_is_tried_again(database: SqlDatabase, failing: Any) -> None:
    """Three more tries, each a whole transaction."""
    ran, work = fails(3, failing)
    assert await database.transactions.write("try", work) == "done"
    assert len(ran) == 4


@pytest.mark.parametrize(("failing", "error"), [(be_busy, DatabaseUnavailable), (lose, Contended)])
async def test_what_does_not_pass_is_told_after_three_more_tries(
    database: SqlDatabase, failing: Any, error: type[Exception]
) -> None:
    """Nobody waits for ever."""
    ran, work = fails(4, failing)
    with pytest.raises(error):
        await database.transactions.write("try", work)
    assert len(ran) == 4


async def test_what_cannot_pass_is_tried_once(database: SqlDatabase) -> None:
    """A statement that is wrong stays wrong, and an error of the work itself passes through."""

    async def wrong(connection: AsyncConnection) -> None:
        await connection.execute(text("SELECT * FROM no_such_table"))

    async def mistaken(connection: AsyncConnection) -> None:
        raise KeyError("mine")

    ran, work = fails(1, wrong)
    with pytest.raises(DatabaseUnavailable, match="no_such_table"):
        await database.transactions.write("try", work)
    ran_too, work = fails(1, mistaken)
    with pytest.raises(KeyError):
        await database.transactions.write("try", work)
    assert (len(ran), len(ran_too)) == (1, 1)
