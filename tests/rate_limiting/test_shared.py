"""Promises of counting on a server that several processes share, and of its absence."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest

from tests.servers.valkey import ValkeyTestServer
from watchword.auth.rate_limits import HitCounter
from watchword.config.cache_url import normalise_cache_url
from watchword.config.rate_limits import RateLimit
from watchword.rate_limiting.counter import open_counter
from watchword.rate_limiting.server import ServerCounter
from watchword.rate_limiting.shared import PATIENCE_SECONDS, RETRY_SECONDS, SharedCounter
from watchword.testing import FakeClock

LIMIT = RateLimit(5, 60)
AWAY = "the cache is away, each process counts rate limits by itself"
BACK = "the cache is back, rate limits are shared again"


@asynccontextmanager
async def counting(
    url: str, clock: FakeClock, *, patience_seconds: float = 30
) -> AsyncIterator[SharedCounter]:
    counter = SharedCounter(
        ServerCounter(normalise_cache_url(url), patience_seconds=patience_seconds),
        fallback=open_counter(None, clock),
        clock=clock,
        patience_seconds=patience_seconds,
    )
    try:
        yield counter
    finally:
        await counter.close()


async def hits(counter: HitCounter, times: int, key: str = "a") -> list[bool]:
    return [await counter.hit(key, LIMIT) is None for _ in range(times)]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of the cache, without causes."""
    return [message.partition(":")[0] for message in caplog.messages if "the cache is" in message]


async def test_processes_count_together(valkey_server: ValkeyTestServer, clock: FakeClock) -> None:
    """Two counters of one service share what one limit allows."""
    async with counting(valkey_server.url, clock) as one, counting(valkey_server.url, clock) as other:
        assert await hits(one, 3) == [True] * 3
        assert await hits(other, 3) == [True, True, False]
        wait = await one.hit("a", LIMIT)
        assert wait is not None
        assert 0 < wait <= 60
        assert await other.hit("b", LIMIT) is None


async def test_ses_80_a_hundred_parallel_hits_are_counted_exactly(
    valkey_server: ValkeyTestServer, clock: FakeClock
) -> None:
    """The server decides each in one step, however they meet there."""
    limit = RateLimit(37, 60)
    shared = partial(counting, valkey_server.url, clock)
    async with shared() as one, shared() as other:
        waits = await asyncio.gather(*(each.hit("a", limit) for _ in range(50) for each in (one, other)))
    assert waits.count(None) == 37


_PROCESS = """
import asyncio, sys
from watchword.auth.clock import SystemClock
from watchword.config.rate_limits import RateLimit
from watchword.rate_limiting.counter import open_counter
from watchword.rate_limiting.server import ServerCounter
from watchword.rate_limiting.shared import SharedCounter

async def main() -> None:
    clock = SystemClock()
    local = open_counter(None, clock)
    server = ServerCounter(sys.argv[1], patience_seconds=30)
    counter = SharedCounter(server, fallback=local, clock=clock, patience_seconds=30)
    sys.stdin.readline()
    waits = await asyncio.gather(*(counter.hit("a", RateLimit(60, 3600)) for _ in range(50)))
    print(waits.count(None))
    await counter.close()

asyncio.run(main())
"""


