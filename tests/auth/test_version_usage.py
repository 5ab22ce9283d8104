"""Promises of writing calls of versions down: behind the requests, whole, and told when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from tests.auth.feeds import caller
from watchword.auth.version_ports import VersionCalls, VersionReport
from watchword.auth.version_usage import BATCH, VersionUsage
from watchword.errors import AuthenticationRequired, Contended, DatabaseUnavailable
from watchword.protocol.principal import Anonymous, Rejected
from watchword.testing import FakeClock

USER = "019e0000-0000-7000-8000-0000000000aa"
ANYBODY = Anonymous()


class ListStore:
    """``VersionUsageStore`` over a list, which can fail, hang, and counts what it is asked."""

    def __init__(self) -> None:
        self.kept: list[VersionCalls] = []
        self.batches: list[int] = []
        self.failing: list[Exception | None] = []
        self.answering = asyncio.Event()
        self.answering.set()
        self.asked = asyncio.Event()

    async def add(self, calls: Sequence[VersionCalls]) -> None:
        self.asked.set()
        await self.answering.wait()
        fault = self.failing.pop(0) if self.failing else None
        if fault is not None:
            raise fault
        self.batches.append(len(calls))
        self.kept.extend(calls)

    async def forget(self, *, unseen_since: datetime, limit: int) -> int:
        return 0

    async def report(self, **_: Any) -> Sequence[VersionReport]:
        return []

    @property
    def calls(self) -> int:
        return sum(each.calls for each in self.kept)


@pytest.fixture
def store() -> ListStore:
    return ListStore()


@pytest.fixture
def usage(store: ListStore, clock: FakeClock) -> VersionUsage:
    return VersionUsage(store, clock)


def note(usage: VersionUsage, network: str = "192.0.2.0", *, times: int = 1, **changes: Any) -> None:
    given: dict[str, Any] = {"identity": ANYBODY, "network": network, "would_refuse": None} | changes
    for _ in range(times):
        usage.note("v1", **given)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


async def test_who_called_is_written_as_what_they_are(usage: VersionUsage, store: ListStore) -> None:
    """A person by account and client, a machine by client, all others by network; a refused
    credential names nobody, and whoever is named leaves no address."""
    note(usage, identity=caller(user_id=USER))
    note(usage, identity=caller(user_id=None, client_id="batch"), would_refuse="scope_missing")
    note(usage, identity=Rejected(AuthenticationRequired("expired")), would_refuse="token_expired")
    note(usage)
    assert await usage.flush()
    assert [(str(each.user_id), each.client_id, each.network) for each in store.kept] == [
        (USER, "browser", None),
        ("None", "batch", None),
        ("None", None, "192.0.2.0"),
    ]
    assert [(each.calls, each.would_refuse, each.last_refusal) for each in store.kept] == [
        (1, 0, None),
        (1, 1, "scope_missing"),
        (2, 1, "token_expired"),
    ]


async def test_counting_asks_nothing_of_the_database(usage: VersionUsage, store: ListStore) -> None:
    """A thousand calls are one row, and that only when it is time."""
    note(usage, times=1000)
    await asyncio.sleep(0)
    assert store.batches == []
    await usage.flush()
    assert (store.batches, store.calls) == ([1], 1000)
    await usage.flush()
    assert store.batches == [1], "nothing new, nothing written"


async def test_many_callers_are_written_in_parts(usage: VersionUsage, store: ListStore) -> None:
    """No transaction is so long that others have to wait for it."""
    for number in range(BATCH + 1):
        note(usage, str(number))
    await usage.flush()
    assert store.batches == [BATCH, 1]


@pytest.mark.parametrize("fault", [DatabaseUnavailable("away"), Contended("busy"), ValueError("odd")])
async def test_what_cannot_be_written_is_kept_and_counts_go_on(
    usage: VersionUsage, store: ListStore, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    """The operator reads one line when it begins and one when it is over; nothing is lost and nothing
    counted twice."""
    store.failing = [fault, fault]
    note(usage, times=3)
    assert not await usage.flush()
    note(usage, times=4)
    assert not await usage.flush()
    assert await usage.flush()
    assert store.calls == 7
    assert len(store.kept) == 1
    began, ended = told(caplog)
    assert began.startswith("version usage: kept in memory, the database does not take it: ")
    assert "odd" not in began
    assert ended == "version usage: the database takes it again"


async def test_what_was_written_before_a_failure_is_not_written_again(
    usage: VersionUsage, store: ListStore
) -> None:
    """Each part is kept or not by itself."""
    for number in range(2 * BATCH):
        note(usage, str(number))
    store.failing = [None, DatabaseUnavailable("away")]
    assert not await usage.flush()
    assert store.batches == [BATCH]
    assert await usage.flush()
    assert (store.batches, store.calls) == ([BATCH, BATCH], 2 * BATCH)


async def test_calls_during_a_writing_go_to_the_next(usage: VersionUsage, store: ListStore) -> None:
    """And all who ask for a writing meanwhile share the one under way."""
    note(usage)
    store.answering.clear()
    flushing = [asyncio.ensure_future(usage.flush()) for _ in range(3)]
    await store.asked.wait()
    note(usage, times=5)
    store.answering.set()
    assert await asyncio.gather(*flushing) == [True] * 3
    assert store.calls == 1
    await usage.flush()
    assert store.calls == 6


async def test_who_leaves_does_not_end_the_writing(usage: VersionUsage, store: ListStore) -> None:
    """The task that follows may be cancelled at any moment."""
    note(usage)
    store.answering.clear()
    leaving = asyncio.ensure_future(usage.flush())
    await store.asked.wait()
    leaving.cancel()
    await asyncio.wait({leaving})
    store.answering.set()
    await usage.close()
    assert store.calls == 1


async def test_following_writes_for_ever(store: ListStore, clock: FakeClock) -> None:
    """Again and again, also after a failure."""
    usage = VersionUsage(store, clock, flush_seconds=0.001)
    follower = asyncio.create_task(usage.follow())
    store.failing = [DatabaseUnavailable("away")]
    for _ in range(3):
        note(usage)
        store.asked.clear()
        await asyncio.wait_for(store.asked.wait(), 10)
    follower.cancel()
    await asyncio.wait({follower})
    await usage.close()
    assert store.calls == 3


async def test_where_nobody_follows_a_call_plans_the_writing(store: ListStore, clock: FakeClock) -> None:
    """One for all calls of the interval, after it; also when none comes after them."""
    usage = VersionUsage(store, clock, flush_seconds=0.02)
    for _ in range(2):
        store.asked.clear()
        note(usage, times=10)
        assert not store.asked.is_set()
        await asyncio.wait_for(store.asked.wait(), 10)
        clock.advance(0.02)
    await usage.close()
    assert store.batches == [1, 1]
    assert store.calls == 20


async def test_a_thread_counts_and_leaves_the_planning_to_others(store: ListStore, clock: FakeClock) -> None:
    """There is no loop to plan in; the next call in one does it."""
    usage = VersionUsage(store, clock, flush_seconds=0.001)
    await asyncio.to_thread(note, usage)
    await asyncio.sleep(0.01)
    assert store.calls == 0
    note(usage)
    await asyncio.wait_for(store.asked.wait(), 10)
    await usage.close()
    assert store.calls == 2


async def test_stopping_writes_the_rest(usage: VersionUsage, store: ListStore) -> None:
    """What was counted since the last time, also behind a writing under way; then nothing is planned."""
    note(usage, times=2)
    store.answering.clear()
    writing = asyncio.ensure_future(usage.flush())
    await store.asked.wait()
    note(usage, times=3)
    closing = asyncio.ensure_future(usage.close())
    await asyncio.sleep(0)
    store.answering.set()
    await closing
    assert await writing
    assert store.calls == 5


async def test_stopping_without_calls_asks_nothing(usage: VersionUsage, store: ListStore) -> None:
    """A service without versions, or a check of the settings, leaves the database alone."""
    await usage.close()
    assert not store.asked.is_set()


@pytest.mark.parametrize("how", ["hangs", "is away"])
async def test_stopping_does_not_wait_for_ever(
    usage: VersionUsage, store: ListStore, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    """What is lost then is told, with its number."""
    note(usage, times=7)
    if how == "hangs":
        store.answering.clear()
    else:
        store.failing = [DatabaseUnavailable("away")]
    await asyncio.wait_for(usage.close(deadline_seconds=0.01), 10)
    assert told(caplog)[-1] == "version usage: 7 calls could not be written down before the end"
