"""The real clock; tests bring their own."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Aware UTC and the machine's monotonic seconds."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def now_seconds(self) -> int:
        return int(time.time())

    def monotonic(self) -> float:
        return time.monotonic()
