"""Asking a provider for a document: once for all who want it, and not again and again for anybody."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine
from typing import Any, Final, Generic, Literal, TypeVar

from watchword.auth.flight import Flight
from watchword.auth.ports import Clock
from watchword.errors import ProviderUnavailable, WatchwordError

AFTER_FAILURE_SECONDS: Final = 30.0

Sender = Literal["provider", "anybody"]
"""On whose account the provider is asked: a token came from its own endpoint in a sign-in, or from
whoever knows an address of ours."""
T = TypeVar("T")


class Fetch(Generic[T]):
    """A ``Flight`` that remembers a failure: for half a minute after it, tokens that anybody may send
    cause no other request. A sign-in may always try."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._flight: Flight[T] = Flight()
        self._failed_at: float | None = None

    @property
    def under_way(self) -> bool:
        return self._flight.under_way

    async def join(self, work: Callable[[], Coroutine[Any, Any, T]], *, sender: Sender) -> T:
        """The outcome of the flight under way, else of a new one. Raises what the work raises, and
        ProviderUnavailable where it failed a moment ago."""
        remaining = self._pause_seconds()
        if sender == "anybody" and not self.under_way and remaining > 0:
            raise ProviderUnavailable(
                "the provider did not answer well a moment ago", retry_after_seconds=math.ceil(remaining)
            )
        return await self._flight.join(lambda: self._noted(work))

    def goes_on_without(self, work: Callable[[], Coroutine[Any, Any, T]], *, sender: Sender) -> bool:
        """Whether what is known serves for now, because asking failed the last time: it is tried again
        in time, but nobody with a good token waits for a provider that does not answer."""
        if sender != "anybody" or self._failed_at is None:
            return False
        if self._pause_seconds() <= 0:
            self._flight.begin(lambda: self._noted(work))
        return True

    async def _noted(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            result = await work()
        except WatchwordError:
            self._failed_at = self._clock.monotonic()
            raise
        self._failed_at = None
        return result

    def _pause_seconds(self) -> float:
        if self._failed_at is None:
            return 0.0
        return self._failed_at + AFTER_FAILURE_SECONDS - self._clock.monotonic()
