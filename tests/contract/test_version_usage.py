"""Promises of the ledger of who calls which version: exact, bounded, and nobody's after they left."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import make_url

from tests.contract.processes import let_go_together, workers
from tests.contract.samples import (
    MICROSECOND,
    NOW,
    at_once,
    change,
    count,
    identity,
    new_session,
    opened,
    rows,
)
from tests.contract.test_database_away import HASTY, NO_LOCKS, over
from tests.contract.test_parallel import PATIENT
from tests.servers.line import line_to
from tests.servers.postgres import PostgresServer
from watchword.auth.version_ports import VersionCaller, VersionCalls
from watchword.auth.version_usage import VersionUsage
from watchword.errors import DatabaseUnavailable
from watchword.protocol.principal import Anonymous
from watchword.storage import DatabaseLimits, SqlDatabase, open_database
from watchword.storage.version_usage import SqlVersionUsageStore
from watchword.testing import FakeClock

WORKER = Path(__file__).with_name("version_usage_worker.py")
DAY = timedelta(days=1)
NOBODY = UUID("019e0000-0000-7000-8000-00000000abcd")
NETWORK = VersionCalls("v1", "network", 1, 0, None, NOW, NOW, network="192.0.2.0")
CLIENT = VersionCalls("v1", "client", 2, 1, "scope_missing", NOW, NOW, client_id="batch")


def network(number: int, **changes: Any) -> VersionCalls:
    return replace(NETWORK, network=f"10.{number >> 8}.{number & 255}.0", **changes)


def person(user_id: UUID, **changes: Any) -> VersionCalls:
    return replace(NETWORK, kind="user", user_id=user_id, client_id="browser", network=None, **changes)


async def callers(database: SqlDatabase, **asked: Any) -> list[VersionCalls]:
    reports = await database.version_usage.report(**{"limit": 1000} | asked)
    return [caller.usage for report in reports for caller in report.callers]


async def test_what_is_added_comes_back(database: SqlDatabase) -> None:
    """Every kind of caller with all that is known of them."""
    live = await opened(database)
    others = VersionCalls("v2", "others", 9, 0, None, NOW, NOW + DAY)
    added = [person(live.user_id), CLIENT, NETWORK, replace(NETWORK, network=None), others]
    await database.version_usage.add(added)
    assert set(await callers(database)) == set(added)


async def test_nothing_to_add_is_nothing(database: SqlDatabase) -> None:
    """And a ledger without a line has no report."""
    await database.version_usage.add([])
    assert await callers(database) == []


async def test_counts_add_up(database: SqlDatabase) -> None:
    """First time, last time and cause follow, whichever replica writes first."""
    later = replace(CLIENT, calls=5, would_refuse=2, last_refusal="x", last_seen_at=NOW + DAY)
    earlier = replace(CLIENT, calls=7, would_refuse=0, last_refusal=None, first_seen_at=NOW - DAY)
    for calls in (CLIENT, later, earlier):
        await database.version_usage.add([calls])
    everything = replace(CLIENT, calls=14, would_refuse=3, last_refusal="x")
    assert await callers(database) == [replace(everything, first_seen_at=NOW - DAY, last_seen_at=NOW + DAY)]


async def test_one_caller_twice_in_a_batch_is_one_row(database: SqlDatabase) -> None:
    """Names that were different before they were made printable."""
    await database.version_usage.add([NETWORK, NETWORK, CLIENT])
    assert [each.calls for each in await callers(database, order="calls")] == [2, 2]


async def test_names_that_look_alike_are_different_callers(database: SqlDatabase) -> None:
    """A client that is called like a network, a version like a client."""
    added = [
        replace(CLIENT, client_id="192.0.2.0"),
        NETWORK,
        replace(NETWORK, network="v1"),
        replace(NETWORK, version="v1,192.0.2.0", network=None),
    ]
    await database.version_usage.add(added)
    assert set(await callers(database)) == set(added)


async def test_an_account_that_is_not_there_counts_for_its_client(database: SqlDatabase) -> None:
    """Deleted between the call and the writing, erased, or never ours: the calls are kept, the
    person is not."""
    here = await opened(database)
    erased = await database.sessions.open(identity(subject="bob"), new_session(2))
    await change(
        database, "UPDATE ww_users SET status = 'erased' WHERE id = :id", id=key(database, erased.user_id)
    )
    await database.version_usage.add([person(NOBODY), person(erased.user_id), person(here.user_id)])
    found = await callers(database, order="calls")
    assert [(each.kind, each.user_id, each.client_id, each.calls) for each in found] == [
        ("client", None, "browser", 2),
        ("user", here.user_id, "browser", 1),
    ]


def key(database: SqlDatabase, user_id: UUID) -> UUID | str:
    """An id as a statement of the test passes it."""
    return user_id if database.engine.dialect.name == "postgresql" else user_id.hex


async def test_the_rows_of_a_person_go_with_the_account(database: SqlDatabase) -> None:
    """By deletion at once, by erasure with the next cleanup, and out of the report at once."""
    alice = await opened(database)
    bob = await database.sessions.open(identity(subject="bob"), new_session(2))
    await database.version_usage.add([person(alice.user_id), person(bob.user_id), CLIENT])
    await change(database, "DELETE FROM ww_users WHERE id = :id", id=key(database, alice.user_id))
    assert {each.user_id for each in await callers(database)} == {bob.user_id, None}
    await change(database, "UPDATE ww_users SET status = 'erased'")
    assert await callers(database) == [CLIENT]
    assert await database.version_usage.forget(unseen_since=NOW - DAY, limit=10) == 1
    assert await count(database, "ww_version_usage") == 1


async def test_forgetting_is_exact_and_in_parts(database: SqlDatabase) -> None:
    """Whoever was seen at the very moment stays; one microsecond earlier goes, so many at a time."""
    seen = [NOW - MICROSECOND, NOW, NOW + MICROSECOND, NOW - DAY, NOW - DAY]
    added = [network(n, first_seen_at=NOW - 2 * DAY, last_seen_at=moment) for n, moment in enumerate(seen)]
    await database.version_usage.add(added)
    forget = database.version_usage.forget
    assert [await forget(unseen_since=NOW, limit=2) for _ in range(3)] == [2, 1, 0]
    assert set(await callers(database)) == set(added[1:3])


async def test_networks_are_bounded_and_what_is_known_goes_on(database: SqlDatabase) -> None:
    """Who has many addresses fills no database: the rest of them count together, all others as ever."""
    live = await opened(database)
    store = SqlVersionUsageStore(database.transactions, max_networks=5)
    await store.add([network(n) for n in range(4)])
    await store.add([*(network(n) for n in range(2, 10)), CLIENT, person(live.user_id)])
    await store.add([replace(network(n), version="v2") for n in range(3)])
    await store.add([network(n) for n in range(10)])
    found = await callers(database)
    networks = {each.network: each.calls for each in found if each.kind == "network"}
    assert networks == {f"10.0.{n}.0": 2 if n in (0, 1, 4) else 3 for n in range(5)}
    others = {each.version: each.calls for each in found if each.kind == "others"}
    assert others == {"v1": 10, "v2": 3}
    assert sorted(each.kind for each in found if each.kind in ("user", "client")) == ["client", "user"]


async def test_two_replicas_add_up_exactly(database_url: str) -> None:
    """Both write the same callers at the same time, in opposite order, without a deadlock or a loss."""
    replicas = [open_database(database_url, limits=PATIENT) for _ in range(2)]
    live = await opened(replicas[0])
    everybody = [person(live.user_id), CLIENT, *(network(n) for n in range(60))]
    batches = [everybody, everybody[::-1]]
    answers = await at_once(
        *(lambda n=n: replicas[n % 2].version_usage.add(batches[n % 2]) for n in range(20))
    )
    assert answers == [None] * 20
    found = await callers(replicas[0])
    assert {each.calls for each in found if each.kind != "client"} == {20}
    assert [(each.calls, each.would_refuse) for each in found if each.kind == "client"] == [(40, 20)]
    for replica in replicas:
        await replica.close()


async def test_forgetting_while_others_write_loses_no_call_of_now(database_url: str) -> None:
    """A caller who comes back in that moment is kept or begins anew."""
    replicas = [open_database(database_url, limits=PATIENT) for _ in range(2)]
    old = [network(n, first_seen_at=NOW - DAY, last_seen_at=NOW - DAY) for n in range(60)]
    await replicas[0].version_usage.add(old)
    now = [network(n) for n in range(60)]
    answers = await at_once(
        lambda: replicas[0].version_usage.add(now),
        lambda: replicas[1].version_usage.forget(unseen_since=NOW, limit=100),
        lambda: replicas[0].version_usage.add(now),
        lambda: replicas[1].version_usage.forget(unseen_since=NOW, limit=100),
    )
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    found = await callers(replicas[0])
    assert len(found) == 60
    assert {each.calls for each in found} <= {2, 3}
    for replica in replicas:
        await replica.close()


async def test_processes_add_up_exactly(database_url: str) -> None:
    """Real replicas, flushing in each other's way."""
    with workers(3, WORKER, database_url, "flush") as processes:
        answers = let_go_together(processes)
    database = open_database(database_url)
    assert sum(each.calls for each in await callers(database)) == sum(map(int, answers))
    await database.close()


