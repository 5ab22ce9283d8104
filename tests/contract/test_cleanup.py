"""Promises of the cleanup's transactions: what goes and what stays, in small parts, one process at a time."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.contract.samples import (
    ABSOLUTE,
    IDLE,
    MICROSECOND,
    NOW,
    change,
    count,
    digest,
    identity,
    new_session,
    opened,
    rows,
    session_id,
)
from watchword.auth.audit_events import AUDIT_NAMES
from watchword.auth.audit_ports import AuditEvent
from watchword.auth.cleanup_ports import CLEANED_TABLES, Batch, CleanupTarget, Cursor
from watchword.auth.clock import SystemClock
from watchword.auth.code_ports import StoredCode
from watchword.auth.logout_ports import NewProviderGrant
from watchword.errors import DatabaseUnavailable
from watchword.protocol.uuid7 import uuid7
from watchword.storage import SqlDatabase, open_database
from watchword.storage.cleanup_statements import grants_without_session, next_grants, oldest_expired
from watchword.storage.cleanup_turns import LEASE_SECONDS, PostgresqlTurns
from watchword.testing import FakeClock

MINUTE = timedelta(minutes=1)
EDGES = [(NOW - MICROSECOND, 1), (NOW, 0), (NOW + MICROSECOND, 0)]
"""When something ends, and how many of it went before ``NOW``."""
edges = pytest.mark.parametrize(("ends_at", "gone"), EDGES, ids=["one below", "at", "one above"])


def grant_id(number: int) -> UUID:
    return uuid7(1_795_000_000_000 + number, b"\xff" * 10)


def grant(number: int) -> NewProviderGrant:
    return NewProviderGrant(grant_id(number), sealed_id_token=b"id", sealed_tokens=b"tokens")


def code(number: int, *, expires_at: datetime) -> StoredCode:
    return StoredCode(
        digest=digest(number),
        client_id="spa",
        redirect_uri="https://spa.example.org/back",
        code_challenge="c" * 43,
        scopes=frozenset(),
        sealed_sign_in=b"sealed",
        auth_time=NOW,
        created_at=expires_at - MINUTE,
        expires_at=expires_at,
    )


async def session(database: SqlDatabase, number: int, *, ends_at: datetime, **changes: Any) -> UUID:
    changes = {"created_at": ends_at - ABSOLUTE, "idle_ends_at": ends_at - ABSOLUTE + IDLE} | changes
    await opened(database, number, absolute_ends_at=ends_at, **changes)
    return session_id(number)


async def take(
    database: SqlDatabase,
    target: CleanupTarget,
    *,
    before: datetime = NOW,
    after: Cursor | None = None,
    limit: int = 100,
    now: datetime = NOW,
) -> Batch:
    batch = await database.cleanup.take_away(target, before=before, after=after, limit=limit, now=now)
    assert batch is not None, "somebody else is at it"
    return batch


async def counts(database: SqlDatabase) -> dict[str, int]:
    return {table: await count(database, f"ww_{table}") for table in CLEANED_TABLES}


@edges
async def test_a_session_goes_after_its_end(database: SqlDatabase, ends_at: datetime, gone: int) -> None:
    """By its absolute end alone, to the microsecond; nothing of its account goes with it."""
    await session(database, 1, ends_at=ends_at)
    assert (await take(database, "sessions")).gone == {"sessions": gone, "provider_grants": 0}
    assert await count(database, "ww_sessions") == 1 - gone
    assert [await count(database, f"ww_{table}") for table in ("users", "identities", "audit_events")] == [
        1,
        1,
        1,
    ]


async def test_ended_and_idle_sessions_stay_until_their_absolute_end(database: SqlDatabase) -> None:
    """An old refresh token of theirs is known as one until then."""
    for number in (1, 2, 3):
        await session(database, number, ends_at=NOW)
    await database.sessions.end(
        session_id(2), reason="logout", now=NOW - 2 * IDLE, tokens_expire_at=NOW + MINUTE
    )
    assert (await take(database, "sessions")).gone["sessions"] == 0
    assert (await take(database, "sessions", before=NOW + MICROSECOND)).gone["sessions"] == 3


async def test_a_grant_goes_with_its_last_session(database: SqlDatabase) -> None:
    """One that a session which stays shares, stays; so does every other."""
    await session(database, 1, ends_at=NOW - MINUTE, grant=grant(1))
    await session(database, 2, ends_at=NOW - MINUTE, grant=grant(2))
    await session(database, 3, ends_at=NOW + MINUTE, grant=grant(3))
    await change(
        database,
        "UPDATE ww_sessions SET grant_id = :shared WHERE id = :id",
        shared=key(database, grant_id(1)),
        id=key(database, session_id(3)),
    )
    assert (await take(database, "sessions")).gone == {"sessions": 2, "provider_grants": 1}
    assert await grants(database) == [grant_id(1), grant_id(3)]


async def test_grants_without_a_session_go_window_by_window(database: SqlDatabase) -> None:
    """Those of the next few, when they are old enough; the walk goes on where it was."""
    for number in range(1, 6):
        await session(database, number, ends_at=NOW, grant=grant(number))
    await change(database, "DELETE FROM ww_sessions WHERE id <> :kept", kept=key(database, session_id(4)))
    made_at = NOW - ABSOLUTE
    young = await take(database, "provider_grants", before=made_at)
    assert young == Batch({"provider_grants": 0}, None)
    first = await take(database, "provider_grants", before=made_at + MICROSECOND, limit=2)
    assert first == Batch({"provider_grants": 2}, grant_id(2))
    rest = await take(database, "provider_grants", after=first.after, limit=4)
    assert rest == Batch({"provider_grants": 2}, None)
    assert await grants(database) == [grant_id(4)]


def key(database: SqlDatabase, row_id: UUID) -> UUID | str:
    """An id as a statement of the test passes it."""
    return row_id if database.engine.dialect.name == "postgresql" else row_id.hex


async def grants(database: SqlDatabase) -> list[UUID]:
    found = await rows(database, "SELECT id FROM ww_provider_grants ORDER BY id")
    return [UUID(str(row.id)) for row in found]


@edges
async def test_a_code_nobody_used_goes_after_its_end(
    database: SqlDatabase, ends_at: datetime, gone: int
) -> None:
    """To the microsecond."""
    await database.codes.add(code(1, expires_at=ends_at))
    assert (await take(database, "authorization_codes")).gone == {"authorization_codes": gone}


async def test_a_used_code_stays_as_long_as_its_session(database: SqlDatabase) -> None:
    """Its second use ends that session, however late; after it there is nothing to end."""
    stored = code(1, expires_at=NOW - ABSOLUTE + MINUTE)
    await database.codes.add(stored)
    new = new_session(
        created_at=NOW - ABSOLUTE, idle_ends_at=NOW - ABSOLUTE + IDLE, absolute_ends_at=NOW - MICROSECOND
    )
    assert await database.codes.redeem(stored, identity(), new) is not None
    assert (await take(database, "authorization_codes")).gone == {"authorization_codes": 0}
    found = await database.codes.find(digest(1))
    assert found is not None
    assert found.session_id == session_id(1)
    assert (await take(database, "sessions")).gone["sessions"] == 1
    assert (await take(database, "authorization_codes")).gone == {"authorization_codes": 1}


@edges
async def test_a_value_that_works_once_goes_after_its_end(
    database: SqlDatabase, ends_at: datetime, gone: int
) -> None:
    """Of every kind; the same value of a kind that stays, stays."""
    for kind in ("attempt", "assertion"):
        await database.single_use.claim(kind, b"x", expires_at=ends_at)
    await database.single_use.claim("other", b"x", expires_at=NOW + MINUTE)
    assert (await take(database, "single_use")).gone == {"single_use": 2 * gone}
    assert await database.single_use.claim("attempt", b"x", expires_at=NOW) is bool(gone)
    assert await database.single_use.claim("other", b"x", expires_at=NOW) is False


@edges
async def test_an_entry_of_the_feed_goes_after_its_end(
    database: SqlDatabase, ends_at: datetime, gone: int
) -> None:
    """What can still concern a token stays, and no number is given again."""
    await opened(database)
    await database.sessions.end(session_id(1), reason="logout", now=NOW - IDLE, tokens_expire_at=ends_at)
    assert (await take(database, "revocations")).gone == {"revocations": gone}
    assert len(await database.revocations.since(0, again_from=NOW)) == 1 - gone


@edges
async def test_a_line_of_the_trail_goes_after_its_time(
    database: SqlDatabase, ends_at: datetime, gone: int
) -> None:
    """By when it happened."""
    await database.audit.record(AuditEvent("sign_in", ends_at))
    assert (await take(database, "audit_events")).gone == {"audit_events": gone}


async def test_batches_are_bounded_and_oldest_first(database: SqlDatabase) -> None:
    """Each takes no more than it was asked for and says where the next begins, also where many ended at
    the same moment."""
    for number, minutes in enumerate([5, 4, 3, 3, 3, 1, -1], 1):
        await database.audit.record(AuditEvent(AUDIT_NAMES[number], NOW - minutes * MINUTE))
    first = await take(database, "audit_events", limit=3)
    assert first == Batch({"audit_events": 3}, NOW - 3 * MINUTE)
    second = await take(database, "audit_events", after=first.after, limit=2)
    assert second == Batch({"audit_events": 2}, NOW - 3 * MINUTE)
    third = await take(database, "audit_events", after=second.after, limit=2)
    assert third == Batch({"audit_events": 1}, None)
    left = await rows(database, "SELECT event FROM ww_audit_events")
    assert [row.event for row in left] == [AUDIT_NAMES[7]]


async def test_rows_that_others_refer_to_keep_no_others(database: SqlDatabase) -> None:
    """A table of the host's may refer to sessions: those stay, all the others go, the reason is told, and the
    next batch begins behind them."""
    for number in range(1, 6):
        ends_at = NOW - timedelta(days=1) + timedelta(seconds=number)
        await session(database, number, ends_at=ends_at, grant=grant(number))
    kind = "UUID" if database.engine.dialect.name == "postgresql" else "CHAR(32)"
    await change(database, f"CREATE TABLE orders (of_session {kind} NOT NULL REFERENCES ww_sessions (id))")
    for number in (1, 3):
        statement = "INSERT INTO orders VALUES (:id)"
        await change(database, statement, id=key(database, session_id(number)))
    first = await take(database, "sessions", limit=2)
    assert (first.gone, first.after is None) == ({"sessions": 1, "provider_grants": 1}, False)
    assert "foreign key" in str(first.kept_by).lower()
    second = await take(database, "sessions", limit=2, after=first.after)
    assert (second.gone["sessions"], second.after is None) == (1, False)
    last = await take(database, "sessions", limit=2, after=second.after)
    assert last == Batch({"sessions": 1, "provider_grants": 1}, None)
    assert await count(database, "ww_sessions") == 2
    assert await grants(database) == [grant_id(1), grant_id(3)]


async def test_an_empty_database_has_nothing_to_clean(database: SqlDatabase) -> None:
    """Each look at it is one transaction that changes nothing."""
    for target in get_args(CleanupTarget):
        batch = await take(database, target)
        assert batch.after is None
        assert not any(batch.gone.values())
    await database.cleanup.step_down()
    assert set((await counts(database)).values()) == {0}


# --- one process at a time ----------------------------------------------------------------------


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[SqlDatabase]:
    """Another process of the same database."""
    opened_too = open_database(database_url)
    yield opened_too
    await opened_too.close()


async def tried(database: SqlDatabase, *, now: datetime = NOW) -> Batch | None:
    return await database.cleanup.take_away("single_use", before=NOW, after=None, limit=10, now=now)


async def test_a_process_that_steps_down_leaves_the_rest_to_others(
    database: SqlDatabase, other: SqlDatabase
) -> None:
    """At once, and as often as they like; stepping down twice, or without a turn, is nothing."""
    for each in (database, other, database):
        await each.cleanup.step_down()
        assert await tried(each) is not None
        await each.cleanup.step_down()
        await each.cleanup.step_down()


async def test_a_lease_keeps_others_away_until_it_ends(sqlite_url: str) -> None:
    """On SQLite. Its holder goes on; one that died is followed when the lease is over, to the microsecond,
    and one that slept past it notices."""
    leader, follower = open_database(sqlite_url), open_database(sqlite_url)
    await leader.single_use.claim("attempt", b"x", expires_at=NOW - MINUTE)
    assert (await take(leader, "audit_events")).gone == {"audit_events": 0}
    later = NOW + timedelta(seconds=LEASE_SECONDS)
    assert await tried(follower) is None
    assert await count(leader, "ww_single_use") == 2
    assert await tried(leader, now=NOW + MICROSECOND) is not None
    assert await tried(follower, now=later) is None
    assert await tried(follower, now=later + MICROSECOND) is not None
    assert await tried(leader, now=later + MICROSECOND) is None
    await leader.cleanup.step_down()
    assert await tried(leader, now=later + 2 * MICROSECOND) is None
    await follower.cleanup.step_down()
    assert await count(leader, "ww_single_use") == 0
    for each in (leader, follower):
        await each.close()


async def test_a_lease_of_a_clock_that_was_set_back_counts_for_nothing(sqlite_url: str) -> None:
    """Nobody waits for a day that a wrong clock wrote down."""
    leader, follower = open_database(sqlite_url), open_database(sqlite_url)
    assert await tried(leader, now=NOW + timedelta(days=1)) is not None
    assert await tried(follower) is not None
    assert await tried(leader) is None
    for each in (leader, follower):
        await each.close()


@pytest.mark.postgres
async def test_a_batch_under_way_keeps_others_away_until_it_ends(postgres_url: str) -> None:
    """On PostgreSQL, where the lock is the transaction's: it is free the moment that one commits, or its
    connection is cut. Another schema has a lock of its own."""
    leader, follower = open_database(postgres_url), open_database(postgres_url)
    elsewhere = open_database(postgres_url)
    turns = PostgresqlTurns()
    async with elsewhere.engine.connect() as connection:
        await connection.execute(text("SET search_path = pg_temp"))
        assert await turns.take(connection, None, NOW) is not None
        assert await tried(follower) is not None
    for ending in ("commit", "kill"):
        async with leader.engine.connect() as connection:
            assert await turns.take(connection, None, NOW) is not None
            assert await tried(follower) is None
            if ending == "commit":
                await connection.commit()
            else:
                raw = await connection.get_raw_connection()
                server = raw.driver_connection.get_server_pid()  # type: ignore[union-attr]
                cut = "SELECT pg_terminate_backend(:pid, 10000)"
                assert (await rows(follower, cut, pid=server))[0][0]
                await connection.invalidate()
            assert await tried(follower) is not None
    for each in (leader, follower, elsewhere):
        await each.close()


@pytest.mark.postgres
@pytest.mark.parametrize("ahead_seconds", [-86400, -600, 0, 600, 86400])
async def test_a_clock_that_is_far_ahead_takes_nothing_away(postgres_url: str, ahead_seconds: int) -> None:
    """What is expired by it is live by all others: sessions, codes and the trail would be gone for good. One
    that is behind only takes later."""
    database = open_database(postgres_url)
    machine = FakeClock(SystemClock().now() + timedelta(seconds=ahead_seconds))
    async with database.engine.connect() as connection:
        if ahead_seconds > 0:
            with pytest.raises(DatabaseUnavailable, match=r"clock here is (599|600|86399|86400) s ahead"):
                await PostgresqlTurns(machine).take(connection, None, NOW)
        else:
            assert await PostgresqlTurns(machine).take(connection, None, NOW) == NOW
    await database.close()


# --- found by an index --------------------------------------------------------------------------

INDEXES = {
    "sessions": "ix_ww_sessions_absolute_ends_at",
    "authorization_codes": "ix_ww_authorization_codes_without_session",
    "single_use": "ix_ww_single_use_expires_at",
    "revocations": "ix_ww_revocations_expires_at",
    "audit_events": "ix_ww_audit_events_occurred_at",
}


async def plan(database: SqlDatabase, statement: Any) -> str:
    """What the database would do, in its own words; a scan of a whole table only where it must."""
    dialect = database.engine.dialect
    sql = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    sql = sql.replace("LIMIT ?", "LIMIT -1")
    explain = "EXPLAIN " if dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "

    async def work(connection: AsyncConnection) -> str:
        if dialect.name == "postgresql":
            for way in ("seqscan", "bitmapscan"):
                await connection.execute(text(f"SET LOCAL enable_{way} = off"))
        found = await connection.exec_driver_sql(explain + sql)
        return "\n".join(str(row[-1]) for row in found)

    return await database.transactions.write("explain for a test", work)


@pytest.mark.parametrize("target", INDEXES)
async def test_every_batch_finds_its_rows_by_an_index(database: SqlDatabase, target: CleanupTarget) -> None:
    """The oldest by the index over their time, then each by its key; nothing is sorted."""
    for after in (None, NOW - MINUTE):
        told = await plan(database, oldest_expired(target, before=NOW, after=after, limit=100))
        assert re.search(
            rf"Index Scan using {INDEXES[target]}|USING (COVERING )?INDEX {INDEXES[target]}", told
        )
        assert not re.search(r"Seq Scan|SCAN ww_|Sort|TEMP B-TREE FOR ORDER", told), told


async def test_grants_are_found_by_their_key(database: SqlDatabase) -> None:
    """And their sessions by the index over the grant."""
    walked = await plan(database, next_grants(after=grant_id(1), limit=100))
    orphaned = await plan(database, grants_without_session([grant_id(1), grant_id(2)], before=NOW))
    assert "ix_ww_sessions_grant_id" in orphaned
    for told in (walked, orphaned):
        assert not re.search(r"Seq Scan|SCAN ww_|Sort|TEMP B-TREE", told), told
