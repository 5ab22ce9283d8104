"""Asking a provider for a document: once for all who want it, and not again and again for anybody."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from typing import Any, Final, Generic, Literal, TypeVar

from watchword.auth.flight import Flight
from watchword.auth.ports import Clock
from watchword.errors import ProviderCircuitOpen, ProviderUnavailable, WatchwordError

AFTER_FAILURE_SECONDS: Final = 10.0
KNOWN_FAILING_SECONDS: Final = 60.0
"""How long a failure is held to go on while nobody has tried again."""

Sender = Literal["provider", "anybody"]
"""On whose account the provider is asked: a token came from its own endpoint in a sign-in, or from
whoever knows an address of ours."""
T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, T]]


class Fetch(Generic[T]):
    """A ``Flight`` that remembers a failure: for ten seconds after it, neither tokens that anybody may
    send nor anything that goes on behind people's backs causes another request. A sign-in may always
    try."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._flight: Flight[T] = Flight()
        self._failed_at: float | None = None
        self._paused_until = 0.0

    @property
    def under_way(self) -> bool:
        return self._flight.under_way

    @property
    def is_failing(self) -> bool:
        """Whether the last flight that landed failed, and not long ago."""
        if self._failed_at is None:
            return False
        return self._clock.monotonic() - self._failed_at < KNOWN_FAILING_SECONDS

    async def join(self, work: Work[T], *, sender: Sender) -> T:
        """The outcome of the flight under way, else of a new one. Raises what the work raises, and
        ProviderUnavailable where it failed a moment ago."""
        remaining = self._paused_for()
        if sender == "anybody" and not self.under_way and remaining > 0:
            raise ProviderUnavailable(
                "the provider did not answer well a moment ago", retry_after_seconds=math.ceil(remaining)
            )
        return await self._flight.join(lambda: self._noted(work))

    def begin(self, work: Work[T]) -> None:
        """A flight that nobody waits for, unless the last one failed a moment ago."""
        if self._paused_for() <= 0:
            self._flight.begin(lambda: self._noted(work))

    async def _noted(self, work: Work[T]) -> T:
        try:
            result = await work()
        except WatchwordError as error:
            self._failed_at = self._clock.monotonic()
            self._paused_until = self._failed_at + _pause_seconds(error)
            raise
        self._failed_at, self._paused_until = None, 0.0
        return result

    def _paused_for(self) -> float:
        return self._paused_until - self._clock.monotonic()


def _pause_seconds(error: WatchwordError) -> float:
    """No longer than the breaker that let nothing through will."""
    if isinstance(error, ProviderCircuitOpen) and error.retry_after_seconds is not None:
        return min(AFTER_FAILURE_SECONDS, error.retry_after_seconds)
    return AFTER_FAILURE_SECONDS
