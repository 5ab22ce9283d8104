"""Run a piece of work in one transaction: bounded, tried again where that is safe, told apart."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from watchword.auth.forks import in_child
from watchword.auth.spans import OPERATION, span
from watchword.errors import Contended
from watchword.models.faults import database_faults, is_read_only, is_transient
from watchword.storage.engines import WRITES

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

RETRIES = 3
_RETRY_WITHIN_SECONDS = 4.0
_LONGEST_PAUSE_MS = 50


class LostRace(Exception):
    """Raised by work that saw another transaction win: roll back and begin again."""


class _CallerLeft(Exception):
    """Rolls back a transaction nobody waits for any more."""


class Transactions:
    """``read``, ``write`` and ``write_one`` of one engine. Work may run more than once; nothing of a
    failed run is kept. All raise DatabaseUnavailable.

    Each transaction runs in a task of its own, because a driver must not be cancelled in the middle
    of a statement: a SQLite connection would keep its lock. A caller that is cancelled leaves at
    once; its transaction ends behind it, rolled back unless it was committing already.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.dialect = engine.dialect.name
        postgresql = self.dialect == "postgresql"
        self._reads = engine.execution_options(isolation_level="AUTOCOMMIT") if postgresql else engine
        self._writes = engine.execution_options(**{WRITES: True})
        self._singles = self._reads if postgresql else self._writes
        self._running: set[asyncio.Task[Any]] = set()
        in_child(self, Transactions._begin_anew)

    async def read(self, doing: str, work: Work[T]) -> T:
        """One statement that changes nothing; waits for no writer."""
        return await self._run(doing, self._reads, work)

    async def write(self, doing: str, work: Work[T]) -> T:
        """All of ``work`` or nothing. Raises Contended when every try lost a race."""
        return await self._run(doing, self._writes, work)

    async def write_one(self, doing: str, work: Work[T]) -> T:
        """One statement that is its own transaction, in one round trip where the database commits by
        itself; it stays done when its caller left. Raises what ``write`` does."""
        return await self._run(doing, self._singles, work)

    async def settled(self) -> None:
        """Wait for the transactions whose callers left."""
        if self._running:
            await asyncio.wait(self._running)

    def _begin_anew(self) -> object:
        left, self._running = self._running, set()
        return left

    async def _run(self, doing: str, engine: AsyncEngine, work: Work[T]) -> T:
        left = asyncio.Event()
        task = asyncio.create_task(retrying(doing, lambda: _once(engine, work, left)))
        self._running.add(task)
        task.add_done_callback(self._forget)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            left.set()
            raise
        return task.result()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        """Also looks at the outcome, so that asyncio does not report one nobody waited for."""
        self._running.discard(task)
        if not task.cancelled():
            task.exception()


async def retrying(doing: str, run: Callable[[], Awaitable[T]]) -> T:
    """``run``, and again after a deadlock, a serialization failure or a lock, while time is left."""
    give_up_at = time.monotonic() + _RETRY_WITHIN_SECONDS
    left = RETRIES
    with span("watchword.database", {OPERATION: doing}, client=True), database_faults(doing):
        while True:
            try:
                return await run()
            except LostRace:
                if left == 0:
                    raise Contended(f"could not {doing}: other transactions won every time") from None
            except Exception as fault:
                if left == 0 or not is_transient(fault) or time.monotonic() > give_up_at:
                    raise
            left -= 1
            await asyncio.sleep((1 + secrets.randbelow(_LONGEST_PAUSE_MS)) / 1000)


async def _once(engine: AsyncEngine, work: Work[T], left: asyncio.Event) -> T:
    async with engine.connect() as connection:
        try:
            transaction = await connection.begin()
            done = await work(connection)
            if left.is_set():
                raise _CallerLeft
            await transaction.commit()
        except Exception as fault:
            if isinstance(fault, TimeoutError) or is_read_only(fault):
                await _abandon(connection)
            raise
        return done


async def _abandon(connection: AsyncConnection) -> None:
    """Give up a connection whose server may never answer or take writes, without another word to it."""
    if connection.invalidated:
        return
    raw = await connection.get_raw_connection()
    terminate = getattr(raw.driver_connection, "terminate", None)
    if terminate is not None:
        terminate()
        await connection.invalidate()
