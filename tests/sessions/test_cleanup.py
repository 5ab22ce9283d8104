"""Promises of refreshes beside the cleanup: at every edge granted or ``invalid_grant``, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.contract.samples import rows
from tests.sessions.callers import PATIENT, Place, Post, post
from tests.sessions.parts import ABSOLUTE_SECONDS, START, TOKENS_LIVE
from watchword.auth.cleanup import Cleanup
from watchword.auth.grants import Grant
from watchword.errors import RefreshRefused, RefreshReplayed
from watchword.protocol.principal import Principal, Rejected
from watchword.storage import SqlDatabase, open_database
from watchword.storage.cleanup_statements import oldest_expired
from watchword.testing import FakeClock

WAIT_SECONDS = 20
MICROSECOND = timedelta(microseconds=1)
END = START + timedelta(seconds=ABSOLUTE_SECONDS)
EDGE = END + TOKENS_LIVE
"""What is older than this goes: at it the sessions that were opened at ``START`` still stay."""


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        yield await post(Place(database_url), stack)


@pytest.fixture
async def cleaner(database_url: str) -> AsyncIterator[SqlDatabase]:
    """Another process, which cleans up."""
    database = open_database(database_url, limits=PATIENT)
    yield database
    await database.close()


def cleaning(database: SqlDatabase, now: datetime) -> Cleanup:
    return Cleanup(
        database.cleanup,
        database.version_usage,
        FakeClock(now),
        tokens_live_seconds=int(TOKENS_LIVE.total_seconds()),
        retention_days=90,
    )


def at(here: Post, moment: datetime) -> None:
    here.replica.clock.advance((moment - here.replica.clock.now()).total_seconds())


async def rotated(here: Post) -> tuple[Grant, Grant, Grant]:
    """Three generations of a session, as old as the overlap is not."""
    first = await here.replica.open()
    second = await here.replica.manager.refresh(first.refresh_token)
    here.replica.clock.advance(20)
    third = await here.replica.manager.refresh(second.refresh_token)
    here.replica.clock.advance(20)
    return first, second, third


@pytest.mark.parametrize("moment", [END - MICROSECOND, END, EDGE - MICROSECOND, EDGE])
async def test_ses_07_a_replay_is_known_until_the_last_token_is_gone(
    here: Post, cleaner: SqlDatabase, moment: datetime
) -> None:
    """Whatever was cleaned up before it: an older token ends the session, past its ends too, and every
    access token of it."""
    grants = await rotated(here)
    at(here, moment)
    assert (await cleaning(cleaner, moment).run()).gone["sessions"] == 0
    with pytest.raises(RefreshReplayed):
        await here.replica.manager.refresh(grants[0].refresh_token)
    session = grants[0].session.session_id
    (ended,) = await rows(here.database, "SELECT revoked_reason FROM ww_sessions")
    assert ended.revoked_reason == "replay"
    assert here.replica.feed.is_revoked(_caller(grants[2])) is True
    assert await here.replica.manager.end(session, reason="logout") is False


def _caller(grant: Grant) -> Principal:
    session = grant.session
    return Principal(
        user_id=str(session.user_id),
        session_id=str(session.session_id),
        client_id=session.client_id,
        roles=frozenset(),
        scopes=frozenset(),
        issuer="i",
        subject="s",
    )


@pytest.mark.parametrize(("moment", "gone"), [(EDGE - MICROSECOND, 0), (EDGE, 0), (EDGE + MICROSECOND, 1)])
async def test_ses_07_every_token_of_a_session_that_went_is_refused(
    here: Post, cleaner: SqlDatabase, moment: datetime, gone: int
) -> None:
    """Around the edge, to the microsecond, the newest as well as older ones: refused, and never an error."""
    grants = await rotated(here)
    at(here, moment)
    assert (await cleaning(cleaner, moment).run()).gone["sessions"] == gone
    for grant in reversed(grants):
        with pytest.raises(RefreshRefused):
            await here.replica.manager.refresh(grant.refresh_token)
    session_id = grants[0].session.session_id
    assert await here.replica.manager.find(session_id) is None
    assert await here.replica.manager.end(session_id, reason="logout") is False
    owner = await here.replica.manager.owner(grants[2].refresh_token)
    assert owner == (None if gone else (session_id, "browser"))


async def test_ses_07_an_ended_session_refuses_before_and_after_its_row_went(
    here: Post, cleaner: SqlDatabase
) -> None:
    """Nobody can tell whether the row is still there; its access token is refused either way."""
    grants = await rotated(here)
    await here.replica.manager.end(grants[0].session.session_id, reason="logout")
    for moment in (here.replica.clock.now(), EDGE, EDGE + MICROSECOND):
        at(here, moment)
        await cleaning(cleaner, moment).run()
        for grant in grants:
            with pytest.raises(RefreshRefused) as refused:
                await here.replica.manager.refresh(grant.refresh_token)
            assert not isinstance(refused.value, RefreshReplayed)
        assert isinstance(await here.replica.identify(grants[2].access.text), Rejected)


# --- at the same moment -------------------------------------------------------------------------


@asynccontextmanager
async def under_way(
    database: SqlDatabase, work: Callable[[AsyncConnection], Awaitable[object]]
) -> AsyncIterator[AsyncConnection]:
    """A transaction of another process that has done its work and has not committed."""
    engine = database.engine.execution_options(watchword_writes=True)
    async with engine.connect() as connection:
        await work(connection)
        yield connection


WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'transactionid'"
)


async def somebody_waits(database: SqlDatabase) -> None:
    """Until PostgreSQL says that somebody waits for a row; SQLite cannot be asked, and the outcome is the
    same whoever is first there."""
    if database.engine.dialect.name == "sqlite":
        await asyncio.sleep(0.05)
        return
    for _ in range(2000):
        if (await rows(database, WAITING))[0][0]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("outcome", ["commit", "rollback"])
async def test_ses_07_a_refresh_that_waits_for_the_deletion_of_its_row(
    here: Post, cleaner: SqlDatabase, outcome: str
) -> None:
    """It is refused when the row went and granted when it stayed: clocks that differ make it so, and no
    caller sees an error of the database."""
    grant = await here.replica.open()
    ahead = oldest_expired("sessions", before=EDGE + TOKENS_LIVE, after=None, limit=10)
    async with under_way(cleaner, lambda connection: connection.execute(ahead)) as deleting:
        refreshing = asyncio.ensure_future(here.replica.manager.refresh(grant.refresh_token))
        await somebody_waits(here.database)
        assert not refreshing.done()
        await (deleting.commit() if outcome == "commit" else deleting.rollback())
        async with asyncio.timeout(WAIT_SECONDS):
            if outcome == "rollback":
                assert (await refreshing).session.generation == 2
            else:
                with pytest.raises(RefreshRefused, match="unknown session"):
                    await refreshing


@pytest.mark.postgres
async def test_ses_07_a_batch_does_not_wait_for_a_rotation(postgres_url: str) -> None:
    """A row that somebody holds is left for the next run; the others go at once."""
    async with AsyncExitStack() as stack:
        here, other = [await post(Place(postgres_url), stack) for _ in range(2)]
        held, free = await here.replica.open("alice"), await here.replica.open("bob")
        touch = text("UPDATE ww_sessions SET generation = generation + 1 WHERE id = :id")
        this = {"id": held.session.session_id}
        async with under_way(other.database, lambda connection: connection.execute(touch, this)) as rotating:
            cleaner = cleaning(here.database, EDGE + MICROSECOND)
            async with asyncio.timeout(WAIT_SECONDS):
                assert (await cleaner.run()).gone["sessions"] == 1
            assert await here.replica.manager.owner(free.refresh_token) is None
            await rotating.rollback()
        assert (await cleaner.run()).gone["sessions"] == 1
        assert await here.replica.manager.owner(held.refresh_token) is None


async def test_ses_07_refreshes_beside_the_cleanup_are_granted_or_refused(
    here: Post, cleaner: SqlDatabase
) -> None:
    """Everybody at once, the clock of the cleanup being ahead by far: no other answer, no row is left, and
    who was refused stays so."""
    grants = [await here.replica.open(f"person-{number}") for number in range(12)]
    cleaner.cleanup.batch_rows = 2
    ahead = cleaning(cleaner, EDGE + MICROSECOND)

    async def refreshing(token: str) -> str:
        for _ in range(3):
            try:
                token = (await here.replica.manager.refresh(token)).refresh_token
            except RefreshRefused:
                return "refused"
        return "granted"

    async with asyncio.timeout(WAIT_SECONDS):
        running = asyncio.create_task(ahead.run())
        answers = await asyncio.gather(*(refreshing(grant.refresh_token) for grant in grants))
        cleaned = await running
    assert set(answers) <= {"granted", "refused"}
    assert cleaned.finished
    await ahead.run()
    assert (await rows(cleaner, "SELECT count(*) FROM ww_sessions"))[0][0] == 0
    for grant in grants:
        with pytest.raises(RefreshRefused):
            await here.replica.manager.refresh(grant.refresh_token)
