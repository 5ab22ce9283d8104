"""What refreshes notice of expired sessions that are taken away meanwhile, by the job of a service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from benchmarks.session_growth.blocks import percentile, regularly
from benchmarks.session_growth.manager import TOKENS_LIVE_SECONDS, Refreshing
from benchmarks.session_growth.plan import Plan
from watchword.auth.cleanup import Cleanup
from watchword.auth.clock import SystemClock
from watchword.errors import WatchwordError

_RETENTION_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class CleaningPair:
    """Seconds of refreshes in a block without the job, and in one with it; what it took away meanwhile, and
    how many refreshes of each block were refused, whose seconds count too."""

    calm: Sequence[float]
    busy: Sequence[float]
    gone: int
    busy_seconds: float
    refused: tuple[int, int] = (0, 0)

    def ratio(self, share: float = 0.99) -> float:
        """A percentile with the job over the same without it."""
        return percentile(self.busy, share) / percentile(self.calm, share)


async def through_cleanup(refreshing: Refreshing, numbers: Sequence[int], plan: Plan) -> list[CleaningPair]:
    """In turn without and with the job, which runs in this process as it does in a service."""
    await refreshing.hand_out(numbers)
    cleanup = Cleanup(
        refreshing.database.cleanup,
        refreshing.database.version_usage,
        SystemClock(),
        tokens_live_seconds=TOKENS_LIVE_SECONDS,
        retention_days=_RETENTION_DAYS,
    )
    pairs = []
    await _refreshes(refreshing, numbers, plan)
    for _ in range(plan.cleaning_pairs):
        calm, refused_calm = await _refreshes(refreshing, numbers, plan)
        before, began_at = cleanup.gone["sessions"], time.perf_counter()
        job = asyncio.create_task(cleanup.run())
        busy, refused_busy = await _refreshes(refreshing, numbers, plan)
        took = time.perf_counter() - began_at
        gone = cleanup.gone["sessions"] - before
        await _stop(job)
        pairs.append(CleaningPair(calm, busy, gone, took, (refused_calm, refused_busy)))
    return pairs


async def _refreshes(refreshing: Refreshing, numbers: Sequence[int], plan: Plan) -> tuple[list[float], int]:
    """Of each session once; how long they took and how many were refused."""
    refused = 0

    async def refresh(place: int) -> None:
        nonlocal refused
        try:
            await refreshing.refresh(numbers[place])
        except WatchwordError:
            refused += 1

    rate, seconds = plan.refreshes_per_second, plan.cleaning_seconds
    return await regularly(refresh, rate=rate, seconds=seconds), refused


async def _stop(job: asyncio.Task[object]) -> None:
    """Raises what the job failed with, if it did."""
    job.cancel()
    with suppress(asyncio.CancelledError):
        await job
