"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Give it to ``Watchword(settings, clock=…)``; both of its times move together."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start if start is not None else datetime.now(UTC).replace(microsecond=0)
        self._monotonic = 1_000.0

    def now(self) -> datetime:
        """Aware UTC."""
        return self._now

    def now_seconds(self) -> int:
        """Whole seconds since 1970."""
        return int(self._now.timestamp())

    def monotonic(self) -> float:
        """Seconds since some moment, for durations."""
        return self._monotonic

    def time(self) -> float:
        """Seconds since 1970, for the development provider."""
        return self._now.timestamp()

    def advance(self, seconds: float) -> None:
        """Move forward. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("time only moves forward here")
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
