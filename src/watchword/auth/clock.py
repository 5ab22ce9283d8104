"""The real clock; tests bring their own."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

_SINCE_BOOT: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """Aware UTC, and seconds that only go forward: on Linux also those in which the machine slept, so
    that what was fresh before a suspension is not taken for fresh after it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def now_seconds(self) -> int:
        return int(time.time())

    def monotonic(self) -> float:
        return time.monotonic() if _SINCE_BOOT is None else time.clock_gettime(_SINCE_BOOT)
