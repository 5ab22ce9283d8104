"""Ends every session there is: first for every replica, by one entry of the feed, then row by row.

From that entry on no replica takes an access token or a refresh token of them, however many rows are left
and whatever becomes of this process. The rows follow in small transactions that hold nobody up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from watchword.auth.account_ports import Act, Actor
from watchword.auth.ports import Clock
from watchword.auth.revoked import CLIENT_MARGIN_SECONDS
from watchword.protocol.uuid7 import RANDOM_BYTES, uuid7

_LAST: Final = b"\xff" * RANDOM_BYTES


@dataclass(frozen=True, slots=True)
class EndedBatch:
    """What one transaction ended. ``after`` is where the next one begins; None where nothing is left."""

    ended: int
    after: UUID | None


class AllSessionsStore(Protocol):
    """``batch_rows`` is how many sessions one transaction ends at most; ``pause_seconds`` is how long others
    are left alone after it, at least. Both methods are one transaction and raise DatabaseUnavailable."""

    batch_rows: int
    pause_seconds: float

    async def announce(self, last: UUID, *, opened_live: timedelta, act: Act) -> None:
        """Tell the feed, and the trail, that ``last`` and every session opened before it ended: for as long
        as there may be a token of one. ``opened_live`` is how long one that is being opened will last."""

    async def end_batch(self, last: UUID, *, after: UUID | None, act: Act) -> EndedBatch:
        """End the next sessions up to ``last``, in the order they were opened in, without a word to the
        feed."""


class AllSessions:
    """``by`` is who acts. A session's id says when it was opened, so that the next one is none of them."""

    def __init__(
        self,
        store: AllSessionsStore,
        clock: Clock,
        *,
        tokens_live_seconds: int,
        absolute_seconds: int,
        by: Actor,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tokens_live = timedelta(seconds=tokens_live_seconds)
        self._opened_live = timedelta(seconds=absolute_seconds)
        self._by = by
        self._sleep = sleep

    async def end(self, on_batch: Callable[[int], None] = lambda _: None) -> int:
        """How many ended. Sessions opened in the five seconds after the call end too, because clocks of
        replicas lie apart. ``on_batch`` hears how many ended so far.

        Raises DatabaseUnavailable: before ``on_batch`` was called for the first time nothing has happened,
        afterwards only rows are left, which count nowhere.
        """
        now = self._clock.now()
        act = Act(now, now + self._tokens_live, self._by)
        last = uuid7(int((now.timestamp() + CLIENT_MARGIN_SECONDS) * 1000), _LAST)
        await self._store.announce(last, opened_live=self._opened_live, act=act)
        ended, after = 0, None
        on_batch(ended)
        while True:
            began_at = self._clock.monotonic()
            batch = await self._store.end_batch(last, after=after, act=act)
            ended, after = ended + batch.ended, batch.after
            on_batch(ended)
            if after is None:
                return ended
            await self._sleep(max(self._store.pause_seconds, self._clock.monotonic() - began_at))
