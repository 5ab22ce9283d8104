"""Connections that stay out of the engine's pool while they are asked for again and again.

Borrowing one and giving it back costs as much as a short statement.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import greenlet_spawn

from watchword.auth.forks import in_child

IDLE_SECONDS: Final = 0.1
"""What nobody asked for in so long goes back to the pool, where others may have it."""
LONGEST_SECONDS: Final = 60.0
"""Whatever is held goes back then, so that the pool can replace what grew old."""
TURN_SECONDS: Final = 0.01
"""Whoever finds all of them in use waits so long for one, or twice as long, then borrows a further one."""


@dataclass(frozen=True, slots=True)
class Held:
    """A connection of the driver, and the pool's ``proxy`` of it; ``since`` is seconds of the event loop."""

    driver: Any
    proxy: Any
    since: float


class HeldConnections:
    """Holds at most ``most`` connections of an engine, whether or not somebody uses them. The pool counts
    them all: its bounds, its deadlines and what it does to a new connection are those of everybody else.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        most: int,
        turn_seconds: float = TURN_SECONDS,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        self._engine = engine
        self._most = most
        self._turn_seconds = turn_seconds
        self._longest_seconds = longest_seconds
        self._closed = False
        self._out = self._spare = self._late = 0
        self._free: list[Held] = []
        self._waiting: deque[asyncio.Future[Held | None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._turns: asyncio.TimerHandle | None = None
        self._releasing: set[asyncio.Task[None]] = set()
        in_child(self, HeldConnections._begin_anew)

    async def take(self) -> Held:
        """One for the caller alone. Raises what the pool and the driver raise."""
        while True:
            held = self._free.pop() if self._free else None
            if held is None and self._out >= self._most > 0:
                held = await self._turn()
            if held is None:
                return await self._borrow()
            self._spare = min(self._spare, len(self._free))
            if not held.driver.is_closed():
                return held
            await self._release(held)

    async def give_back(self, held: Held) -> None:
        """After a conversation that went well."""
        loop = asyncio.get_running_loop()
        if self._closed or self._out > self._most or loop.time() - held.since > self._longest_seconds:
            await self._release(held)
        elif not self._hand(held):
            self._free.append(held)
            if self._timer is None:
                self._timer = loop.call_later(IDLE_SECONDS, self._look)

    async def give_up(self, held: Held, *, broken: bool) -> None:
        """After one that failed: the pool looks at the connection before anybody has it again."""
        if broken:
            held.driver.terminate()
        await self._release(held)

    async def close(self) -> None:
        """Those that nobody uses go back to the pool now, the others when they are given back."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        free, self._free = self._free, []
        for held in free:
            await self._release(held)
        if self._releasing:
            await asyncio.wait(self._releasing)

    async def _borrow(self) -> Held:
        self._out += 1
        try:
            proxy = await self._engine.raw_connection()
        except BaseException:
            self._out -= 1
            raise
        return Held(proxy.driver_connection, proxy, asyncio.get_running_loop().time())

    async def _release(self, held: Held) -> None:
        await asyncio.shield(self._releasing_of(held))

    def _releasing_of(self, held: Held) -> asyncio.Task[None]:
        """In a task of its own: a caller that leaves does not interrupt the pool, which may have to close
        one too many."""
        self._out -= 1
        if self._out < self._most:
            self._hand(None)
        task = asyncio.ensure_future(greenlet_spawn(held.proxy.close))
        self._releasing.add(task)
        task.add_done_callback(self._releasing.discard)
        return task

    async def _turn(self) -> Held | None:
        """One that somebody else gives back; None where the caller had better borrow one."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Held | None] = loop.create_future()
        self._waiting.append(turn)
        if self._turns is None:
            self._turns = loop.call_later(self._turn_seconds, self._over)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and (held := turn.result()) is not None:
                await self._release(held)
            raise

    def _hand(self, held: Held | None) -> bool:
        """To whoever waits longest; whether anybody did."""
        while self._waiting:
            turn = self._waiting.popleft()
            self._late = max(0, self._late - 1)
            if not turn.done():
                turn.set_result(held)
                return True
        return False

    def _look(self) -> None:
        """Give back as many as were never needed since the last look: those used longest ago."""
        spare, self._free = self._free[: self._spare], self._free[self._spare :]
        self._spare = len(self._free)
        for held in spare:
            self._releasing_of(held)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(IDLE_SECONDS, self._look) if self._free else None

    def _over(self) -> None:
        """Those who wait since the time before have waited long enough."""
        while self._late:
            self._hand(None)
        self._late = len(self._waiting)
        loop = asyncio.get_running_loop()
        self._turns = loop.call_later(self._turn_seconds, self._over) if self._waiting else None

    def _begin_anew(self) -> object:
        left = self._free, self._waiting, self._timer, self._turns, self._releasing
        self._out = self._spare = self._late = 0
        self._free, self._waiting, self._releasing = [], deque(), set()
        self._timer = self._turns = None
        return left
