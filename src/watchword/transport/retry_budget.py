"""How many requests may be sent a second time, so that retries do not double the load of an outage."""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW_SECONDS: Final = 60.0
SHARE: Final = 0.1
FLOOR: Final = 6
"""Retries a minute that a service may always send, or one with few calls would have none."""


class RetryBudget:
    """Counts requests and retries of the last minute, by the monotonic seconds it is told. Retries are
    at most a tenth of the requests, or ``FLOOR``."""

    def __init__(self) -> None:
        self._requests: deque[float] = deque()
        self._retries: deque[float] = deque()

    def note_request(self, now: float) -> None:
        _forget_old(self._requests, now)
        self._requests.append(now)

    def take(self, now: float) -> bool:
        """Whether one more retry may be sent, which is then counted."""
        _forget_old(self._requests, now)
        _forget_old(self._retries, now)
        if len(self._retries) >= max(FLOOR, int(SHARE * len(self._requests))):
            return False
        self._retries.append(now)
        return True


def _forget_old(moments: deque[float], now: float) -> None:
    while moments and now - moments[0] >= WINDOW_SECONDS:
        moments.popleft()
