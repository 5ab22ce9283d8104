"""When this process could not reach its database."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from watchword.auth.ports import Clock
from watchword.protocol.rotation import NOTICED_WITHIN, Away

KEPT: Final = 16


class Outages:
    """The latest few, told by whoever asks the database regularly."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._answered_at = clock.now()
        self._begins_at: datetime | None = None
        self._over: deque[Away] = deque(maxlen=KEPT)

    def answered(self) -> None:
        now = self._clock.now()
        if self._begins_at is not None:
            self._over.append(Away(self._begins_at, now))
            self._begins_at = None
        self._answered_at = now

    def failed(self) -> None:
        if self._begins_at is None:
            self._begins_at = max(self._answered_at, self._clock.now() - NOTICED_WITHIN)

    def seen(self) -> Sequence[Away]:
        """Each from the last answer before it; one that lasts has no end."""
        lasting = () if self._begins_at is None else (Away(self._begins_at, None),)
        return (*self._over, *lasting)
