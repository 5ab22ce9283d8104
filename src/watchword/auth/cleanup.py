"""Takes away what nobody needs any more: expired sessions, codes, single-use values, old records.

Never on the way of a request: a task of the app does it every few minutes, or an operator's command.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from watchword.auth.cleanup_ports import (
    CLEANED_TABLES,
    Batch,
    CleanedTable,
    CleanupStore,
    CleanupTarget,
    Cursor,
)
from watchword.auth.jitter import between
from watchword.auth.logs import tell
from watchword.auth.ports import Clock
from watchword.auth.version_ports import VersionUsageStore
from watchword.errors import DatabaseUnavailable
from watchword.protocol.retention import Edges, edges

FIRST_SECONDS: Final = 30.0
"""The first run is somewhere in the last four fifths of them, or of a shorter interval, so that replicas
that start together do not begin together."""
JITTER_SHARE: Final = 0.1
CALLERS_SECONDS: Final = 3600.0
"""Callers of versions are few and found by reading them all: how often a task of the app does that."""
GRANTS_AT_ONCE: Final = 1000
"""Grants that a task of the app looks at in one run: those of a session go with it, and none should be
left without one."""
STEP_DOWN_SECONDS: Final = 1.0
"""A process that stops does not wait for longer to say so; others then wait for its lease to end."""
_FEWEST_ROWS: Final = 10


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Rows that went, by table, and whether nothing was left to another process."""

    gone: Mapping[CleanedTable, int]
    finished: bool


