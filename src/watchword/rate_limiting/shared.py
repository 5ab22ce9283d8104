"""Counting on a Valkey or Redis server, without ever depending on it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Any, Final

from limits.aio.storage import RedisStorage
from valkey.asyncio import BlockingConnectionPool

from watchword.auth.ports import Clock
from watchword.auth.rate_limits import HitCounter
from watchword.config.rate_limits import RateLimit
from watchword.protocol.printable import printable
from watchword.rate_limiting.counter import WindowCounter

PATIENCE_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 5.0
_CONNECTIONS: Final = 8
_KEY_PREFIX: Final = "watchword"

logger = logging.getLogger("watchword")


class SharedCounter:
    """Asks the server, and ``fallback`` while that does not answer.

    A hit waits for at most ``patience_seconds``. A server that is away is asked again by one hit
    every ``RETRY_SECONDS``, the others do not wait for it. Each change is logged once.
    """

    def __init__(
        self, url: str, *, fallback: HitCounter, clock: Clock, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=patience_seconds,
            socket_timeout=patience_seconds,
            socket_connect_timeout=patience_seconds,
        )
        pool: dict[str, Any] = {"connection_pool": self._pool}
        storage = RedisStorage(url, implementation="valkey", key_prefix=_KEY_PREFIX, **pool)
        self._server = WindowCounter(storage, time.time)
        self._fallback = fallback
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._away = False
        self._ask_again_at = 0.0

    async def hit(self, key: str, limit: RateLimit) -> float | None:
        """Count one hit: None when it fits, else the seconds until one will. Never raises."""
        now = self._clock.monotonic()
        if self._away:
            if now < self._ask_again_at:
                return await self._fallback.hit(key, limit)
            self._ask_again_at = now + RETRY_SECONDS
        try:
            async with asyncio.timeout(self._patience_seconds):
                wait = await self._server.hit(key, limit)
        except Exception as error:
            self._lost(error)
            return await self._fallback.hit(key, limit)
        self._found()
        return wait

    async def close(self) -> None:
        """Close the connections; whatever state they are in, that is no fault."""
        with contextlib.suppress(Exception):
            await self._pool.disconnect()
        await self._fallback.close()

    def _lost(self, error: Exception) -> None:
        if not self._away:
            cause = printable(f"{type(error).__name__}: {error}", max_chars=200)
            logger.warning("the cache is away, each process counts rate limits by itself: %s", cause)
        self._away = True
        self._ask_again_at = self._clock.monotonic() + RETRY_SECONDS

    def _found(self) -> None:
        if self._away:
            logger.warning("the cache is back, rate limits are shared again")
        self._away = False
