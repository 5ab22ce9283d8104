"""Promises of the task that takes expired rows away: bounded, paced, quiet, and left to others."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from watchword.auth import cleanup
from watchword.auth.cleanup import Cleaned, Cleanup
from watchword.auth.cleanup_ports import CLEANED_TABLES, Batch, CleanedTable, CleanupTarget, Cursor
from watchword.auth.revocation import _READ_AGAIN
from watchword.auth.version_ports import VersionCalls, VersionReport
from watchword.errors import DatabaseUnavailable
from watchword.protocol.retention import EXPIRED_SECONDS
from watchword.testing import FakeClock

Asked = tuple[CleanupTarget, datetime, Cursor | None, int]
AWAY = DatabaseUnavailable("the database is away")


class ListStore:
    """``CleanupStore`` over numbers of rows, which can fail, be at work elsewhere, and counts."""

    batch_rows = 40
    pause_seconds = 0.0

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.rows: Counter[CleanupTarget] = Counter()
        self.asked: list[Asked] = []
        self.faults: list[Exception | None] = []
        self.takes_seconds: list[float] = []
        self.elsewhere_after: int | None = None
        self.kept_by: str | None = None
        self.stepped_down = 0
        self.answering = asyncio.Event()
        self.answering.set()
        self.waiting = asyncio.Event()

    async def take_away(
        self, target: CleanupTarget, *, before: datetime, after: Cursor | None, limit: int, now: datetime
    ) -> Batch | None:
        self.asked.append((target, before, after, limit))
        self.waiting.set()
        self.clock.advance(self.takes_seconds.pop(0) if self.takes_seconds else 0)
        await self.answering.wait()
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        if self.elsewhere_after is not None and len(self.asked) > self.elsewhere_after:
            return None
        gone = min(self.rows[target], limit)
        self.rows[target] -= gone
        place: Cursor = UUID(int=self.rows[target]) if target == "provider_grants" else before
        return Batch({target: gone}, place if gone == limit else None, self.kept_by)

    async def step_down(self) -> None:
        self.stepped_down += 1


class Callers:
    """``VersionUsageStore`` of which only the forgetting is asked."""

    def __init__(self) -> None:
        self.old = 0
        self.forgotten_before: list[datetime] = []

    async def forget(self, *, unseen_since: datetime, limit: int) -> int:
        self.forgotten_before.append(unseen_since)
        gone = min(self.old, limit)
        self.old -= gone
        return gone

    async def add(self, calls: Sequence[VersionCalls]) -> None:
        raise AssertionError("nobody called")

    async def report(self, **_: Any) -> Sequence[VersionReport]:
        raise AssertionError("nobody asked")


class Naps:
    """Sleeps that take no time, of which the last never ends."""

    def __init__(self, last: int = 1000) -> None:
        self.taken: list[float] = []
        self.last = last
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)
        if len(self.taken) == self.last:
            self.over.set()
            await asyncio.Event().wait()


@pytest.fixture
def store(clock: FakeClock) -> ListStore:
    return ListStore(clock)


@pytest.fixture
def callers() -> Callers:
    return Callers()


def cleaning(store: ListStore, callers: Callers, **changes: Any) -> Cleanup:
    given: dict[str, Any] = {"tokens_live_seconds": 3660, "retention_days": 90} | changes
    return Cleanup(store, callers, store.clock, **given)


def gone(**rows: int) -> dict[CleanedTable, int]:
    return {**dict.fromkeys(CLEANED_TABLES, 0), **rows}  # type: ignore[dict-item]


async def test_a_run_is_over_every_table_at_its_edge(
    store: ListStore, callers: Callers, clock: FakeClock
) -> None:
    """Sessions before the codes that they opened; one question a table where nothing is left."""
    assert await cleaning(store, callers).run() == Cleaned(gone(), finished=True)
    now = clock.now()
    tokens, expired, recorded = timedelta(seconds=3660), timedelta(minutes=2), timedelta(days=90)
    assert store.asked == [
        ("sessions", now - tokens, None, 40),
        ("authorization_codes", now - expired, None, 40),
        ("single_use", now - expired, None, 40),
        ("revocations", now - expired, None, 40),
        ("audit_events", now - recorded, None, 40),
        ("provider_grants", now - tokens, None, 40),
    ]
    assert callers.forgotten_before == [now - recorded]
    assert store.stepped_down == 1


async def test_it_is_known_when_the_last_run_ended_well(
    store: ListStore, callers: Callers, clock: FakeClock
) -> None:
    """A fault leaves it as it was; what is left to another process counts as well."""
    cleaner = cleaning(store, callers)
    before = cleaner.age_seconds
    await cleaner.run()
    clock.advance(7)
    store.faults = [AWAY]
    with pytest.raises(DatabaseUnavailable):
        await cleaner.run()
    assert (before, cleaner.age_seconds) == (None, 7)
    store.elsewhere_after = 0
    await cleaner.run()
    assert cleaner.age_seconds == 0


def test_an_entry_of_the_feed_outlives_its_last_reading() -> None:
    """Whoever reads by sequence has read within half a minute, and looks at the last one again."""
    assert timedelta(seconds=EXPIRED_SECONDS) >= 2 * _READ_AGAIN


async def test_batches_go_on_from_where_the_last_one_was(store: ListStore, callers: Callers) -> None:
    """Until one is not full; what went is told after each and counted for good."""
    store.rows.update(sessions=100, audit_events=40)
    callers.old = 41
    cleaner, told = cleaning(store, callers), list[Mapping[CleanedTable, int]]()
    done = await cleaner.run(on_batch=lambda rows: told.append(dict(rows)))
    assert done == Cleaned(gone(sessions=100, audit_events=40, version_usage=41), finished=True)
    sessions = [(after, limit) for target, _, after, limit in store.asked if target == "sessions"]
    edge = store.asked[0][1]
    assert sessions == [(None, 40), (edge, 40), (edge, 40)]
    assert [each["sessions"] for each in told][:3] == [40, 80, 100]
    await cleaner.run()
    assert cleaner.gone == gone(sessions=100, audit_events=40, version_usage=41)


async def test_whoever_finds_another_at_it_leaves_it_the_rest(store: ListStore, callers: Callers) -> None:
    """What went so far is told; nothing else is touched."""
    store.rows.update(sessions=100)
    store.elsewhere_after = 1
    assert await cleaning(store, callers).run() == Cleaned(gone(sessions=40), finished=False)
    assert len(store.asked) == 2
    assert (store.stepped_down, callers.forgotten_before) == (1, [])
    store.elsewhere_after = len(store.asked) + 5
    assert not (await cleaning(store, callers).run()).finished


async def test_grants_are_walked_through_in_parts(store: ListStore, callers: Callers) -> None:
    """The task looks at a thousand a run and begins again after the last; a command looks at all."""
    store.rows.update(provider_grants=2500)
    cleaner = cleaning(store, callers)
    walked = []
    for _ in range(3):
        before = store.rows["provider_grants"]
        await cleaner.run()
        walked.append(before - store.rows["provider_grants"])
    assert walked == [1000, 1000, 500]
    starts = [after for target, _, after, _ in store.asked if target == "provider_grants"]
    assert [each for each in starts if each is None] == [None]
    await cleaner.run()
    assert store.asked[-1][2] is None
    store.rows.update(provider_grants=2500)
    assert (await cleaner.run(whole=True)).gone["provider_grants"] == 2500


async def test_callers_of_versions_are_looked_at_once_an_hour(
    store: ListStore, callers: Callers, clock: FakeClock
) -> None:
    """By the task; by a command whenever it runs."""
    cleaner = cleaning(store, callers)
    for seconds, asked in ((0, 1), (0, 1), (3599, 1), (1, 2)):
        clock.advance(seconds)
        await cleaner.run()
        assert len(callers.forgotten_before) == asked
    await cleaner.run(whole=True)
    assert len(callers.forgotten_before) == 3


async def test_a_batch_that_is_too_large_for_its_deadline_is_halved(
    store: ListStore, callers: Callers
) -> None:
    """Down to ten rows, and back up with every batch that can be done."""
    cleaner = cleaning(store, callers)
    for limit in (40, 20, 10, 10):
        store.faults = [AWAY]
        with pytest.raises(DatabaseUnavailable):
            await cleaner.run()
        assert store.asked[-1][3] == limit
    assert store.stepped_down == 4
    store.asked.clear()
    await cleaner.run()
    assert [limit for *_, limit in store.asked] == [10, 20, 40, 40, 40, 40]


async def test_a_table_that_cannot_be_cleaned_up_keeps_no_other_from_it(
    store: ListStore, callers: Callers
) -> None:
    """One row that the database will not let go of costs the others one run: from then on they go first."""

    class Poisoned(ListStore):
        async def take_away(self, target: CleanupTarget, **asked: Any) -> Batch | None:
            batch = await super().take_away(target, **asked)
            if target == "single_use":
                raise AWAY
            return batch

    poisoned = Poisoned(store.clock)
    cleaner = cleaning(poisoned, callers)
    for _ in range(3):
        poisoned.rows.update(sessions=1, audit_events=1, provider_grants=1)
        callers.old = 1
        with pytest.raises(DatabaseUnavailable):
            await cleaner.run(whole=True)
    kept = {target: rows for target, rows in poisoned.rows.items() if rows}
    assert (kept, callers.old) == ({}, 0)
    assert cleaner.age_seconds is None


async def test_a_pause_is_as_long_as_the_batch_was(store: ListStore, callers: Callers) -> None:
    """And never shorter than the store asks for; none after the last."""
    naps = Naps()
    store.pause_seconds, store.takes_seconds = 0.125, [0.0625, 0.25, 0.5]
    store.rows.update(sessions=80)
    await cleaning(store, callers, sleep=naps.sleep).run()
    assert naps.taken == [0.125, 0.25]


# --- the task -----------------------------------------------------------------------------------


async def test_interval_0_never_runs(store: ListStore, callers: Callers) -> None:
    """The task is over before it has asked anything."""
    await asyncio.wait_for(cleaning(store, callers, interval_seconds=0).follow(), 10)
    assert store.asked == []


async def followed(store: ListStore, callers: Callers, naps: Naps, **changes: Any) -> None:
    """The task until it goes to its last sleep."""
    cleaner = cleaning(store, callers, sleep=naps.sleep, **{"interval_seconds": 300} | changes)
    following = asyncio.create_task(cleaner.follow())
    await asyncio.wait_for(naps.over.wait(), 10)
    following.cancel()
    await asyncio.wait({following})
    assert following.cancelled()


@pytest.mark.parametrize(("interval", "first"), [(300, (6.0, 30.0)), (10, (2.0, 10.0)), (1, (0.2, 1.0))])
async def test_the_first_run_is_soon_and_not_at_once(
    store: ListStore, callers: Callers, interval: int, first: tuple[float, float]
) -> None:
    """Drawn, so that replicas that start together do not begin together; so is every pause later."""
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    naps = Naps(last=2)
    await followed(store, callers, naps, interval_seconds=interval, draw=draw)
    assert drawn == [first, (-cleanup.JITTER_SHARE, cleanup.JITTER_SHARE)]
    assert naps.taken == [first[1], interval * (1 + cleanup.JITTER_SHARE)]
    assert len(store.asked) == 6


async def test_an_outage_is_told_once_and_so_is_its_end(
    store: ListStore, callers: Callers, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever fails, the task goes on; without rows that went there is nothing more to say."""
    store.faults = [AWAY, AWAY, RuntimeError("secret"), None]
    with caplog.at_level(logging.INFO, "watchword"):
        await followed(store, callers, Naps(last=6))
    assert [record.getMessage() for record in caplog.records] == [
        "cleanup: it cannot be done, expired rows stay: the database is away",
        "cleanup: it can be done again",
    ]


