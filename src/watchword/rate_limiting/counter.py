"""``HitCounter`` over the moving window of ``limits``, and where its hits are kept."""

from __future__ import annotations

from collections.abc import Callable

from limits import RateLimitItemPerSecond
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter

from watchword.auth.ports import Clock
from watchword.auth.rate_limits import CacheState, HitCounter
from watchword.config.rate_limits import RateLimit
from watchword.rate_limiting.memory import BoundedMemoryStorage


class WindowCounter:
    """Counts in any moving window, so that no moment lets twice the limit through.

    ``now`` is the clock of the storage's own timestamps, in seconds.
    """

    cache_state: CacheState | None = None

    def __init__(self, storage: Storage, now: Callable[[], float]) -> None:
        self._limiter = MovingWindowRateLimiter(storage)
        self._now = now

    async def hit(self, key: str, limit: RateLimit) -> float | None:
        """Count one hit: None when it fits, else the seconds until one will; never more than the
        window, whatever a process whose clock is ahead has written into it."""
        item = RateLimitItemPerSecond(limit.amount, limit.window_seconds)
        if await self._limiter.hit(item, key):
            return None
        window = await self._limiter.get_window_stats(item, key)
        if window.remaining > 0:
            return 0.0
        return min(max(window.reset_time - self._now(), 0.0), float(limit.window_seconds))

    def look(self) -> None:
        """There is nothing to find out."""

    async def close(self) -> None:
        """Nothing to let go of."""


def open_counter(cache_url: str | None, clock: Clock) -> HitCounter:
    """A counter on the server at ``cache_url``, in this process's memory where there is none.

    Nothing is connected before the first hit.
    """
    local = WindowCounter(BoundedMemoryStorage(clock.monotonic), clock.monotonic)
    if cache_url is None:
        return local
    from watchword.rate_limiting.server import ServerCounter
    from watchword.rate_limiting.shared import SharedCounter

    return SharedCounter(ServerCounter(cache_url), fallback=local, clock=clock)
