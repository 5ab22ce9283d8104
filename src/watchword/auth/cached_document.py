"""What a provider publishes, kept in memory: asked for ahead of time, used on while asking fails."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from watchword.auth.fetch import Fetch, Sender
from watchword.auth.ports import Clock
from watchword.errors import WatchwordError
from watchword.protocol.freshness import Standing, standing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """A document that was checked, and for how long its provider lets it be fresh."""

    document: T
    fresh_seconds: float


Ask = Callable[[], Coroutine[Any, Any, Fetched[T]]]


@dataclass(frozen=True, slots=True)
class _Held(Generic[T]):
    """``purges`` is how often the cache had been emptied when this was asked for."""

    document: T
    fresh_seconds: float
    asked_at: float
    purges: int


class CachedDocument(Generic[T]):
    """One document for everybody who needs it; ``stale_seconds`` is its hard end, counted from when it
    was asked for. The rule is ``protocol.freshness.standing``.

    Nobody who has something to use waits for a provider that is known to be failing.
    """

    def __init__(self, clock: Clock, *, stale_seconds: float) -> None:
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._held: _Held[T] | None = None
        self._fetching: Fetch[_Held[T]] = Fetch(clock)
        self._purges = 0

    @property
    def age_seconds(self) -> float | None:
        """How long ago what can be used was asked for; None where nothing can."""
        held = self._held
        if held is None or self._standing(held) == "dead":
            return None
        return self._clock.monotonic() - held.asked_at

    @property
    def under_way(self) -> bool:
        return self._fetching.under_way

    @property
    def usable(self) -> T | None:
        """What is held, however old, up to its hard end."""
        held = self._held
        return None if held is None or self._standing(held) == "dead" else held.document

    async def get(self, ask: Ask[T], *, sender: Sender) -> T:
        """Raises what asking raises, where nothing can be used in its place."""
        held = self._held
        if held is None:
            return await self.anew(ask, sender=sender)
        match self._standing(held):
            case "dead":
                return await self.anew(ask, sender=sender)
            case "old" if not self._fetching.is_failing:
                return await self._anew_or_old(ask, sender)
            case "old" | "ageing":
                self._fetching.begin(lambda: self._fly(ask))
        return held.document

    async def anew(self, ask: Ask[T], *, sender: Sender) -> T:
        """The document as it is now: one flight for all. What was asked for before a purge is nobody's
        answer after it. Raises what asking raises."""
        while True:
            landed = await self._fetching.join(lambda: self._fly(ask), sender=sender)
            if landed.purges == self._purges:
                return landed.document

    def forget(self) -> None:
        """Hold nothing, and keep nothing of a flight under way."""
        self._held = None
        self._purges += 1

    async def _anew_or_old(self, ask: Ask[T], sender: Sender) -> T:
        try:
            return await self.anew(ask, sender=sender)
        except WatchwordError:
            old = self.usable
            if old is None:
                raise
            return old

    async def _fly(self, ask: Ask[T]) -> _Held[T]:
        purges, asked_at = self._purges, self._clock.monotonic()
        fetched = await ask()
        landed = _Held(fetched.document, fetched.fresh_seconds, asked_at, purges)
        if purges == self._purges:
            self._held = landed
        return landed

    def _standing(self, held: _Held[T]) -> Standing:
        return standing(
            self._clock.monotonic() - held.asked_at,
            fresh_seconds=held.fresh_seconds,
            stale_seconds=self._stale_seconds,
        )
