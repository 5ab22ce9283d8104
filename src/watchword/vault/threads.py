"""Blocking clients of vaults, kept away from the event loop and bounded in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

CALL_SECONDS: Final = 5.0
"""One question to a vault or file, whatever it takes: connecting, retries, waiting for a lock."""
_THREADS: Final = 4

T = TypeVar("T")


class Threads:
    """Threads of one client, never more than four: a vault that hangs costs no other work a thread."""

    def __init__(self, call_seconds: float) -> None:
        self._call_seconds = call_seconds
        self._limiter = CapacityLimiter(_THREADS)

    async def run(self, work: Callable[[], T]) -> T:
        """Raises TimeoutError after ``call_seconds``; whether the work takes effect is then not known."""
        with anyio.fail_after(self._call_seconds):
            return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)
