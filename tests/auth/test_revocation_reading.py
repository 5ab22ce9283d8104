"""How the feed is read: in time, once for all who wait, and with a database away."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.auth.feeds import HOUR, OTHER, SESSION, ListLog, caller
from watchword.auth.ports import Revocation
from watchword.auth.revocation import FRESH_SECONDS, POLL_SECONDS, RevocationFeed
from watchword.auth.sequence_gaps import MAX_MISSING, REMEMBERED_SECONDS
from watchword.errors import DatabaseUnavailable
from watchword.testing import FakeClock

SECOND = timedelta(seconds=1)


async def test_a_view_cut_off_for_long_is_read_as_a_whole(
    feed: RevocationFeed, log: ListLog, clock: FakeClock
) -> None:
    """After half a minute the last minute may not reach back far enough."""
    clock.advance(30)
    await feed.poll()
    clock.advance(31)
    await feed.poll()
    assert log.readings == ["unexpired", "since", "unexpired"]


async def test_a_commit_later_than_the_last_minute_is_still_seen(
    feed: RevocationFeed, log: ListLog, clock: FakeClock
) -> None:
    """A process stood still between writing and committing, longer than anything is read again; neither
    that nor a clock that lies behind hides what it wrote, while a token it concerns may live."""
    log.add("session", session_id=OTHER, sequence=7)
    await feed.poll()
    stuck = Revocation(6, "session", clock.now(), clock.now() + HOUR, SESSION)
    for _ in range(150):
        clock.advance(20)
        await feed.poll()
    log.entries.append(stuck)
    await feed.poll()
    assert feed.is_revoked(caller())


async def test_a_late_commit_that_is_announced_waits_for_no_second_look(
    feed: RevocationFeed, log: ListLog, clock: FakeClock
) -> None:
    """The last minute is read again once a second only; what was passed over at every reading."""
    log.add("session", session_id=OTHER, sequence=7)
    await feed.poll()
    clock.advance(0.01)
    log.entries.append(Revocation(6, "session", clock.now() - HOUR / 2, clock.now() + HOUR, SESSION))
    await feed.poll()
    assert feed.is_revoked(caller())


async def test_what_was_passed_over_is_asked_for_until_it_comes(
    feed: RevocationFeed, log: ListLog, clock: FakeClock
) -> None:
    """Or until no token is left that it could concern; a start asks for a few numbers below the first."""
    log.add("session", session_id=OTHER, sequence=500)
    await feed.poll()
    log.add("session", session_id=OTHER, sequence=503)
    await feed.poll()
    await feed.poll()
    assert log.missing == [*range(400, 500), 501, 502]
    log.add("session", session_id=OTHER, sequence=501)
    await feed.poll()
    await feed.poll()
    assert log.missing == [*range(400, 500), 502]
    clock.advance(20)
    for _ in range(round(REMEMBERED_SECONDS / 20)):
        await feed.poll()
        clock.advance(20)
    await feed.poll()
    assert log.missing == []


@pytest.mark.parametrize(("polled_every", "age", "within"), [(1, 0, 1), (1, 4, 1), (20, 15, 20), (1, 50, 15)])
async def test_numbers_that_are_given_twice_are_seen(
    feed: RevocationFeed, log: ListLog, clock: FakeClock, polled_every: int, age: int, within: int
) -> None:
    """A server that took over has forgotten the newest numbers: what it writes is below what was seen, and is
    found by its age; later by a clock that lies far behind, and however seldom anybody asks."""
    for _ in range(9):
        log.add("session", session_id=OTHER)
    await feed.poll()
    for _ in range(4):
        clock.advance(polled_every)
        await feed.poll()
    clock.advance(polled_every)
    created_at = clock.now() - timedelta(seconds=age)
    log.entries[5:] = [Revocation(6, "session", created_at, clock.now() + HOUR, SESSION)]
    waited = 0
    while not feed.is_revoked(caller()):
        await feed.poll()
        clock.advance(polled_every)
        waited += polled_every
        assert waited <= within


async def test_a_reading_that_failed_has_read_nothing_again(
    feed: RevocationFeed, log: ListLog, clock: FakeClock
) -> None:
    """While this process cannot reach it, a server that took over gives a number a second time: the first
    reading afterwards reaches back to the last one that had an answer."""
    for _ in range(9):
        log.add("session", session_id=OTHER)
    await feed.poll()
    clock.advance(1)
    await feed.poll()
    log.entries[5:] = [
        Revocation(6, "session", clock.now() + POLL_SECONDS * SECOND, clock.now() + HOUR, SESSION)
    ]
    log.away = True
    for _ in range(20):
        clock.advance(POLL_SECONDS)
        with pytest.raises(DatabaseUnavailable):
            await feed.poll()
    log.away = False
    clock.advance(POLL_SECONDS)
    await feed.poll()
    assert log.readings[-1] == "since"
    assert feed.is_revoked(caller())


async def test_what_was_read_again_is_not_read_again_for_ever(
    feed: RevocationFeed, log: ListLog, clock: FakeClock
) -> None:
    """An entry is read a few times in its first seconds and in its first minute, whatever is announced."""
    log.add("session", session_id=SESSION)
    for _ in range(900):
        await feed.poll()
        clock.advance(0.1)
    assert 7 <= log.told[1] <= 12


async def test_a_sequence_that_leaps_costs_no_memory(feed: RevocationFeed, log: ListLog) -> None:
    """Of numbers passed over by the million the newest are asked for."""
    log.add("session", session_id=OTHER, sequence=1)
    log.add("session", session_id=OTHER, sequence=10**9)
    await feed.poll()
    await feed.poll()
    assert log.missing == list(range(10**9 - MAX_MISSING, 10**9))


async def test_all_who_wait_share_one_reading(feed: RevocationFeed, log: ListLog) -> None:
    """A view too old costs one query, however many requests find it so."""
    log.readings.clear()
    log.answering.clear()
    waiting = [asyncio.create_task(feed.catch_up()) for _ in range(50)]
    await asyncio.sleep(0)
    log.answering.set()
    await asyncio.gather(*waiting)
    assert log.readings == ["since"]


async def test_one_who_leaves_takes_nobody_along(feed: RevocationFeed, log: ListLog) -> None:
    """A cancelled request does not cancel the reading others wait for."""
    log.add("session", session_id=SESSION)
    log.answering.clear()
    leaving, staying = (asyncio.create_task(feed.catch_up()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    log.answering.set()
    await staying
    assert feed.is_revoked(caller())


async def test_after_a_failure_nobody_asks_for_a_while(
    feed: RevocationFeed, log: ListLog, clock: FakeClock
) -> None:
    """A database that is away is not asked once a request; a second later it is asked again."""
    log.away = True
    clock.advance(FRESH_SECONDS)
    log.readings.clear()
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await feed.catch_up()
    assert len(log.readings) == 1
    log.away = False
    clock.advance(POLL_SECONDS)
    await feed.catch_up()
    assert feed.age_seconds == 0


async def test_a_database_that_hangs_holds_nobody_for_long(feed: RevocationFeed, log: ListLog) -> None:
    """Whoever waited in vain is told so, the next ones at once; the reading itself may still end."""
    log.answering.clear()
    log.readings.clear()
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await asyncio.wait_for(feed.catch_up(), 10)
    assert len(log.readings) == 1
    log.answering.set()
    await asyncio.sleep(0.01)
    await feed.catch_up()


class Bell:
    """``Announcements`` that a test rings."""

    def __init__(self) -> None:
        self.rung, self.awaited = asyncio.Event(), asyncio.Event()

    async def wait(self, *, timeout_seconds: float) -> None:
        self.awaited.set()
        await self.rung.wait()
        self.rung.clear()

    async def ring(self) -> None:
        """Returns when all that follows was done."""
        await self.awaited.wait()
        self.awaited.clear()
        self.rung.set()
        await self.awaited.wait()


async def test_following_reads_when_something_is_announced(
    log: ListLog, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """And tells the operator once that the database went away, and once that it is back."""
    bell = Bell()
    feed = RevocationFeed(log, clock, announcements=bell)
    follower = asyncio.create_task(feed.follow())

    log.add("session", session_id=SESSION)
    await bell.ring()
    assert feed.is_revoked(caller())
    log.away = True
    await bell.ring()
    await bell.ring()
    log.away = False
    await bell.ring()
    await bell.ring()
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "revocation feed: the database does not answer: away",
        "revocation feed: the database answers again",
    ]
    follower.cancel()
    with pytest.raises(asyncio.CancelledError):
        await follower


async def test_following_outlives_a_fault_nobody_foresaw(
    log: ListLog, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told without its message, which may hold anything, and the next reading is as good as ever."""
    bell = Bell()
    feed = RevocationFeed(log, clock, announcements=bell)
    follower = asyncio.create_task(feed.follow())
    log.away = KeyError("canary")
    await bell.ring()
    await bell.ring()
    log.away = False
    log.add("session", session_id=SESSION)
    await bell.ring()
    await bell.ring()
    assert feed.is_revoked(caller())
    assert caplog.records[0].getMessage() == "revocation feed: the database does not answer: KeyError"
    assert "canary" not in caplog.text
    follower.cancel()
    with pytest.raises(asyncio.CancelledError):
        await follower
