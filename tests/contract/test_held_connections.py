"""Promises of connections that rotations hold: fewer trips to the pool, and nobody notices otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from tests.contract.samples import at_once, opened, rotation
from tests.contract.test_parallel import all_in_the_pool
from watchword.errors import DatabaseUnavailable
from watchword.storage import DatabaseLimits, open_database
from watchword.storage.engines import make_engine
from watchword.storage.held_connections import Held, HeldConnections

pytestmark = pytest.mark.postgres

MOST = 2
LIMITS = DatabaseLimits(pool_size=2, pool_overflow=2, pool_seconds=5, connect_seconds=5, statement_seconds=5)


@pytest.fixture
async def engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(postgres_url.replace("postgresql:", "postgresql+asyncpg:"), LIMITS)
    yield made
    await made.dispose()


@pytest.fixture
async def connections(engine: AsyncEngine) -> AsyncIterator[HeldConnections]:
    held = HeldConnections(engine, most=MOST)
    yield held
    await held.close()
    assert checked_out(engine) == 0


def checked_out(engine: AsyncEngine) -> int:
    pool = engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


def borrowings(engine: AsyncEngine) -> list[Any]:
    seen: list[Any] = []
    event.listen(engine.sync_engine, "checkout", lambda driver, record, proxy: seen.append(record))
    return seen


async def test_uses_that_follow_one_another_share_a_connection(
    engine: AsyncEngine, connections: HeldConnections
) -> None:
    """The pool is asked once; when nobody comes any more, it has its connection back."""
    seen = borrowings(engine)
    for _ in range(50):
        held = await connections.take()
        await connections.give_back(held)
    assert len(seen) == 1
    await all_in_the_pool(engine)


async def test_a_crowd_takes_turns(engine: AsyncEngine) -> None:
    """Nobody has a connection that another one uses, and what is left to others of the pool stays theirs."""
    connections = HeldConnections(engine, most=MOST, turn_seconds=60)
    used: set[Any] = set()
    most = 0

    async def use() -> None:
        nonlocal most
        for _ in range(10):
            held = await connections.take()
            assert held.driver not in used
            used.add(held.driver)
            most = max(most, checked_out(engine))
            await asyncio.sleep(0)
            used.remove(held.driver)
            await connections.give_back(held)

    await at_once(*[use] * 20)
    assert most == MOST
    await connections.close()


async def test_whoever_waits_for_long_borrows_a_further_one(
    engine: AsyncEngine, connections: HeldConnections
) -> None:
    """Callers that get no answer keep no other from asking, up to the bounds of the pool; what was
    borrowed besides is not held."""
    taken = [await connections.take() for _ in range(4)]
    assert checked_out(engine) == 4
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await connections.take()
    for held in taken:
        await connections.give_back(held)
    assert checked_out(engine) == MOST


async def test_a_caller_that_leaves_loses_no_connection(
    engine: AsyncEngine, connections: HeldConnections
) -> None:
    """Neither while it waits nor at the very moment when its turn has come."""
    for pauses in range(6):
        taken = [await connections.take() for _ in range(MOST)]
        waiting = asyncio.ensure_future(connections.take())
        for _ in range(pauses // 2):
            await asyncio.sleep(0)
        if pauses % 2:
            await connections.give_back(taken.pop())
        waiting.cancel()
        await asyncio.wait({waiting})
        assert waiting.cancelled()
        for held in taken:
            await connections.give_back(held)
    await all_in_the_pool(engine)


async def test_a_caller_that_leaves_while_one_is_closed_spoils_nothing(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """One too many for the pool is closed, with a farewell to the server, whoever waits for that."""
    connections = HeldConnections(engine, most=0)
    taken = [await connections.take() for _ in range(4)]
    for held in taken:
        giving = asyncio.ensure_future(connections.give_back(held))
        await asyncio.sleep(0)
        giving.cancel()
        await asyncio.wait({giving})
    await connections.close()
    assert checked_out(engine) == 0
    assert sum(held.driver.is_closed() for held in taken) == 2
    assert caplog.text == ""


async def test_one_that_broke_is_replaced(engine: AsyncEngine, connections: HeldConnections) -> None:
    """Whether it broke in somebody's hands or while it lay there, the next caller has one that works."""
    held = await connections.take()
    await connections.give_up(held, broken=True)
    lying = await connections.take()
    await connections.give_back(lying)
    lying.driver.terminate()
    held = await connections.take()
    assert await held.driver.fetchval("SELECT 1") == 1
    await connections.give_back(held)


async def test_an_old_one_goes_back_to_the_pool(engine: AsyncEngine) -> None:
    """Which replaces those that grew too old, however often they are used."""
    seen = borrowings(engine)
    connections = HeldConnections(engine, most=MOST, longest_seconds=0)
    for _ in range(3):
        held = await connections.take()
        await connections.give_back(held)
    assert len(seen) == 3
    await connections.close()


async def test_one_that_is_given_back_after_the_end_is_not_held(engine: AsyncEngine) -> None:
    """A caller that outlives ``close`` leaves nothing behind."""
    connections = HeldConnections(engine, most=MOST)
    held: Held = await connections.take()
    await connections.close()
    await connections.give_back(held)
    assert checked_out(engine) == 0


async def test_rotations_leave_others_their_place(postgres_url: str) -> None:
    """While rotations never stop, whoever else asks the database gets a connection of the pool."""
    database = open_database(postgres_url, limits=LIMITS)
    await opened(database)
    asked = asyncio.Event()

    async def rotate() -> None:
        while not asked.is_set():
            await database.sessions.rotate(rotation())

    async def ask() -> None:
        try:
            for _ in range(20):
                await database.ping()
        finally:
            asked.set()

    answers = await at_once(*[rotate] * 8, ask)
    assert answers == [None] * 9
    await all_in_the_pool(database.engine)
    await database.close()


async def test_one_in_the_middle_of_something_is_replaced(postgres_url: str) -> None:
    """Whoever meets it is the only one."""
    database = open_database(postgres_url, limits=replace(LIMITS, pool_size=1, pool_overflow=0))
    await opened(database)
    proxy = await database.engine.raw_connection()
    asking = asyncio.ensure_future(proxy.driver_connection.execute("SELECT pg_sleep(60)"))  # type: ignore[union-attr]
    await asyncio.sleep(0)
    proxy.close()
    with pytest.raises(DatabaseUnavailable, match="another operation is in progress"):
        await database.sessions.rotate(rotation())
    assert await database.sessions.rotate(rotation()) is not None
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await asking
    await database.close()
