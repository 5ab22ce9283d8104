"""Promises of ending every session: one entry for all, rows in batches, nothing of who comes later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.contract.accounts import ACT, fed, listed, trail
from tests.contract.samples import ABSOLUTE, NOW, opened, rows, session_id
from watchword.auth.all_sessions import AllSessions
from watchword.auth.ports import AND_EARLIER
from watchword.errors import DatabaseUnavailable
from watchword.storage import SqlDatabase, open_database
from watchword.storage.all_sessions import SqlAllSessions
from watchword.testing import FakeClock

TOKENS_LIVE = timedelta(hours=1)
LAST = session_id(4)


async def test_every_session_up_to_one_ends_in_batches(database: SqlDatabase) -> None:
    """In their order; those that ran idle too, as their access tokens may live on; the next one goes on. The
    feed has one entry that outlives every token of theirs, the trail one event and one for each session."""
    for number in range(1, 6):
        await opened(database, number)
    await opened(database, 0, idle_ends_at=NOW)
    store = SqlAllSessions(database.transactions)
    store.batch_rows = 2
    await store.announce(LAST, opened_live=timedelta(0), act=ACT)
    after: UUID | None = None
    counts: list[int] = []
    while not counts or after is not None:
        batch = await store.end_batch(LAST, after=after, act=ACT)
        after = batch.after
        counts.append(batch.ended)
    assert counts == [2, 2, 1]
    assert await listed(database) == [session_id(5)]
    assert await fed(database) == {("session", LAST, None)}
    (entry,) = await database.revocations.unexpired(now=NOW)
    assert (entry.value, entry.expires_at) == (AND_EARLIER, NOW + ABSOLUTE + TOKENS_LIVE)
    assert await trail(database, "all_sessions_revoked") == [{"by": "cli", "up_to": str(LAST)}]
    assert await trail(database, "session_ended") == [{"reason": "revoked", "by": "cli"}] * 5


async def test_the_entry_outlives_sessions_that_are_being_opened(database: SqlDatabase) -> None:
    """Also where there is none yet."""
    store = SqlAllSessions(database.transactions)
    await store.announce(LAST, opened_live=ABSOLUTE, act=ACT)
    (entry,) = await database.revocations.unexpired(now=NOW)
    assert entry.expires_at == ACT.now + ABSOLUTE + TOKENS_LIVE
    assert await store.end_batch(LAST, after=None, act=ACT) == (
        await store.end_batch(LAST, after=None, act=ACT)
    )


async def test_a_provider_is_not_asked_about_a_session_that_ended_so(database: SqlDatabase) -> None:
    """Its tokens go with it."""
    await opened(database, 1)
    clock = FakeClock(NOW + timedelta(minutes=1))
    paused: list[float] = []
    store = SqlAllSessions(database.transactions)
    store.batch_rows = 1

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    told: list[int] = []
    every = AllSessions(
        store, clock, tokens_live_seconds=3600, absolute_seconds=86_400, by="cli", sleep=pause
    )
    assert await every.end(told.append) == 1
    assert told == [0, 1, 1]
    assert paused == [store.pause_seconds]
    assert await rows(database, "SELECT id FROM ww_sessions WHERE revoked_at IS NULL") == []
    assert await every.end() == 0


@pytest.mark.postgres
async def test_a_clock_that_is_far_ahead_signs_nobody_out(postgres_url: str) -> None:
    """PostgreSQL's is asked: whoever signs in afterwards would be refused until then. A clock that is behind
    ends what it knows of."""
    database = open_database(postgres_url)
    now = datetime.now(UTC)
    ahead, behind = FakeClock(now + timedelta(minutes=10)), FakeClock(now - timedelta(minutes=10))
    with pytest.raises(DatabaseUnavailable, match="no session was ended: the clock here is"):
        await SqlAllSessions(database.transactions, ahead).announce(LAST, opened_live=ABSOLUTE, act=ACT)
    assert await fed(database) == set()
    await SqlAllSessions(database.transactions, behind).announce(LAST, opened_live=ABSOLUTE, act=ACT)
    assert await fed(database) == {("session", LAST, None)}
    await database.close()
