"""Promises of the moments in which a shared counter goes away, hangs, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.rate_limiting.test_shared import AWAY, BACK, LIMIT, hits, told
from tests.servers.valkey import ValkeyTestServer
from watchword.auth.rate_limits import CacheState
from watchword.config.cache_url import normalise_cache_url
from watchword.config.rate_limits import RateLimit
from watchword.rate_limiting.counter import open_counter
from watchword.rate_limiting.server import ServerCounter
from watchword.rate_limiting.shared import LOOK, RETRY_SECONDS, SharedCounter
from watchword.testing import FakeClock


class Server:
    """Counts as a server does, once its answer may come; ``gates`` hold answers back, by key."""

    cache_state: CacheState | None = None

    def __init__(self, clock: FakeClock) -> None:
        self._counter = open_counter(None, clock)
        self.asked: list[str] = []
        self.down = False
        self.gates: dict[str, asyncio.Event] = {}

    async def hit(self, key: str, limit: RateLimit) -> float | None:
        self.asked.append(key)
        down = self.down
        if key in self.gates:
            await self.gates[key].wait()
        if down:
            raise ConnectionError("gone")
        return await self._counter.hit(key, limit)

    def look(self) -> None:
        """Nobody looks at a server but its counter."""

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def server(clock: FakeClock) -> Server:
    return Server(clock)


@pytest.fixture
async def counter(server: Server, clock: FakeClock) -> AsyncIterator[SharedCounter]:
    """Patient beyond any test, so that only what a test says goes wrong."""
    made = SharedCounter(server, fallback=open_counter(None, clock), clock=clock, patience_seconds=60)
    yield made
    await made.close()


async def test_ses_48_losing_the_server_gives_nobody_a_fresh_window(
    server: Server, counter: SharedCounter
) -> None:
    """What a process let through while the server counted, it remembers itself."""
    assert await hits(counter, 4) == [True] * 4
    server.down = True
    assert await hits(counter, 3) == [True, False, False]
    assert await hits(counter, 1, key="b") == [True]


@pytest.mark.parametrize(("first_down", "passing"), [(False, 7), (True, 8)])
async def test_ses_48_a_server_that_flaps_lets_nobody_through_for_ever(
    server: Server, counter: SharedCounter, clock: FakeClock, first_down: bool, passing: int
) -> None:
    """What passed while it was away it never learns, so a window may hold more than the limit, but
    never twice as much in one process, however often it goes and comes."""
    passed = 0
    for turn in range(40):
        server.down = (turn % 2 == 1) is not first_down
        passed += sum([await counter.hit("a", RateLimit(5, 3600)) is None for _ in range(3)])
        clock.advance(RETRY_SECONDS)
    assert passed == passing


async def test_ses_48_a_late_answer_brings_nothing_back(
    server: Server, counter: SharedCounter, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Of fifty hits under way while the server is lost, forty-nine are answered: the log has one line,
    and the next hit does not ask."""
    server.gates = {str(number): asyncio.Event() for number in range(50)}
    under_way = [asyncio.create_task(counter.hit(key, LIMIT)) for key in server.gates]
    await asyncio.sleep(0)
    server.down = True
    assert await counter.hit("lost", LIMIT) is None
    for gate in server.gates.values():
        gate.set()
    assert await asyncio.gather(*under_way) == [None] * 50
    seen = [counter.cache_state]
    asked = len(server.asked)
    server.down = False
    await hits(counter, 3)
    assert len(server.asked) == asked
    clock.advance(RETRY_SECONDS)
    await hits(counter, 1)
    assert [*seen, counter.cache_state] == ["away", "ok"]
    assert told(caplog) == [AWAY, BACK]


async def test_ses_48_one_hit_waits_and_a_crowd_does_not(server: Server, clock: FakeClock) -> None:
    """A server that hangs costs one hit its patience every five seconds; a hundred others none, and
    the limit holds for all of them."""
    counter = SharedCounter(server, fallback=open_counter(None, clock), clock=clock, patience_seconds=0.01)
    for key in "abc":
        server.gates[key] = asyncio.Event()
    for key in "abc":
        waits = [await counter.hit(key, LIMIT)]
        waits += await asyncio.gather(*(counter.hit(key, LIMIT) for _ in range(100)))
        assert waits.count(None) == LIMIT.amount
        assert server.asked[-1] == key
        clock.advance(RETRY_SECONDS)
    assert server.asked == ["a", "b", "c"]
    await counter.close()


