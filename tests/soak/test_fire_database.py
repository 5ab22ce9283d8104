"""SES-44 and SES-45: a database that restarts or stands still under fifty refreshes a second."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.own_postgres import OwnPostgres, own_postgres
from tests.soak.fire import (
    Client,
    Sample,
    assert_all_go_on,
    at_rate,
    http_to,
    replicas,
    samples_of,
    signing_in,
    told,
)
from tests.soak.timing import SOAK_SECONDS

pytestmark = pytest.mark.soak
CLIENTS = 200
PER_SECOND = 50
BACK_SECONDS = 5.0
LONGEST_SECONDS = 6.0
"""A place in the pool, a connection and a statement, and what a busy machine adds."""
FREEZE_SECONDS = 30.0
MORE_MEGABYTES = 50


@pytest.fixture
def server() -> Iterator[OwnPostgres]:
    with own_postgres() as running:
        yield running


async def clients_of(url: str) -> list[Client]:
    async with signing_in(url) as signs_in:
        grants = [await signs_in.open(f"person-{each}") for each in range(CLIENTS)]
    return [Client(each.refresh_token, each.access.text) for each in grants]


def failed(samples: list[Sample]) -> list[Sample]:
    return [each for each in samples if each.status != 200]


def report(what: str, samples: list[Sample]) -> None:
    sys.stdout.write(f"{what}: {told(samples)}\n")


async def test_ses_44_a_restart_costs_the_time_it_takes(server: OwnPostgres, tmp_path: Path) -> None:
    """503 with Retry-After while the server is away, at most five seconds more, and nothing else; then
    every client goes on with what it holds."""
    clients = await clients_of(server.url)
    with replicas(tmp_path, server.url) as (service,):
        async with http_to(service) as http:
            until = time.monotonic() + max(15.0, SOAK_SECONDS)
            traffic = asyncio.create_task(at_rate(http, clients, per_second=PER_SECOND, until=until))
            await asyncio.sleep(4)
            stopped_at = time.monotonic()
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(2)
            await asyncio.to_thread(server.start)
            back_at = time.monotonic()
            await traffic
            samples = samples_of(clients)
            report("restart", samples)
            bad = failed(samples)
            report(f"failed, away for {back_at - stopped_at:.1f} s", bad)
            assert {each.status for each in bad} == {503}
            assert all(each.retry_after for each in bad)
            last = max(each.at + each.seconds for each in bad) - back_at
            sys.stdout.write(f"last failure {last:.2f} s after it was back\n")
            assert min(each.at + each.seconds for each in bad) >= stopped_at
            assert last <= BACK_SECONDS
            assert max(each.seconds for each in samples) <= LONGEST_SECONDS
            await assert_all_go_on(http, clients)


async def test_ses_45_a_server_that_stands_still_costs_its_time(server: OwnPostgres, tmp_path: Path) -> None:
    """Frozen for half a minute: refreshes are 503 in time, access tokens are good all the while, memory
    and threads stay what they were, and every client goes on afterwards."""
    clients = await clients_of(server.url)
    callers = [Client(each.token, each.access) for each in clients[:10]]
    frozen_seconds = min(FREEZE_SECONDS - 4, max(8.0, SOAK_SECONDS / 2))
    with replicas(tmp_path, server.url) as (service,):
        async with http_to(service) as http, http_to(service) as http_of_callers:
            until = time.monotonic() + 4 + frozen_seconds + 8
            traffic = asyncio.create_task(at_rate(http, clients, per_second=PER_SECOND, until=until))
            await asyncio.sleep(4)
            before = used(service.process.pid)
            server.freeze()
            thaw_at = time.monotonic() + frozen_seconds
            while time.monotonic() < thaw_at:
                for caller in callers:
                    assert await caller.call(http_of_callers) == 200
                await asyncio.sleep(0.2)
            server.thaw()
            back_at = time.monotonic()
            await traffic
            after = used(service.process.pid)
            samples = samples_of(clients)
            report("freeze", samples)
            bad = failed(samples)
            report(f"failed, frozen for {frozen_seconds:.0f} s", bad)
            report("access tokens meanwhile", samples_of(callers))
            sys.stdout.write(f"megabytes, threads: {before} before, {after} after\n")
            assert {each.status for each in bad} == {503}
            assert all(each.retry_after for each in bad)
            assert max(each.at + each.seconds for each in bad) - back_at <= BACK_SECONDS
            assert max(each.seconds for each in samples) <= LONGEST_SECONDS
            assert after[0] - before[0] <= MORE_MEGABYTES
            assert after[1] - before[1] <= 2
            await assert_all_go_on(http, clients)


def used(pid: int) -> tuple[int, int]:
    """Resident megabytes and threads of a process."""
    said = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
    )
    return int(said["VmRSS"].split()[0]) // 1024, int(said["Threads"])
