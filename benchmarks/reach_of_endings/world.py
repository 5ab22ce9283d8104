"""Two replicas over one database, and a process of neither that signs people in and acts as operator."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

from benchmarks.reach_of_endings.endings import Endings, Pace
from benchmarks.reach_of_endings.plan import Ending, Plan, Way
from benchmarks.reach_of_endings.postgres import CannotMeasure, free_port, listens
from benchmarks.reach_of_endings.report import Asked
from watchword import Settings, Watchword
from watchword.auth.account_manager import AccountManager
from watchword.auth.clock import SystemClock
from watchword.storage import SqlDatabase

_ROOT: Final = Path(__file__).parents[2]
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 15.0
_STATEMENTS: Final = """
SELECT coalesce(sum(calls), 0) AS statements,
       coalesce(sum(calls) FILTER (WHERE query LIKE '%ww_revocations%'), 0) AS readings
  FROM pg_stat_statements
 WHERE query NOT LIKE '%pg_stat_statements%'
   AND query NOT LIKE 'BEGIN%' AND query NOT IN ('COMMIT', 'ROLLBACK')
"""
"""Leaves out this question itself, and the transactions around it and others."""
PACES: Final[dict[Way, Pace]] = {
    "announced": Pace(at_once=1, spread_seconds=0.05, pause_seconds=0.001),
    "polled": Pace(at_once=8, spread_seconds=1.0, pause_seconds=0.02),
    "pooled": Pace(at_once=8, spread_seconds=1.0, pause_seconds=0.02),
}
"""Where an ending waits for a look a second, many are watched at once, each asked about less often."""


@dataclass(frozen=True, slots=True)
class World:
    way: Way
    database_url: str
    secret_key: str

    @property
    def settings(self) -> dict[str, str]:
        return {
            "database_url": self.database_url,
            "secret_key": self.secret_key,
            "base_url": "http://127.0.0.1",
        }


async def measured(world: World, plan: Plan) -> tuple[dict[Ending, list[float]], Asked]:
    """Samples by kind of ending, and what requests cost the database. Raises CannotMeasure."""
    with _replica(world) as here, _replica(world) as there:
        await asyncio.to_thread(_wait, (here, there))
        async with _endings(world, here, there) as endings:
            await endings.measure(1, PACES[world.way])
            for samples in endings.seconds.values():
                samples.clear()
            await endings.measure(plan.times, PACES[world.way])
            return endings.seconds, await _asked(endings, plan.requests)


@asynccontextmanager
async def _endings(world: World, here: int, there: int) -> AsyncIterator[Endings]:
    auth = Watchword(Settings(**world.settings))
    services = await auth.services()
    accounts = AccountManager(
        services.database.accounts,
        clock=SystemClock(),
        tokens_live_seconds=auth.settings.longest_access_token_seconds,
        by="cli",
    )
    try:
        async with (
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{here}", timeout=30) as one,
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{there}", timeout=30) as other,
        ):
            yield Endings(one, other, services, accounts)
    finally:
        await auth.stop()


async def _asked(endings: Endings, requests: int) -> Asked:
    person = await endings.signed_in()
    await endings.ask(1, person)
    before = await _statements(endings)
    taken = await endings.ask(requests, person)
    statements, readings = await _statements(endings)
    return Asked(taken, statements - before[0], readings - before[1])


async def _statements(endings: Endings) -> tuple[int, int]:
    """Run so far in all databases, and those among them that read the feed."""
    database = endings.services.database
    if not isinstance(database, SqlDatabase):
        raise CannotMeasure("the database keeps no statistics")
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        counted = (await connection.exec_driver_sql(_STATEMENTS)).mappings().one()
    return int(counted["statements"]), int(counted["readings"])


@contextmanager
def _replica(world: World) -> Iterator[int]:
    """The port of one that is about to listen."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD_")}
    given = {f"WATCHWORD_{name.upper()}": value for name, value in world.settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.reach_of_endings.replica", str(port), world.way],
        cwd=_ROOT,
        env=kept | given,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield port
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)


def _wait(ports: tuple[int, ...]) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while not all(listens(port) for port in ports):
        if time.monotonic() > give_up_at:
            raise CannotMeasure("a replica did not start; its last words are above")
        time.sleep(0.1)
