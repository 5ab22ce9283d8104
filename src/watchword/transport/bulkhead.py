"""How many calls to one provider may be under way, so that a slow one holds up no more than its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakKeyDictionary

from watchword.auth.provider_call import waiting_here
from watchword.errors import ProviderCrowded

IN_FLIGHT: Final = 20
QUEUED: Final = 20


class _Places:
    def __init__(self, in_flight: int) -> None:
        self.free = asyncio.Semaphore(in_flight)
        self.queued = 0


class Bulkhead:
    """Places for calls, and a queue for those that find none.

    Each event loop has its own: what a loop held that ended, or that a fork left behind, is gone with
    it.
    """

    def __init__(self, *, in_flight: int = IN_FLIGHT, queued: int = QUEUED) -> None:
        self._in_flight = in_flight
        self._queued = queued
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Places] = WeakKeyDictionary()

    @asynccontextmanager
    async def place(self, where: str) -> AsyncIterator[None]:
        """Hold a place, or wait for one; ``where`` is the address to show. Raises ProviderCrowded at
        once where the queue is full."""
        places = self._by_loop.setdefault(asyncio.get_running_loop(), _Places(self._in_flight))
        if places.free.locked():
            await self._queue(places, where)
        else:
            await places.free.acquire()
        try:
            yield
        finally:
            places.free.release()

    async def _queue(self, places: _Places, where: str) -> None:
        if places.queued >= self._queued:
            raise ProviderCrowded(f"{where}: {self._in_flight} calls are under way and {self._queued} wait")
        places.queued += 1
        try:
            with waiting_here():
                await places.free.acquire()
        finally:
            places.queued -= 1