async def test_a_killed_process_loses_what_it_had_not_written(database_url: str) -> None:
    """And nothing that it had, nor anything of others."""
    with workers(1, WORKER, database_url, "die") as (process,):
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "320\n"
        process.kill()
        process.wait(60)
    database = open_database(database_url)
    found = await callers(database)
    assert (len(found), sum(each.calls for each in found)) == (40, 40)
    await database.close()


async def test_a_database_that_is_away_is_told(empty_url: str, tmp_path: Path) -> None:
    """Missing tables and a missing file are the one error that everything else gets."""
    database = open_database(empty_url, limits=HASTY)
    with pytest.raises(DatabaseUnavailable):
        await database.version_usage.add([NETWORK])
    with pytest.raises(DatabaseUnavailable):
        await database.version_usage.forget(unseen_since=NOW, limit=1)
    with pytest.raises(DatabaseUnavailable):
        await callers(database)
    await database.close()


async def test_a_database_that_goes_and_comes_back_loses_no_call(sqlite_url: str) -> None:
    """Counts wait in memory, are written once, and those of meanwhile with them."""
    database = open_database(sqlite_url, limits=NO_LOCKS)
    clock = FakeClock()
    usage = VersionUsage(database.version_usage, clock)
    with closing(sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            usage.note("v1", identity=Anonymous(), network="192.0.2.0", would_refuse=None)
            clock.advance(30)
            assert not await usage.flush()
        other.execute("ROLLBACK")
    usage.note("v1", identity=Anonymous(), network="192.0.2.0", would_refuse=None)
    await usage.close()
    first = clock.now() - timedelta(seconds=60)
    assert await callers(database) == [
        replace(NETWORK, calls=3, first_seen_at=first, last_seen_at=clock.now())
    ]
    await database.close()


@pytest.mark.postgres
async def test_a_server_that_hangs_loses_no_call(postgres_server: PostgresServer, postgres_url: str) -> None:
    """The writing gives up in time, on a connection that was good before, and the next one works."""
    limits = DatabaseLimits(pool_seconds=20, connect_seconds=20, statement_seconds=2)
    async with line_to(postgres_server.socket) as line, over(line, postgres_url, limits) as database:
        usage = VersionUsage(database.version_usage, FakeClock())
        usage.note("v1", identity=Anonymous(), network="192.0.2.0", would_refuse=None)
        assert await usage.flush()
        line.freeze()
        usage.note("v1", identity=Anonymous(), network="192.0.2.0", would_refuse=None)
        assert not await usage.flush()
        line.restore()
        assert await usage.flush()
        assert [each.calls for each in await callers(database)] == [2]


async def test_a_report_sums_over_all_and_shows_the_first(database: SqlDatabase) -> None:
    """Callers by last call or by number of calls, versions by name, with the account's owner of now."""
    live = await opened(database)
    await database.version_usage.add(
        [
            person(live.user_id, calls=3, would_refuse=3, last_refusal="x"),
            network(1, calls=10, last_seen_at=NOW + DAY),
            network(2, calls=5, last_seen_at=NOW + DAY),
            replace(NETWORK, version="v0"),
        ]
    )
    v0, v1 = await database.version_usage.report(limit=2)
    assert (v0.version, v0.caller_count, v0.calls) == ("v0", 1, 1)
    assert (v1.version, v1.caller_count, v1.calls, v1.would_refuse) == ("v1", 3, 18, 3)
    assert v1.last_seen_at == NOW + DAY
    assert [each.usage.calls for each in v1.callers] == [10, 5]
    await change(database, "UPDATE ww_users SET name = 'Alice Newname'")
    (report,) = await database.version_usage.report(version="v1", order="calls", limit=9)
    assert [each.usage.calls for each in report.callers] == [10, 5, 3]
    assert report.callers[-1] == VersionCaller(
        person(live.user_id, calls=3, would_refuse=3, last_refusal="x"), "Alice@Example.org", "Alice Newname"
    )


@pytest.mark.parametrize(("since", "seen"), [(NOW, 2), (NOW + MICROSECOND, 1), (NOW + DAY + MICROSECOND, 0)])
async def test_a_report_may_begin_at_a_moment(database: SqlDatabase, since: Any, seen: int) -> None:
    """Only who was seen then or later, and sums over those alone."""
    await database.version_usage.add([network(1), network(2, last_seen_at=NOW + DAY)])
    reports = await database.version_usage.report(since=since, limit=10)
    assert sum(report.calls for report in reports) == sum(len(report.callers) for report in reports) == seen


async def test_a_version_nobody_called_has_no_report(database: SqlDatabase) -> None:
    """Whatever it is called."""
    await database.version_usage.add([NETWORK])
    for version in ("v2", "", "' OR 1=1", "x" * 5000, "v1\0", "\udcff"):
        assert list(await database.version_usage.report(version=version, limit=1)) == []


@pytest.mark.parametrize(
    "values",
    [
        "calls = 0, would_refuse = 0",
        "would_refuse = calls + 1",
        "last_refusal = NULL",
        "would_refuse = 0",
        "kind = 'person'",
        "kind = 'network'",
        "kind = 'others'",
        "kind = 'user'",
        "network = '192.0.2.0'",
        "last_seen_at = '2020-01-01T00:00:00.000000Z'",
    ],
)
async def test_a_row_that_contradicts_itself_cannot_be_stored(database: SqlDatabase, values: str) -> None:
    """Whoever writes it."""
    await database.version_usage.add([CLIENT])
    with pytest.raises(DatabaseUnavailable, match="ck_ww_version_usage"):
        await change(database, f"UPDATE ww_version_usage SET {values}")
    assert (await rows(database, "SELECT calls FROM ww_version_usage")) == [(2,)]
