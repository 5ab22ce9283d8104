"""Promises of counting in one process."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.examples import examples
from watchword.config.rate_limits import RateLimit
from watchword.rate_limiting.counter import WindowCounter, open_counter
from watchword.rate_limiting.memory import MAX_KEYS, BoundedMemoryStorage
from watchword.testing import FakeClock

A_MINUTE = RateLimit(3, 60)


async def test_the_limit_passes_and_one_more_does_not(clock: FakeClock) -> None:
    """What is over it learns when a slot frees; a refused hit is not counted."""
    counter = open_counter(None, clock)
    assert [await counter.hit("a", A_MINUTE) for _ in range(4)] == [None, None, None, 60.0]
    clock.advance(59.5)
    assert await counter.hit("a", A_MINUTE) == 0.5
    clock.advance(0.5)
    assert [await counter.hit("a", A_MINUTE) for _ in range(4)] == [None, None, None, 60.0]


async def test_no_moment_lets_twice_the_limit_through(clock: FakeClock) -> None:
    """The window moves with each hit, it does not start anew on the minute."""
    counter = open_counter(None, clock)
    assert await counter.hit("a", A_MINUTE) is None
    clock.advance(50)
    assert [await counter.hit("a", A_MINUTE) for _ in range(2)] == [None, None]
    clock.advance(10)
    assert [await counter.hit("a", A_MINUTE) for _ in range(2)] == [None, 50.0]


async def test_keys_and_windows_are_counted_apart(clock: FakeClock) -> None:
    """Nobody uses up what is another's."""
    counter = open_counter(None, clock)
    one = RateLimit(1, 1)
    assert await counter.hit("a", one) is None
    assert await counter.hit("b", one) is None
    assert await counter.hit("a", RateLimit(1, 60)) is None
    assert await counter.hit("a", one) == 1.0


async def test_ses_80_parallel_hits_are_counted_exactly(clock: FakeClock) -> None:
    """Of a hundred at once, as many pass as may."""
    counter = open_counter(None, clock)
    waits = await asyncio.gather(*(counter.hit("a", RateLimit(37, 60)) for _ in range(100)))
    assert waits.count(None) == 37


@hypothesis_settings(derandomize=True, deadline=None, max_examples=examples(60))
@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.5])), max_size=40),
)
def test_a_second_never_holds_more_than_the_limit(amount: int, steps: list[tuple[str, float]]) -> None:
    """Whenever hits come; and one is refused only where the second before it is full."""

    async def run() -> None:
        clock, passed = FakeClock(), list[tuple[str, float]]()
        counter = open_counter(None, clock)
        for key, pause in steps:
            clock.advance(pause)
            now = clock.monotonic()
            recent = [at for other, at in passed if other == key and at > now - 1]
            wait = await counter.hit(key, RateLimit(amount, 1))
            assert (wait is None) == (len(recent) < amount)
            if wait is None:
                passed.append((key, now))
            else:
                assert wait == min(recent) + 1 - now

    asyncio.run(run())


async def test_ses_84_a_million_addresses_fit_into_little_memory(clock: FakeClock) -> None:
    """What one process keeps is bounded, whoever comes; here at a fiftieth of the size."""
    at_most = MAX_KEYS // 50
    storage = BoundedMemoryStorage(clock.monotonic, max_keys=at_most)
    tracemalloc.start()
    try:
        for number in range(4 * at_most):
            await storage.acquire_entry(f"LIMITER/login:{number:032x}/30/60/second", 30, 60)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert await storage.reset() == at_most
    assert peak * 50 < 100_000_000


@pytest.mark.parametrize("bound", [{"max_hits": 4}, {"max_keys": 2}], ids=str)
async def test_ses_84_the_quietest_keys_go_first(clock: FakeClock, bound: dict[str, int]) -> None:
    """Beyond either bound, whoever asks most is remembered longest."""
    storage = BoundedMemoryStorage(clock.monotonic, **bound)
    counter = WindowCounter(storage, clock.monotonic)
    for key in ("a", "b", "a", "c", "a", "d"):
        await counter.hit(key, A_MINUTE)
    assert await counter.hit("a", A_MINUTE) == 60.0
    assert await storage.reset() == 2


@pytest.mark.parametrize("bound", [{"max_hits": 10}, {"max_keys": 10}], ids=str)
async def test_ses_84_a_flood_of_one_limit_forgets_no_other(clock: FakeClock, bound: dict[str, int]) -> None:
    """Windows share the memory, and whoever fills one finds only that one emptied."""
    counter = WindowCounter(BoundedMemoryStorage(clock.monotonic, **bound), clock.monotonic)
    hourly = RateLimit(3, 3600)
    assert [await counter.hit("victim", hourly) for _ in range(3)] == [None] * 3
    for number in range(100):
        await counter.hit(str(number), A_MINUTE)
    assert await counter.hit("victim", hourly) == 3600.0


async def test_ses_84_the_largest_limit_can_be_counted(clock: FakeClock) -> None:
    """What may be set is held in memory, so that it holds."""
    storage = BoundedMemoryStorage(clock.monotonic)
    assert await storage.acquire_entry("a", 999_999, 3600, amount=999_999)
    assert not await storage.acquire_entry("a", 999_999, 3600)


async def test_ses_84_what_has_expired_is_forgotten(clock: FakeClock) -> None:
    """Also keys that never come back, and of a window that nothing is counted in any more."""
    storage = BoundedMemoryStorage(clock.monotonic)
    counter = WindowCounter(storage, clock.monotonic)
    for number in range(50):
        await counter.hit(str(number), A_MINUTE)
        await counter.hit(str(number), RateLimit(1, 1))
    clock.advance(60)
    await counter.hit("new", A_MINUTE)
    assert await storage.reset() == 1


async def test_clearing_a_key_frees_it(clock: FakeClock) -> None:
    """The storage keeps the contract of the library it extends."""
    storage = BoundedMemoryStorage(clock.monotonic)
    assert [await storage.acquire_entry("a", 2, 60, amount=2) for _ in range(2)] == [True, False]
    await storage.clear("a")
    assert await storage.get_moving_window("a", 2, 60) == (clock.monotonic(), 0)
    assert await storage.acquire_entry("a", 2, 60)
    assert await storage.get_moving_window("a", 2, 5) == (clock.monotonic(), 0)


async def test_a_full_window_costs_no_more_than_it_holds(clock: FakeClock) -> None:
    """A key that is refused for a minute grows by nothing."""
    storage = BoundedMemoryStorage(clock.monotonic)
    for _ in range(500):
        await storage.acquire_entry("a", 20, 60)
    assert await storage.get_moving_window("a", 20, 60) == (clock.monotonic(), 20)