async def test_ses_47_a_crowd_that_meets_a_hanging_server_waits_once(
    server: Server, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Five hundred that are under way when it stops answering: all are decided by this process, as
    many pass as may, and the log has one line."""
    counter = SharedCounter(server, fallback=open_counter(None, clock), clock=clock, patience_seconds=0.05)
    server.gates["a"] = asyncio.Event()
    waits = await asyncio.gather(*(counter.hit("a", RateLimit(37, 60)) for _ in range(500)))
    assert waits.count(None) == 37
    assert told(caplog) == [AWAY]
    await counter.close()


async def test_ses_48_flushed_counters_are_a_fresh_window_and_nothing_worse(
    valkey_server: ValkeyTestServer, clock: FakeClock
) -> None:
    """As much passes as in a first window, and then nothing."""
    server = ServerCounter(normalise_cache_url(valkey_server.url), patience_seconds=30)
    counter = SharedCounter(server, fallback=open_counter(None, clock), clock=clock, patience_seconds=30)
    assert await hits(counter, 6) == [True] * 5 + [False]
    valkey_server.run("FLUSHALL")
    assert await hits(counter, 6) == [True] * 5 + [False]
    await counter.close()


async def test_ses_48_a_frozen_server_is_left_and_found_again(
    valkey_server: ValkeyTestServer, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Its connections stand and say nothing. When it goes on, what it answers to commands that nobody
    waits for any more is taken for no other's answer."""
    server = ServerCounter(normalise_cache_url(valkey_server.url), patience_seconds=1.5)
    counter = SharedCounter(server, fallback=open_counter(None, clock), clock=clock, patience_seconds=1.5)
    assert await hits(counter, 3) == [True] * 3
    valkey_server.freeze()
    assert await hits(counter, 3) == [True, True, False]
    valkey_server.thaw()
    for key in "bcde":
        clock.advance(RETRY_SECONDS)
        assert await hits(counter, 7, key=key) == [True] * 5 + [False] * 2
    assert told(caplog)[:2] == [AWAY, BACK]
    await counter.close()


async def test_a_clock_that_is_ahead_makes_nobody_wait_for_longer_than_the_window(
    valkey_server: ValkeyTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SES-50: hits are written with the time of the process that made them; an hour from now as well."""
    server = ServerCounter(normalise_cache_url(valkey_server.url), patience_seconds=30)
    limit = RateLimit(1, 60)
    with monkeypatch.context() as patched:
        patched.setattr("time.time", _ahead(3600))
        assert await server.hit("a", limit) is None
    assert await server.hit("a", limit) == 60
    await server.close()


def _ahead(seconds: float) -> Callable[[], float]:
    from time import time

    return lambda: time() + seconds


# --- what the process knows of it ------------------------------------------------------------------


async def test_ses_48_an_idle_process_knows_how_the_server_does(
    server: Server, counter: SharedCounter, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever wants to know has it looked at, in the background and once in five seconds."""
    assert counter.cache_state == "unknown"
    seen = list[CacheState]()
    for down in (False, True, True, False):
        server.down = down
        for _ in range(3):
            counter.look()
            await counter.settled()
        seen.append(counter.cache_state)
        clock.advance(RETRY_SECONDS)
    assert seen == ["ok", "away", "away", "ok"]
    assert server.asked == [LOOK[0]] * 4
    assert told(caplog) == [AWAY, BACK]


async def test_a_busy_process_is_not_looked_at(server: Server, counter: SharedCounter) -> None:
    """Hits say how the server does."""
    await hits(counter, 1)
    counter.look()
    await counter.settled()
    assert server.asked == ["a"]


async def test_a_look_under_way_ends_with_the_counter(server: Server, counter: SharedCounter) -> None:
    """A process that stops waits for nobody."""
    server.gates[LOOK[0]] = asyncio.Event()
    counter.look()
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await counter.close()
    assert server.asked == [LOOK[0]]
