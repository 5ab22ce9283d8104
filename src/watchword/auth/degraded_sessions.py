"""How many sessions outlive an outage of their provider."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from watchword.auth.ports import Clock
from watchword.auth.recent_count import RecentCount
from watchword.auth.session_count_ports import SessionCountStore

COUNT_AGAIN_SECONDS: Final = 10.0
"""However often it is asked for."""
MOST_COUNTED: Final = 10_000
"""Of one provider: in a long outage of a large service, a count of all would be a burden of its own."""
_LONGEST_WAIT_SECONDS: Final = 1.0


class DegradedSessions:
    """The count of degraded sessions for whoever asks, at most once in ten seconds a process."""

    def __init__(
        self,
        store: SessionCountStore,
        clock: Clock,
        provider_ids: Collection[str],
        *,
        longest_wait_seconds: float = _LONGEST_WAIT_SECONDS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._provider_ids = provider_ids
        self._recent = RecentCount(
            self._count,
            clock,
            again_seconds=COUNT_AGAIN_SECONDS,
            longest_wait_seconds=longest_wait_seconds,
        )

    async def counted(self) -> Mapping[str, int] | None:
        """Of every provider, as they were counted last; None while the database does not answer.

        Waits a second for a count under way at most, and takes what was known before.
        """
        return await self._recent.latest()

    async def _count(self) -> Mapping[str, int]:
        return await self._store.degraded(self._provider_ids, now=self._clock.now(), at_most=MOST_COUNTED)