async def test_rows_that_went_are_told(
    store: ListStore, callers: Callers, caplog: pytest.LogCaptureFixture
) -> None:
    """One line a run that took any, without those tables that lost none."""
    store.rows.update(sessions=50, single_use=3)
    with caplog.at_level(logging.INFO, "watchword"):
        await followed(store, callers, Naps(last=4))
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "cleanup: rows that went: sessions 50, single_use 3"


async def test_rows_that_cannot_go_are_told_once_a_table(
    store: ListStore, callers: Callers, caplog: pytest.LogCaptureFixture
) -> None:
    """However many batches and runs meet them; all else is cleaned up."""
    store.kept_by = "orders refers to it"
    store.rows.update(sessions=100)
    cleanup = cleaning(store, callers)
    for _ in range(2):
        assert (await cleanup.run()).finished
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 6
    assert told[0] == "cleanup: some rows of sessions cannot be deleted and stay: orders refers to it"


async def test_stopping_in_mid_batch_steps_down(store: ListStore, callers: Callers) -> None:
    """Another process need not wait for the lease of one that was shut down."""
    store.answering.clear()
    running = asyncio.create_task(cleaning(store, callers).run())
    await store.waiting.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert store.stepped_down == 1


async def test_a_lease_that_cannot_be_given_back_runs_out(store: ListStore, callers: Callers) -> None:
    """The run is what it was; the fault that ended it is the one that is told."""

    class Stuck(ListStore):
        async def step_down(self) -> None:
            raise DatabaseUnavailable("away when stepping down")

    stuck = Stuck(store.clock)
    assert (await cleaning(stuck, callers).run()).finished
    stuck.faults = [AWAY]
    with pytest.raises(DatabaseUnavailable, match="database is away"):
        await cleaning(stuck, callers).run()
