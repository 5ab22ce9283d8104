"""A hundred thousand grants sealed anew, while the service goes on refreshing and asking again."""

from __future__ import annotations

import asyncio
import os
import sys
import time

import pytest
from sqlalchemy import insert, select

from tests.contract.conftest import database_url, sqlite_url
from tests.contract.samples import NOW, identity, new_session
from tests.contract.sealed import HERE, NEW, OLD, ListedRing, sealed_grant, stored_key
from watchword.auth.clock import SystemClock
from watchword.auth.resealing import Resealer
from watchword.auth.sealing import Sealer
from watchword.models import Identity, ProviderGrant
from watchword.storage import SqlDatabase, open_database
from watchword.storage.resealing import SqlSealedRows

__all__ = ["database_url", "sqlite_url"]

pytestmark = pytest.mark.soak
pytest_plugins = ["tests.servers.postgres"]
GRANTS = int(os.environ.get("SOAK_GRANTS", "100000"))
AT_ONCE = 1000


async def filled(database: SqlDatabase) -> None:
    """One session, and grants that wait for the cleanup."""
    await database.sessions.open(identity(), new_session(1))
    async with database.engine.connect() as connection:
        identity_id = (await connection.execute(select(Identity.id))).scalar_one()
    old = Sealer(OLD)
    for first in range(0, GRANTS, AT_ONCE):
        given = [sealed_grant(number, old) for number in range(first, first + AT_ONCE)]
        values = [
            {
                "id": each.grant_id,
                "identity_id": identity_id,
                "sealed_tokens": each.sealed_tokens,
                "sealed_id_token": each.sealed_id_token,
                "created_at": NOW,
            }
            for each in given
        ]
        async with database.engine.begin() as connection:
            await connection.execute(insert(ProviderGrant), values)


async def test_a_hundred_thousand_grants_beside_a_service(database_url: str) -> None:
    """All of them under the new key, and no write of the service waited for more than a batch."""
    database, other = open_database(database_url), open_database(database_url)
    try:
        await filled(database)
        ring = ListedRing([stored_key("a", "active", Sealer(OLD))])
        resealer = Resealer(
            Sealer(NEW, [OLD]),
            SqlSealedRows(database.transactions),
            ring,
            SystemClock(),
            registrations=[HERE],
        )
        waits: list[float] = []
        began_at = time.monotonic()
        work = asyncio.create_task(resealer.run())
        while not work.done():
            asked_at = time.monotonic()
            await other.single_use.claim("attempt", b"%d" % len(waits), expires_at=NOW)
            waits.append(time.monotonic() - asked_at)
            await asyncio.sleep(0.02)
        told = await work
        took = time.monotonic() - began_at
        waits.sort()
        middle, late = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
        sys.stdout.write(
            f"{GRANTS / took:.0f} grants/s, {took:.0f} s; writes beside it: "
            f"p50 {middle:.4f} s, p99 {late:.4f} s, longest {waits[-1]:.4f} s\n"
        )
        assert (told.resealed["provider_grants"], told.complete) == (GRANTS, True)
        again = time.monotonic()
        assert (await resealer.run()).already["provider_grants"] == GRANTS
        sys.stdout.write(f"nothing to do: {time.monotonic() - again:.1f} s\n")
    finally:
        await other.close()
        await database.close()
