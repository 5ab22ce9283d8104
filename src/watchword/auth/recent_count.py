"""A count that costs the database something, for whoever asks, at most once in a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from watchword.auth.flight import Flight
from watchword.auth.ports import Clock
from watchword.errors import DatabaseUnavailable

T = TypeVar("T")


class RecentCount(Generic[T]):
    """What ``count`` found last, counted again ``again_seconds`` later where somebody asks then."""

    def __init__(
        self,
        count: Callable[[], Coroutine[Any, Any, T]],
        clock: Clock,
        *,
        again_seconds: float,
        longest_wait_seconds: float,
    ) -> None:
        self._count = count
        self._clock = clock
        self._again_seconds = again_seconds
        self._longest_wait_seconds = longest_wait_seconds
        self._flight: Flight[None] = Flight()
        self._counted_at: float | None = None
        self._known: T | None = None

    async def latest(self) -> T | None:
        """As it was counted last; None while the database does not answer, and before the first count.

        Waits ``longest_wait_seconds`` for a count under way at most, and takes what was known before.
        """
        now = self._clock.monotonic()
        if self._counted_at is None or now - self._counted_at >= self._again_seconds:
            await asyncio.wait({self._flight.begin(self._renew)}, timeout=self._longest_wait_seconds)
        return self._known

    async def _renew(self) -> None:
        counted = None
        try:
            counted = await self._count()
        except DatabaseUnavailable:
            return
        finally:
            self._known, self._counted_at = counted, self._clock.monotonic()
