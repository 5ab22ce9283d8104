"""Promises where PostgreSQL takes no writes: after a failover, or because an operator said so."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from tests.contract.samples import at_once, opened, rotation
from tests.contract.test_database_away import PATIENT, READS, WRITES, Call, assert_unavailable
from tests.servers.postgres import PostgresServer
from watchword.errors import DatabaseUnavailable
from watchword.storage import SqlDatabase, open_database

pytestmark = pytest.mark.postgres


def take_writes(server: PostgresServer, url: str, *, writes: bool) -> None:
    """For connections from now on; those there are keep what they began with."""
    name, value = make_url(url).database, "off" if writes else "on"
    server.run_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")


async def test_ses_46_a_read_only_server_is_unavailable_for_writers(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    """After a failover to a standby nobody is signed out for it: reads go on, writes are refused."""
    take_writes(postgres_server, postgres_url, writes=False)
    database = open_database(postgres_url, limits=PATIENT)
    for call in READS.values():
        await call(database)
    await assert_unavailable(database, WRITES)
    await database.close()


@pytest.mark.parametrize("name", ["rotate", "open", "end", "claim", "record"])
async def test_ses_46_connections_to_a_server_that_takes_no_writes_are_replaced(
    postgres_server: PostgresServer, postgres_url: str, name: str
) -> None:
    """Whoever writes over one that leads to the former primary is told to come back, and finds another
    then: the pool does not hand the same one out again until it grows old."""
    first = open_database(postgres_url, limits=PATIENT)
    await opened(first)
    await first.close()
    take_writes(postgres_server, postgres_url, writes=False)
    database = open_database(postgres_url, limits=PATIENT)
    await at_once(*(database.ping for _ in range(3)))
    take_writes(postgres_server, postgres_url, writes=True)
    assert 1 <= await refusals(database, WRITES[name]) <= 3
    await database.close()


async def refusals(database: SqlDatabase, call: Call) -> int:
    """How often ``call`` is told that the database is away before it is done."""
    for times in range(20):
        try:
            await call(database)
        except DatabaseUnavailable:
            continue
        return times
    raise AssertionError("the connection to the former primary is kept")


async def test_ses_46_a_refresh_never_reads_from_a_replica(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    """Its first statement writes, so a server that may lag behind answers nothing about a token."""
    database = open_database(postgres_url, limits=PATIENT)
    await opened(database)
    await database.close()
    take_writes(postgres_server, postgres_url, writes=False)
    lagging = open_database(postgres_url, limits=PATIENT)
    for generation in (1, 2):
        with pytest.raises(DatabaseUnavailable, match="read-only"):
            await lagging.sessions.rotate(rotation(generation=generation))
    await lagging.close()
