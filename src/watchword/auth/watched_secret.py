"""One secret that its store may replace while we use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, TypeVar

from watchword.auth.flight import Flight
from watchword.auth.logs import tell
from watchword.auth.ports import Clock
from watchword.auth.secret_reader import SecretReader
from watchword.config.references import Failure, Reference, SecretValue

COOLDOWN_SECONDS: Final = 30.0
"""Between two readings of a secret that was refused; those of the schedule come besides."""
MORE_TRIES: Final = 2
"""After a refusal, at most."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source(Generic[T]):
    """How a secret is read anew: ``parse`` makes a value of its text, and raises ValueError for what cannot
    be used, naming the cause and never the text."""

    reference: Reference
    parse: Callable[[str], T] = field(repr=False)
    reader: SecretReader = field(repr=False)


class WatchedSecret(Generic[T]):
    """The values one setting has had, and the way to read it anew.

    However many ask, it is read once at a time; a reading that fails changes nothing. A secret that is
    written out has no ``source`` and one value for good. ``on_change`` is told of each new value,
    in place of the log.
    """

    def __init__(
        self,
        setting: str,
        value: T,
        clock: Clock,
        *,
        source: Source[T] | None = None,
        on_change: Callable[[T], object] | None = None,
    ) -> None:
        self.setting = setting
        self.source = source
        self.failing = False
        self._current = value
        self._previous: T | None = None
        self._worked: T | None = None
        self._clock = clock
        self._on_change = on_change
        self._flight: Flight[None] = Flight()
        self._asked_at: float | None = None

    @property
    def current(self) -> T:
        """The newest value."""
        return self._current

    @property
    def candidates(self) -> tuple[T, ...]:
        """Every value that may count, first what worked last, without repetitions."""
        listed = (self._worked, self._current, self._previous)
        return tuple(dict.fromkeys(each for each in listed if each is not None))

    def worked(self, value: T) -> bool:
        """Try this one first until the next reading; False where that was so already."""
        news = self._worked != value
        self._worked = value
        return news

    async def following(self, tried: Sequence[T], *, wait_seconds: float) -> T | None:
        """What to try after every one of ``tried`` was refused: a value that was not, read anew where that
        is due. None where there is none, and after two more."""
        if len(tried) > MORE_TRIES:
            return None
        if len(tried) == 1:
            await self.ask_again(wait_seconds=wait_seconds)
        return next((each for each in self.candidates if each not in tried), None)

    async def ask_again(self, *, wait_seconds: float) -> None:
        """Read it because it was refused, once in ``COOLDOWN_SECONDS`` however often that happens, and
        wait for the reading no longer than that. Raises nothing."""
        if self.source is None:
            return
        if not self._flight.under_way:
            now = self._clock.monotonic()
            if self._asked_at is not None and now - self._asked_at < COOLDOWN_SECONDS:
                return
            self._asked_at = now
        flight = self._flight.begin(partial(self._read, self.source))
        await asyncio.wait({flight}, timeout=wait_seconds)

    def take(self, answer: SecretValue | Failure) -> None:
        """Go on with what a reading gave. A failure is told once, and once that it is over."""
        try:
            current, previous = self._parsed(answer)
        except ValueError as fault:
            if not self.failing:
                message, cause = "%s cannot be read again, so its last value goes on: %s", str(fault)
                tell("secret_away", message, self.setting, cause, setting=self.setting, cause=cause)
            self.failing = True
            return
        if self.failing:
            tell("secret_back", "%s can be read again", self.setting, setting=self.setting)
        self.failing = False
        self._worked = None
        self._replace(current, previous)

    def close(self) -> None:
        """Give up a reading that is under way."""
        self._flight.cancel()

    async def _read(self, source: Source[T]) -> None:
        answers = await source.reader.read([source.reference], previous=True)
        self.take(answers[source.reference])

    def _parsed(self, answer: SecretValue | Failure) -> tuple[T, T | None]:
        """Raises ValueError; a previous value that cannot be used is none."""
        if self.source is None or isinstance(answer, Failure):
            raise ValueError(answer.cause if isinstance(answer, Failure) else "it is no reference")
        current = self.source.parse(answer.current)
        try:
            return current, None if answer.previous is None else self.source.parse(answer.previous)
        except ValueError:
            return current, None

    def _replace(self, current: T, previous: T | None) -> None:
        """Where a store says nothing of a previous value, it is what it said before."""
        changed = current != self._current
        before = self._current if changed else self._previous
        self._current, self._previous = current, before if previous is None else previous
        if changed and self._on_change is not None:
            self._on_change(current)
        elif changed:
            message = "%s has changed, and its new value is used from now on"
            tell("secret_changed", message, self.setting, setting=self.setting)
