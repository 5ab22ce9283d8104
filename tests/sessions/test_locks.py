"""Other transactions in the way: waited for without holding anybody else up, and told apart."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from sqlalchemy import make_url, text

from tests.sessions.callers import Place, Post, post
from tests.sessions.parts import START
from watchword.auth.grants import Grant
from watchword.errors import DatabaseUnavailable
from watchword.storage import SqlDatabase

WAIT_SECONDS = 20
Work = Callable[[Post, Grant], Awaitable[object]]
WRITES: dict[str, Work] = {
    "refresh": lambda here, grant: here.replica.manager.refresh(grant.refresh_token),
    "end": lambda here, grant: here.replica.manager.end(grant.session.session_id, reason="logout"),
    "open": lambda here, grant: here.replica.open(),
    "claim": lambda here, grant: here.database.single_use.claim("attempt", b"x" * 32, expires_at=START),
}


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        yield await post(Place(database_url), stack)


@asynccontextmanager
async def everything_locked(database: SqlDatabase) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Another's transaction that stands in the way of every writer until it is let go."""
    if database.engine.dialect.name == "sqlite":
        other = sqlite3.connect(make_url(database.url).database or "", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        async def let_go() -> None:
            other.rollback()

        yield let_go
        other.close()
        return
    async with database.engine.connect() as connection:
        tables = "ww_sessions, ww_users, ww_single_use, ww_identities"
        await connection.execute(text(f"LOCK TABLE {tables} IN SHARE MODE"))
        yield connection.rollback


@pytest.mark.parametrize("name", WRITES)
async def test_a_lock_holds_up_its_writer_and_nobody_else(here: Post, name: str) -> None:
    """While a write waits, the event loop runs on: it is this very loop that lets the lock go."""
    grant = await here.replica.open()
    async with everything_locked(here.database) as let_go:
        writing = asyncio.ensure_future(WRITES[name](here, grant))
        for _ in range(5):
            await asyncio.sleep(0.02)
            assert await here.replica.manager.find(grant.session.session_id) is not None
        assert not writing.done()
        await let_go()
        async with asyncio.timeout(WAIT_SECONDS):
            assert await writing


async def test_a_refresh_that_comes_after_the_end_of_the_process_is_an_outage(sqlite_url: str) -> None:
    """A request that outlives its service is told to come back, and its token is not used up; the
    service may be stopped twice."""
    async with AsyncExitStack() as stack:
        ended, successor = [await post(Place(sqlite_url), stack) for _ in range(2)]
        grant = await ended.replica.open()
        await ended.database.close()
        with pytest.raises(DatabaseUnavailable, match="closed"):
            await ended.replica.manager.refresh(grant.refresh_token)
        await ended.database.close()
        refreshed = await successor.replica.manager.refresh(grant.refresh_token)
        assert refreshed.session.generation == 2


TRANSIENT = (
    "CREATE SEQUENCE tries",
    "CREATE FUNCTION passes() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN IF nextval('tries') <= {times} THEN RAISE EXCEPTION 'later' USING ERRCODE = '{code}';"
    " END IF; RETURN NEW; END $$",
    "CREATE TRIGGER passes BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION passes()",
)
"""A sequence is not rolled back with the try that drew from it."""
TABLES = {"refresh": "ww_sessions", "end": "ww_sessions", "open": "ww_sessions", "claim": "ww_single_use"}


async def fail_transiently(here: Post, name: str, times: int, code: str) -> None:
    async with here.database.engine.begin() as connection:
        for statement in TRANSIENT:
            await connection.execute(text(statement.format(times=times, code=code, table=TABLES[name])))


@pytest.fixture
async def on_postgresql(postgres_url: str) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        yield await post(Place(postgres_url), stack)


@pytest.mark.postgres
@pytest.mark.parametrize("code", ["40001", "40P01"])
@pytest.mark.parametrize("name", WRITES)
async def test_ses_11_a_deadlock_or_serialization_failure_is_tried_again(
    on_postgresql: Post, name: str, code: str
) -> None:
    """Three times; the answer is the one there would have been without."""
    grant = await on_postgresql.replica.open()
    await fail_transiently(on_postgresql, name, 3, code)
    assert await WRITES[name](on_postgresql, grant)


@pytest.mark.postgres
async def test_ses_11_what_does_not_pass_is_an_outage_that_moved_nothing(on_postgresql: Post) -> None:
    """503 and never invalid_grant: the token still works when the database does."""
    grant = await on_postgresql.replica.open()
    await fail_transiently(on_postgresql, "refresh", 4, "40001")
    with pytest.raises(DatabaseUnavailable):
        await on_postgresql.replica.manager.refresh(grant.refresh_token)
    refreshed = await on_postgresql.replica.manager.refresh(grant.refresh_token)
    assert refreshed.session.generation == 2


FULL = (
    "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$",
    *(
        f"CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT OR UPDATE ON {table}"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION full_disk()"
        for table in ("ww_sessions", "ww_single_use")
    ),
)
"""Nothing is told before the commit."""


@pytest.mark.postgres
async def test_ses_51_a_commit_that_finds_the_disk_full_is_an_outage_that_kept_nothing(
    on_postgresql: Post,
) -> None:
    """No answer is given for a row that is not there: 503, and with room again the same call is done
    as if it were the first."""
    grants = {name: await on_postgresql.replica.open() for name in WRITES}
    async with on_postgresql.database.engine.begin() as connection:
        for statement in FULL:
            await connection.execute(text(statement))
    for name, work in WRITES.items():
        with pytest.raises(DatabaseUnavailable, match="could not extend file"):
            await work(on_postgresql, grants[name])
    async with on_postgresql.database.engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION full_disk CASCADE"))
    for name, work in WRITES.items():
        assert await work(on_postgresql, grants[name]), name
