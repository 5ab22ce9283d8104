"""PostgreSQL hastens the feed: what was added is announced when it is committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import make_url

from tests.contract.samples import NOW, count, identity, new_session, opened, session_id
from tests.servers.line import Line, line_to
from tests.servers.postgres import PostgresServer
from watchword.auth.account_ports import Act, RoleChange
from watchword.auth.provider_purge import PURGE_TARGETS, Purge
from watchword.auth.revocation import RevocationFeed
from watchword.protocol.principal import Principal
from watchword.storage import DatabaseLimits, SqlDatabase, open_database
from watchword.storage.announcements import PostgresqlAnnouncements
from watchword.storage.engines import make_engine
from watchword.storage.provider_purges import SqlPurgeStore
from watchword.storage.revocations import add_revocations
from watchword.testing import FakeClock

BOUND_SECONDS = 20
HOUR = timedelta(hours=1)
ACT = Act(NOW, NOW, "cli")


@pytest.fixture
async def replica(postgres_url: str) -> AsyncIterator[SqlDatabase]:
    database = open_database(postgres_url)
    yield database
    await database.close()


@pytest.fixture
async def other(postgres_url: str) -> AsyncIterator[SqlDatabase]:
    database = open_database(postgres_url)
    yield database
    await database.close()


async def listening(database: SqlDatabase) -> None:
    """Returns once the connection stands: the first wait ends because something may have been missed."""
    assert database.announcements is not None
    await asyncio.wait_for(database.announcements.wait(timeout_seconds=BOUND_SECONDS), 2 * BOUND_SECONDS)


async def heard(database: SqlDatabase, *, within_seconds: float = BOUND_SECONDS) -> bool:
    """Whether an announcement came before the time was over."""
    assert database.announcements is not None
    before = asyncio.get_running_loop().time()
    await database.announcements.wait(timeout_seconds=within_seconds)
    return asyncio.get_running_loop().time() - before < within_seconds


Change = Callable[[SqlDatabase], Awaitable[object]]


async def _end(database: SqlDatabase) -> object:
    return await database.sessions.end(session_id(1), reason="logout", now=NOW, tokens_expire_at=NOW)


async def _other_roles(database: SqlDatabase) -> object:
    return await database.sessions.open(identity(roles=frozenset({"other"})), new_session(2))


async def _deny(database: SqlDatabase) -> object:
    (account,) = await database.accounts.search(limit=1)
    return await database.accounts.change_roles(
        account.user_id, RoleChange(deny=frozenset({"admin"})), act=ACT
    )


async def _disable(database: SqlDatabase) -> object:
    (account,) = await database.accounts.search(limit=1)
    return await database.accounts.set_status(account.user_id, "disabled", act=ACT)


async def _purge(database: SqlDatabase) -> None:
    purge = Purge("main", "https://idp.example.test", PURGE_TARGETS, at=NOW, by="cli")
    await SqlPurgeStore(database.transactions).add(purge)


@pytest.mark.postgres
@pytest.mark.parametrize("change", [_end, _other_roles, _deny, _disable, _purge])
async def test_what_ends_tokens_is_announced_to_every_replica(
    replica: SqlDatabase, other: SqlDatabase, change: Change
) -> None:
    """A logout, roles that changed by sign-in or command, a disabled account, a purged provider."""
    await opened(replica)
    await listening(other)
    await change(replica)
    assert await heard(other)
    assert await count(other, "ww_revocations") > 0


@pytest.mark.postgres
async def test_ses_60_an_ending_that_is_committed_late_is_announced_and_seen(
    replica: SqlDatabase, other: SqlDatabase
) -> None:
    """A process stood still between writing and committing, and another one's later number was seen before:
    ten minutes afterwards the commit counts like any other."""
    await opened(replica, 1)
    late, early = session_id(1), session_id(2)
    clock = FakeClock(NOW)
    feed = RevocationFeed(other.revocations, clock, announcements=other.announcements)
    await feed.load()
    entry = {"kind": "session", "created_at": NOW, "expires_at": NOW + HOUR, "session_id": late}
    async with replica.engine.begin() as standing_still:
        await add_revocations(standing_still, [entry])
        await opened(replica, 2)
        await replica.sessions.end(early, reason="logout", now=NOW, tokens_expire_at=NOW + HOUR)
        await listening(other)
        for _ in range(30):
            await feed.poll()
            clock.advance(20)
        assert not feed.is_revoked(_caller(late))
        assert feed.is_revoked(_caller(early))
    assert await heard(other)
    await feed.poll()
    assert feed.is_revoked(_caller(late))


def _caller(session: UUID) -> Principal:
    return Principal("u", str(session), "browser", frozenset(), frozenset(), "i", "s")


@pytest.mark.postgres
async def test_nothing_is_announced_that_did_not_happen(replica: SqlDatabase, other: SqlDatabase) -> None:
    """Not a sign-in, nor an ending of nothing, nor silence."""
    await listening(other)
    await opened(replica)
    await replica.sessions.end(session_id(9), reason="logout", now=NOW, tokens_expire_at=NOW)
    assert not await heard(other, within_seconds=0.3)


async def test_an_ending_reaches_a_follower_on_either_database(database_url: str) -> None:
    """By announcement or by the look a second; looked for within a bound."""
    here, there = open_database(database_url), open_database(database_url)
    live = await opened(here)
    feed = RevocationFeed(there.revocations, FakeClock(NOW), announcements=there.announcements)
    await feed.load()
    caller = Principal(str(live.user_id), str(session_id(1)), "browser", frozenset(), frozenset(), "i", "s")
    following = asyncio.create_task(feed.follow())
    await here.sessions.end(session_id(1), reason="logout", now=NOW, tokens_expire_at=NOW + HOUR)
    for _ in range(BOUND_SECONDS * 100):
        if feed.is_revoked(caller):
            break
        await asyncio.sleep(0.01)
    assert feed.is_revoked(caller)
    following.cancel()
    await asyncio.wait({following})
    await here.close()
    await there.close()


@pytest.mark.postgres
async def test_a_broken_connection_is_replaced(
    replica: SqlDatabase, other: SqlDatabase, postgres_server: PostgresServer
) -> None:
    """Announcements come again; until then the feed looks every second, as it does anyway."""
    await opened(replica)
    await listening(other)
    kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    assert int(postgres_server.run_sql(kill)) >= 1
    await listening(other)
    await _end(replica)
    assert await heard(other)


@pytest.fixture
async def line(postgres_server: PostgresServer) -> AsyncIterator[Line]:
    async with line_to(postgres_server.socket) as opened_line:
        yield opened_line


@pytest.fixture
async def distant(line: Line, postgres_url: str) -> AsyncIterator[PostgresqlAnnouncements]:
    """Announcements over a line that a test can disturb, which are quick to doubt it."""
    address = f"postgresql+asyncpg://postgres@127.0.0.1:{line.port}/{make_url(postgres_url).database}"
    engine = make_engine(address, DatabaseLimits(statement_seconds=0.5))
    announcements = PostgresqlAnnouncements(engine, probe_seconds=0.05)
    yield announcements
    line.restore()
    await announcements.close()


async def until_heard(announcements: PostgresqlAnnouncements) -> bool:
    before = asyncio.get_running_loop().time()
    await announcements.wait(timeout_seconds=BOUND_SECONDS)
    return asyncio.get_running_loop().time() - before < BOUND_SECONDS


@pytest.mark.postgres
@pytest.mark.parametrize("fault", ["strand", "cut", "restart"])
async def test_a_connection_that_hears_no_more_is_replaced(
    line: Line, distant: PostgresqlAnnouncements, replica: SqlDatabase, fault: str
) -> None:
    """Also one that a firewall forgot without telling either end: a listener says nothing by itself, so it is
    tried from time to time. Each new connection counts as an announcement, since one may have been missed."""
    await opened(replica)
    assert await until_heard(distant)
    if fault == "restart":
        await line.close()
        await line.open()
    else:
        getattr(line, fault)()
    assert await until_heard(distant)
    await _end(replica)
    assert await until_heard(distant)


@pytest.mark.postgres
async def test_a_database_that_is_away_announces_nothing(postgres_server: PostgresServer) -> None:
    """Waiting takes its time and raises nothing."""
    away = open_database(postgres_server.url("no_such_database"))
    assert not await heard(away, within_seconds=0.2)
    assert not await heard(away, within_seconds=0.2)
    await away.close()


async def test_sqlite_makes_no_announcements(sqlite_url: str) -> None:
    """There the feed looks once a second."""
    database = open_database(sqlite_url)
    assert database.announcements is None
    await opened(database)
    await _end(database)
    await database.close()