class Cleanup:
    """Runs over all tables, a batch and a pause at a time, at most half of the time at work.

    ``gone`` are all rows that this process took away. Whoever finds another process at it leaves it the
    rest. ``interval_seconds`` is for ``follow``; 0: never.
    """

    def __init__(
        self,
        store: CleanupStore,
        callers: VersionUsageStore,
        clock: Clock,
        *,
        tokens_live_seconds: int,
        retention_days: int,
        interval_seconds: float = 0,
        draw: Callable[[float, float], float] = between,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._callers = callers
        self._clock = clock
        self._tokens_live_seconds = tokens_live_seconds
        self._retention_days = retention_days
        self._interval_seconds = interval_seconds
        self._draw = draw
        self._sleep = sleep
        self._rows = store.batch_rows
        self._first = 0
        self._next_grant: Cursor | None = None
        self._callers_again_at = clock.monotonic()
        self._away = False
        self._named: set[CleanupTarget] = set()
        self._ran_at: float | None = None
        self.gone: Counter[CleanedTable] = Counter(dict.fromkeys(CLEANED_TABLES, 0))

    @property
    def age_seconds(self) -> float | None:
        """How long ago the last run ended without a fault; None before it."""
        return None if self._ran_at is None else self._clock.monotonic() - self._ran_at

    async def follow(self) -> None:
        """Run for ever, the first time soon, whatever fails; one log line when runs begin to fail and one
        when they work again. Returns at once where the interval is 0."""
        if self._interval_seconds == 0:
            return
        first = min(FIRST_SECONDS, self._interval_seconds)
        await self._sleep(self._draw(first / 5, first))
        while True:
            try:
                cleaned = await self.run()
            except Exception as error:
                self._tell(error)
            else:
                self._tell(None)
                _log(cleaned)
            await self._sleep(self._interval_seconds * (1 + self._draw(-JITTER_SHARE, JITTER_SHARE)))

    async def run(
        self, *, whole: bool = False, on_batch: Callable[[Mapping[CleanedTable, int]], None] | None = None
    ) -> Cleaned:
        """Once over all tables. ``whole``: also over those that ``follow`` looks at in parts. ``on_batch``
        hears the rows that went so far after each. Raises DatabaseUnavailable; what went is gone then."""
        run = _Run(on_batch or (lambda _: None))
        at = edges(
            self._clock.now(),
            tokens_live_seconds=self._tokens_live_seconds,
            retention_days=self._retention_days,
        )
        try:
            finished = await self._tables(run, at, whole=whole)
        finally:
            with suppress(DatabaseUnavailable, TimeoutError):
                async with asyncio.timeout(STEP_DOWN_SECONDS):
                    await self._store.step_down()
        self._ran_at = self._clock.monotonic()
        return Cleaned(dict(run.gone), finished)

    async def _tables(self, run: _Run, at: Edges, *, whole: bool) -> bool:
        """False where another process is at it. Sessions first: codes go after the session they opened. After
        a fault the next run begins with the table that follows, so that one that cannot be cleaned up keeps
        no other from it."""
        for number in (*range(self._first, len(CLEANED_TABLES)), *range(self._first)):
            try:
                if not await self._table(run, CLEANED_TABLES[number], at, whole=whole):
                    return False
            except Exception:
                self._first = (number + 1) % len(CLEANED_TABLES)
                raise
        self._first = 0
        return True

    async def _table(self, run: _Run, table: CleanedTable, at: Edges, *, whole: bool) -> bool:
        match table:
            case "sessions":
                return await self._expired(run, table, at.absolute_ends_at)
            case "authorization_codes" | "single_use" | "revocations":
                return await self._expired(run, table, at.expires_at)
            case "audit_events":
                return await self._expired(run, table, at.recorded_at)
            case "provider_grants":
                return await self._grants(run, at, whole=whole)
            case "version_usage":
                return await self._forget_callers(run, at, whole=whole)

    async def _expired(self, run: _Run, target: CleanupTarget, edge: datetime) -> bool:
        after: Cursor | None = None
        while True:
            batch = await self._batch(run, target, edge, after)
            if batch is None:
                return False
            if batch.after is None:
                return True
            after = batch.after

    async def _grants(self, run: _Run, at: Edges, *, whole: bool) -> bool:
        after, looked_at = None if whole else self._next_grant, 0
        while whole or looked_at < GRANTS_AT_ONCE:
            looked_at += self._rows
            batch = await self._batch(run, "provider_grants", at.absolute_ends_at, after)
            if batch is None:
                return False
            after = batch.after
            if after is None:
                break
        self._next_grant = after
        return True

    async def _batch(
        self, run: _Run, target: CleanupTarget, before: datetime, after: Cursor | None
    ) -> Batch | None:
        """One batch, and the pause after it where there is more. The next is smaller after one that could
        not be done in time."""
        began_at = self._clock.monotonic()
        try:
            batch = await self._store.take_away(
                target, before=before, after=after, limit=self._rows, now=self._clock.now()
            )
        except DatabaseUnavailable:
            self._rows = max(_FEWEST_ROWS, self._rows // 2)
            raise
        self._rows = min(self._store.batch_rows, self._rows * 2)
        if batch is not None:
            self._count(run, batch.gone)
            self._name(target, batch.kept_by)
            if batch.after is not None:
                await self._pause(began_at)
        return batch

    async def _forget_callers(self, run: _Run, at: Edges, *, whole: bool) -> bool:
        if not whole and self._clock.monotonic() < self._callers_again_at:
            return True
        while True:
            began_at, limit = self._clock.monotonic(), self._store.batch_rows
            forgotten = await self._callers.forget(unseen_since=at.recorded_at, limit=limit)
            self._count(run, {"version_usage": forgotten})
            if forgotten < limit:
                break
            await self._pause(began_at)
        self._callers_again_at = self._clock.monotonic() + CALLERS_SECONDS
        return True

    def _count(self, run: _Run, gone: Mapping[CleanedTable, int]) -> None:
        self.gone.update(gone)
        run.count(gone)

    async def _pause(self, began_at: float) -> None:
        """As long as the batch took, so that others have the database at least half of the time."""
        await self._sleep(max(self._store.pause_seconds, self._clock.monotonic() - began_at))

    def _name(self, target: CleanupTarget, kept_by: str | None) -> None:
        """Once a table: rows that the database does not let go, while all others do."""
        if kept_by is not None and target not in self._named:
            self._named.add(target)
            message = "cleanup: some rows of %s cannot be deleted and stay: %s"
            tell("cleanup_stuck", message, target, kept_by, table=target, cause=kept_by)

    def _tell(self, error: Exception | None) -> None:
        if error is not None and not self._away:
            tell("cleanup_away", "cleanup: it cannot be done, expired rows stay: %s", error=error)
        elif error is None and self._away:
            tell("cleanup_back", "cleanup: it can be done again")
        self._away = error is not None


class _Run:
    """What one run took away."""

    def __init__(self, on_batch: Callable[[Mapping[CleanedTable, int]], None]) -> None:
        self.gone: Counter[CleanedTable] = Counter(dict.fromkeys(CLEANED_TABLES, 0))
        self._on_batch = on_batch

    def count(self, gone: Mapping[CleanedTable, int]) -> None:
        self.gone.update(gone)
        self._on_batch(self.gone)


def _log(cleaned: Cleaned) -> None:
    told = ", ".join(f"{table} {rows}" for table, rows in cleaned.gone.items() if rows)
    if told:
        tell("cleanup_done", "cleanup: rows that went: %s", told)
