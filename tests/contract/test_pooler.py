"""PgBouncer in transaction mode between watchword and PostgreSQL, found out without a setting."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta

import pytest

from tests.contract.samples import NOW, at_once, identity, new_session, opened, rotation, session_id
from tests.contract.test_announcements import BOUND_SECONDS, heard, listening
from tests.contract.test_database_away import PATIENT, READS, WRITES
from tests.servers.pgbouncer import PgBouncer, running_pgbouncer
from tests.servers.postgres import PostgresServer
from watchword.auth.cleanup_ports import Batch
from watchword.auth.ports import LiveSession
from watchword.auth.revocation import RevocationFeed
from watchword.migrations import runner
from watchword.models.poolers import POOLED
from watchword.protocol.principal import Principal
from watchword.storage import SqlDatabase, open_database
from watchword.storage.announcements import BEHIND_A_POOLER
from watchword.storage.cleanup_turns import PostgresqlTurns
from watchword.testing import FakeClock

pytestmark = pytest.mark.postgres
HOUR = timedelta(hours=1)
CLIENTS = 8
ROUNDS = 4
Open = Callable[[str], SqlDatabase]


@pytest.fixture(scope="module")
def pgbouncer(postgres_server: PostgresServer) -> Iterator[PgBouncer]:
    with running_pgbouncer(postgres_server.folder, servers=3) as running:
        yield running


@pytest.fixture
def pooled_url(pgbouncer: PgBouncer, postgres_url: str) -> str:
    return pgbouncer.url_of(postgres_url)


@pytest.fixture
async def open_(postgres_url: str) -> AsyncIterator[Open]:
    """Databases that are closed at the end."""
    all_: list[SqlDatabase] = []

    def opening(url: str) -> SqlDatabase:
        all_.append(open_database(url, limits=PATIENT))
        return all_[-1]

    yield opening
    for each in all_:
        await each.close()


async def is_pooled(database: SqlDatabase) -> bool:
    async with database.engine.connect() as connection:
        return bool((await connection.get_raw_connection()).info[POOLED])


async def test_a_pooler_is_found_out(open_: Open, pooled_url: str, postgres_url: str) -> None:
    """By every connection, and only where there is one: a direct connection keeps its prepared statements."""
    pooled, direct = open_(pooled_url), open_(postgres_url)
    assert await at_once(*[lambda: is_pooled(pooled)] * 3) == [True] * 3
    assert not await is_pooled(direct)
    await direct.ping()
    async with direct.engine.connect() as connection:
        prepared = await connection.exec_driver_sql("SELECT name FROM pg_prepared_statements")
        assert prepared.all()


async def test_an_address_may_say_that_there_is_one(open_: Open, postgres_url: str) -> None:
    """For a pooler that hands on its server's process id: nothing is prepared, nobody listens."""
    told = open_(f"{postgres_url}&prepared_statement_cache_size=0")
    assert await is_pooled(told)
    await opened(told)
    assert await told.sessions.rotate(rotation()) is not None
    async with told.engine.connect() as connection:
        prepared = await connection.exec_driver_sql("SELECT name FROM pg_prepared_statements")
        assert [each.name for each in prepared if each.name] == []
    assert (await runner.status(f"{postgres_url}&prepared_statement_cache_size=0")).up_to_date


async def test_every_call_works_through_a_pooler(open_: Open, pooled_url: str) -> None:
    """Of several processes at once, with fewer connections behind than in front."""
    databases = [open_(pooled_url) for _ in range(3)]
    await opened(databases[0])
    calls = [call for name, call in (READS | WRITES).items() if name not in ("open", "end")]
    for _ in range(2):
        answers = await at_once(*(lambda c=c, d=d: c(d) for c in calls for d in databases))
        faults = [answer for answer in answers if isinstance(answer, Exception)]
        assert faults == []


async def test_rotations_through_a_pooler_are_their_own(open_: Open, pooled_url: str) -> None:
    """Many sessions at once, reads in between: every answer is about the session that was asked about, and
    nothing prepared stays behind on connections that belong to others."""
    databases = [open_(pooled_url) for _ in range(2)]

    async def life(number: int) -> None:
        database = databases[number % 2]
        await opened(database, number)
        for generation in range(1, ROUNDS + 1):
            live = await database.sessions.rotate(rotation(number, generation=generation))
            assert isinstance(live, LiveSession)
            assert (live.session_id, live.generation) == (session_id(number), generation + 1)
            found = await database.sessions.find(session_id(number), now=NOW)
            assert found is not None
            assert found.session_id == session_id(number)

    assert await at_once(*(lambda n=n: life(n) for n in range(1, CLIENTS + 1))) == [None] * CLIENTS
    async with databases[0].engine.connect() as connection:
        kept = await connection.exec_driver_sql(
            "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"
        )
        assert kept.scalar() == 0


async def test_migrations_pass_a_pooler(pgbouncer: PgBouncer, empty_postgres_url: str) -> None:
    """From nothing to the newest, asked about again and again, on connections that others used before."""
    url = pgbouncer.url_of(empty_postgres_url)
    assert (await runner.upgrade(url)).up_to_date
    for _ in range(4):
        assert (await runner.status(url)).up_to_date
    await runner.require_up_to_date(url)


async def test_ses_60_an_ending_passes_a_pooler_without_announcements(
    open_: Open, pooled_url: str, postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    """By the look a second; nobody listens through the pooler, which would leave a stranger's connection
    listening, and the operator is told once."""
    caplog.set_level(logging.INFO, logger="watchword")
    here, there = open_(pooled_url), open_(pooled_url)
    live = await here.sessions.open(identity(), new_session(1))
    assert isinstance(live, LiveSession)
    feed = RevocationFeed(there.revocations, FakeClock(NOW), announcements=there.announcements)
    await feed.load()
    caller = Principal(str(live.user_id), str(session_id(1)), "browser", frozenset(), frozenset(), "i", "s")
    following = asyncio.create_task(feed.follow())
    await here.sessions.end(session_id(1), reason="logout", now=NOW, tokens_expire_at=NOW + HOUR)
    for _ in range(BOUND_SECONDS * 20):
        if feed.is_revoked(caller):
            break
        await asyncio.sleep(0.05)
    assert feed.is_revoked(caller)
    following.cancel()
    await asyncio.wait({following})
    listening_now = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = "
    name = pooled_url.rpartition("/")[2]
    assert int(postgres_server.run_sql(f"{listening_now}'{name}'")) == 0
    told = [each.getMessage() for each in caplog.records]
    assert told == [f"announcements of the database: {BEHIND_A_POOLER}"]


async def test_an_ending_through_a_pooler_is_announced_to_who_listens_directly(
    open_: Open, pooled_url: str, postgres_url: str
) -> None:
    """Replicas may differ in how they reach the database."""
    pooled, direct = open_(pooled_url), open_(postgres_url)
    await opened(pooled)
    await listening(direct)
    await pooled.sessions.end(session_id(1), reason="logout", now=NOW, tokens_expire_at=NOW + HOUR)
    assert await heard(direct)


async def test_one_process_cleans_up_at_a_time_through_a_pooler(open_: Open, pooled_url: str) -> None:
    """Whichever server connections their transactions meet; what the first had is free as it ends."""
    leader, follower = open_(pooled_url), open_(pooled_url)
    turns = PostgresqlTurns()

    async def tried() -> Batch | None:
        return await follower.cleanup.take_away("sessions", before=NOW, after=None, limit=1, now=NOW)

    for _ in range(2):
        async with leader.engine.connect() as connection:
            assert await turns.take(connection, None, NOW) is not None
            assert await tried() is None
        assert await tried() is not None
