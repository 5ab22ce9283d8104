"""FLT-20: the breakers across event loops, threads and forks."""

from __future__ import annotations

import asyncio
import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from watchword.auth.provider_guard import ProviderGuard
from watchword.errors import ProviderCircuitOpen, ProviderUnavailable
from watchword.protocol.breaker import BreakerPolicy
from watchword.testing import FakeClock

THREADS, CALLS = 8, 400


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def guard(clock: FakeClock) -> ProviderGuard:
    return ProviderGuard("dev", clock, draw=lambda: 0.0)


async def fail(guard: ProviderGuard, times: int = 5) -> None:
    async def down() -> None:
        raise ProviderUnavailable("down")

    for _ in range(times):
        with pytest.raises(ProviderUnavailable):
            await guard.run("token", down)


async def answering() -> bool:
    return True


def test_flt_20_every_loop_of_a_process_knows_the_same(guard: ProviderGuard, clock: FakeClock) -> None:
    """Loops come and go in one process: what one learnt holds in the next."""
    asyncio.run(fail(guard))
    with pytest.raises(ProviderCircuitOpen):
        asyncio.run(guard.run("token", answering))
    clock.advance(10)
    assert asyncio.run(guard.run("token", answering))
    assert asyncio.run(guard.run("token", answering))
    assert guard.state == "closed"


def test_flt_20_a_loop_that_dies_with_a_probe_wedges_nothing(guard: ProviderGuard, clock: FakeClock) -> None:
    """Its end cancels the probe, which frees the place; what is not even cancelled lapses."""
    asyncio.run(fail(guard))
    clock.advance(10)

    async def begin_and_leave() -> None:
        task = asyncio.create_task(guard.run("token", asyncio.Event().wait))
        await asyncio.sleep(0)
        assert not task.done()

    asyncio.run(begin_and_leave())
    assert asyncio.run(guard.run("token", answering))
    guard.admit("token")
    clock.advance(6)
    assert asyncio.run(guard.run("token", answering))


def test_flt_20_threads_with_loops_of_their_own_lose_no_update(clock: FakeClock) -> None:
    """Eight of them, each call counted, and one probe for all."""
    never = BreakerPolicy(failures_in_a_row=10**6, failure_share=2.0)
    guard = ProviderGuard("dev", clock, policy=never)
    together = threading.Barrier(THREADS)

    def calls() -> None:
        together.wait()
        asyncio.run(fail(guard, CALLS))

    with ThreadPoolExecutor(THREADS) as pool:
        for each in [pool.submit(calls) for _ in range(THREADS)]:
            each.result()
    assert guard.calls == {("token", "failed"): THREADS * CALLS}
    assert guard.health()["token"].failures == THREADS * CALLS


def test_flt_20_threads_get_one_probe_among_them(guard: ProviderGuard, clock: FakeClock) -> None:
    """Whoever is first; the others are refused."""
    asyncio.run(fail(guard))
    clock.advance(10)
    together = threading.Barrier(THREADS)

    def come() -> bool:
        together.wait()
        try:
            return guard.admit("token").probe
        except ProviderCircuitOpen:
            return False

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(lambda _: come(), range(THREADS))) == 1


def test_flt_20_a_fork_starts_with_what_was_known_and_goes_its_own_way(
    guard: ProviderGuard, clock: FakeClock
) -> None:
    """The child knows of the outage, waits for no lock that the parent held at the fork, and what it
    learns changes nothing for the parent."""
    asyncio.run(fail(guard))
    with guard._held(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if child == 0:
            os._exit(_in_child(guard, clock))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert guard.state == "open"


def _in_child(guard: ProviderGuard, clock: FakeClock) -> int:
    """0 when all is as it should be."""
    held_elsewhere = threading.Thread(target=guard.health)
    held_elsewhere.start()
    held_elsewhere.join(2)
    if held_elsewhere.is_alive() or guard.state != "open":
        return 1
    clock.advance(10)
    guard.admit("token")
    return 0 if guard.health()["token"].state == "half_open" else 2
