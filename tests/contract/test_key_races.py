"""Promises of many who change one ring at once, each with connections of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from tests.auth.rings import manager_of
from tests.contract.samples import at_once
from watchword.auth.key_manager import KeyManager
from watchword.auth.sealing import Sealer
from watchword.protocol.key_ring import ANNOUNCE_SECONDS
from watchword.storage import DatabaseLimits, SqlDatabase, open_database
from watchword.testing import FakeClock

PATIENT = DatabaseLimits(pool_seconds=20, connect_seconds=20, statement_seconds=20, busy_seconds=20)
MANY = 6


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def managers(database_url: str, clock: FakeClock) -> AsyncIterator[Sequence[KeyManager]]:
    """Of as many replicas, which share nothing but the database."""
    opened = [open_database(database_url, limits=PATIENT) for _ in range(MANY)]
    yield [manager_of(each.keys, each.key_ledger, Sealer(bytes(32)), clock) for each in opened]
    for each in opened:
        await each.close()


async def states(manager: KeyManager) -> list[str]:
    return sorted(report.state for report in await manager.list())


async def test_managers_that_start_at_once_make_one_ring(managers: Sequence[KeyManager]) -> None:
    """Two keys in all."""
    await at_once(*[manager.ring.repaired for manager in managers])
    assert await states(managers[0]) == ["active", "next"]


async def test_schedules_that_are_due_at_once_make_one_key(
    managers: Sequence[KeyManager], clock: FakeClock, database: SqlDatabase
) -> None:
    """One of them rotates and tells; the others find it done."""
    await managers[0].ring.repaired()
    clock.advance(2_592_000)
    rotated = await at_once(*[manager.rotate_if_due for manager in managers])
    assert len([each for each in rotated if each is not None]) == 1
    assert await states(managers[0]) == ["active", "next", "retired"]
    assert len(await database.revocations.unexpired(now=clock.now())) == 1


async def test_operators_who_rotate_at_once_make_one_key(
    managers: Sequence[KeyManager], clock: FakeClock
) -> None:
    """Whoever loses either finds it done or is told that it is too soon for another."""
    await managers[0].ring.repaired()
    clock.advance(ANNOUNCE_SECONDS)
    await at_once(*[manager.rotate for manager in managers])
    assert await states(managers[0]) == ["active", "next", "retired"]


async def test_a_revocation_beats_rotations(managers: Sequence[KeyManager], clock: FakeClock) -> None:
    """Whatever the order, the revoked key is in no ring afterwards, and the ring is whole."""
    await managers[0].ring.repaired()
    clock.advance(2_592_000)
    active = next(report.kid for report in await managers[0].list() if report.state == "active")
    others = [manager.rotate_if_due for manager in managers[1:]]
    await at_once(lambda: managers[0].revoke({active}), *others)
    ring = [report for report in await managers[0].list() if report.kid != active]
    assert sorted(report.state for report in ring) in (["active", "next"], ["active", "next", "retired"])
    assert active in {report.kid for report in await managers[0].list() if report.state == "revoked"}
