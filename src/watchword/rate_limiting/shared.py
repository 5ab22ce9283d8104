"""Counting on a server that processes share, without ever depending on it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from watchword.auth.logs import tell
from watchword.auth.ports import Clock
from watchword.auth.rate_limits import CacheState, HitCounter
from watchword.config.rate_limits import RateLimit
from watchword.protocol.printable import printable

PATIENCE_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 5.0
LOOK: Final = ("look", RateLimit(1, 1))
"""A hit that nobody makes: where it can be counted, any can."""


class SharedCounter:
    """Asks ``server``, and ``fallback`` while that does not answer.

    A hit waits for at most ``patience_seconds``. A server that is away is asked again by one hit
    every ``RETRY_SECONDS``, the others do not wait for it, and only that one can bring it back: answers
    that come late to others change nothing. Each change is logged once. What the server lets through
    is counted by ``fallback`` as well, so that losing the server gives nobody a fresh window.
    """

    def __init__(
        self,
        server: HitCounter,
        *,
        fallback: HitCounter,
        clock: Clock,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._server = server
        self._fallback = fallback
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._state: CacheState = "unknown"
        self._ask_again_at = 0.0
        self._looks: set[asyncio.Task[None]] = set()

    @property
    def cache_state(self) -> CacheState:
        """As the latest hit found it."""
        return self._state

    async def hit(self, key: str, limit: RateLimit) -> float | None:
        """Count one hit: None when it fits, else the seconds until one will. Never raises."""
        if self._state == "away" and self._clock.monotonic() < self._ask_again_at:
            return await self._fallback.hit(key, limit)
        try:
            wait = await self._ask(key, limit)
        except Exception:
            return await self._fallback.hit(key, limit)
        if wait is None:
            await self._fallback.hit(key, limit)
        return wait

    def look(self) -> None:
        """Find out in the background how the server does, unless a hit did in ``RETRY_SECONDS``."""
        if self._clock.monotonic() >= self._ask_again_at:
            self._put_off()
            task = asyncio.create_task(self._look(), name="watchword cache look")
            self._looks.add(task)
            task.add_done_callback(self._looks.discard)

    async def settled(self) -> None:
        """Wait until every look that was begun is over."""
        if self._looks:
            await asyncio.wait(self._looks)

    async def close(self) -> None:
        """Close the connections, give up what is under way."""
        for task in self._looks:
            task.cancel()
        await self.settled()
        await self._server.close()
        await self._fallback.close()

    async def _look(self) -> None:
        with contextlib.suppress(Exception):
            await self._ask(*LOOK)

    async def _ask(self, key: str, limit: RateLimit) -> float | None:
        """Raises whatever keeps the server from counting."""
        was_away = self._state == "away"
        self._put_off()
        try:
            async with asyncio.timeout(self._patience_seconds):
                wait = await self._server.hit(key, limit)
        except Exception as error:
            self._lost(error)
            raise
        if was_away or self._state == "unknown":
            self._found()
        return wait

    def _put_off(self) -> None:
        self._ask_again_at = self._clock.monotonic() + RETRY_SECONDS

    def _lost(self, error: Exception) -> None:
        if self._state != "away":
            cause = printable(f"{type(error).__name__}: {error}", max_chars=200)
            message = "the cache is away, each process counts rate limits by itself: %s"
            tell("cache_away", message, cause, cause=cause)
        self._state = "away"
        self._put_off()

    def _found(self) -> None:
        if self._state == "away":
            tell("cache_back", "the cache is back, rate limits are shared again")
        self._state = "ok"