def test_ses_80_two_processes_at_once_are_counted_exactly(valkey_server: ValkeyTestServer) -> None:
    """Over replicas: a hundred requests, half in each process."""
    command = [sys.executable, "-c", _PROCESS, normalise_cache_url(valkey_server.url)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    passed = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(passed) == 60


async def test_a_slot_frees_as_time_passes(valkey_server: ValkeyTestServer, clock: FakeClock) -> None:
    """The server's window moves too; it is measured by real time."""
    async with counting(valkey_server.url, clock) as counter:
        waits = [await counter.hit("a", RateLimit(1, 1)) for _ in range(2)]
        assert waits[0] is None
        for _ in range(20):
            await asyncio.sleep(0.1)
            if await counter.hit("a", RateLimit(1, 1)) is None:
                return
        pytest.fail("no slot came free")


async def test_the_address_of_the_settings_is_the_server(
    valkey_server: ValkeyTestServer, clock: FakeClock
) -> None:
    """With an address hits are on the server, without one they are here."""
    counter = open_counter(normalise_cache_url(valkey_server.url), clock)
    assert await counter.hit("a", LIMIT) is None
    assert len(valkey_server.run("KEYS", "*")) == 1
    await counter.close()


async def test_ses_48_no_server_at_all_means_counting_here(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Refused connections cost nobody a request; the log says so once."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"valkey://:canary@127.0.0.1:{taken.getsockname()[1]}"
        async with counting(url, clock) as counter:
            assert await hits(counter, 6) == [True] * 5 + [False]
    assert told(caplog) == [AWAY]
    assert "canary" not in caplog.text


async def test_ses_48_a_server_that_comes_and_goes(
    valkey_server: ValkeyTestServer, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Away, which gives nobody a fresh window, and back with empty data, which does; every change of
    state is told once."""
    async with counting(valkey_server.url, clock) as counter:
        assert await hits(counter, 3) == [True] * 3
        valkey_server.stop()
        assert await hits(counter, 3) == [True] * 2 + [False]
        valkey_server.start()
        assert await hits(counter, 1) == [False], "a server that was away is not asked at once"
        clock.advance(RETRY_SECONDS)
        assert await hits(counter, 6) == [True] * 5 + [False]
    assert told(caplog) == [AWAY, BACK]


async def test_ses_48_a_dead_server_is_asked_by_one_hit_at_a_time(clock: FakeClock) -> None:
    """Those that come while one is finding out do not wait for it."""
    attempts = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        url = f"valkey://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with counting(url, clock) as counter:
            await hits(counter, 5)
            first = attempts
            await asyncio.gather(*(counter.hit("b", LIMIT) for _ in range(50)))
            assert attempts == first
            clock.advance(RETRY_SECONDS)
            await asyncio.gather(*(counter.hit("c", LIMIT) for _ in range(50)))
            assert attempts <= 2 * first


@pytest.mark.parametrize(
    "disturb",
    [
        lambda server: server.run("FLUSHALL"),
        lambda server: server.run("SCRIPT", "FLUSH"),
        lambda server: server.run("CLIENT", "KILL", "TYPE", "normal"),
    ],
    ids=["flushed", "scripts lost", "connections cut"],
)
async def test_ses_48_what_a_server_may_do_to_us(
    valkey_server: ValkeyTestServer, clock: FakeClock, disturb: Callable[[ValkeyTestServer], None]
) -> None:
    """Counts may be lost, a request never is."""
    async with counting(valkey_server.url, clock) as counter:
        await hits(counter, 2)
        disturb(valkey_server)
        assert await hits(counter, 3) == [True] * 3


@pytest.mark.parametrize(
    "command",
    [
        ("CLIENT", "PAUSE", "60000", "ALL"),
        ("CONFIG", "SET", "requirepass", "canary"),
        ("CONFIG", "SET", "maxmemory", "1"),
        ("REPLICAOF", "127.0.0.1", "1"),
    ],
    ids=["silent", "password", "full", "read only"],
)
async def test_ses_48_a_server_that_will_not_count_is_as_good_as_away(
    valkey_server: ValkeyTestServer,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    command: tuple[str, ...],
) -> None:
    """Slow, locked, full or read-only, we go on by ourselves."""
    caplog.set_level(logging.INFO, logger="watchword")
    valkey_server.run(*command)
    async with counting(valkey_server.url, clock, patience_seconds=PATIENCE_SECONDS) as counter:
        assert await hits(counter, 6) == [True] * 5 + [False]
    assert told(caplog) == [AWAY]


async def test_ses_48_a_server_of_another_kind_is_no_crash(clock: FakeClock) -> None:
    """An address that answers with something else."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n\xff\x00")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = f"valkey://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with counting(url, clock) as counter:
            assert await hits(counter, 6) == [True] * 5 + [False]


async def test_keys_are_ours_and_expire(valkey_server: ValkeyTestServer, clock: FakeClock) -> None:
    """What lies on the server is named for us and goes by itself."""
    async with counting(valkey_server.url, clock) as counter:
        await counter.hit("login:0123", LIMIT)
    (key,) = valkey_server.run("KEYS", "*")
    assert key.startswith(b"watchword:")
    assert 0 < valkey_server.run("TTL", key) <= 60
