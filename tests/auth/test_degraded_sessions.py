"""The count of degraded sessions: asked of the database seldom, by one caller for all."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime

import pytest

from watchword.auth.degraded_sessions import COUNT_AGAIN_SECONDS, MOST_COUNTED, DegradedSessions
from watchword.auth.session_count_ports import SessionCount
from watchword.errors import DatabaseUnavailable
from watchword.testing import FakeClock

PROVIDERS = ("dev",)


class Store:
    """``SessionCountStore`` that says what a test tells it, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.fault: Exception | None = None
        self.answers = asyncio.Event()
        self.answers.set()

    async def degraded(
        self, provider_ids: Collection[str], *, now: datetime, at_most: int
    ) -> Mapping[str, int]:
        assert at_most == MOST_COUNTED
        self.asked += 1
        await self.answers.wait()
        if self.fault is not None:
            raise self.fault
        return dict.fromkeys(provider_ids, self.asked)

    async def by_provider(self, *, now: datetime) -> Mapping[str, SessionCount]:
        raise AssertionError("reads every session")


async def test_however_often_it_is_scraped_the_database_is_asked_seldom() -> None:
    """Once in ten seconds, at the edge itself again."""
    store, clock = Store(), FakeClock()
    counts = DegradedSessions(store, clock, PROVIDERS)
    assert [await counts.counted() for _ in range(3)] == [{"dev": 1}] * 3
    clock.advance(COUNT_AGAIN_SECONDS - 0.001)
    assert await counts.counted() == {"dev": 1}
    clock.advance(0.001)
    assert await counts.counted() == {"dev": 2}
    assert store.asked == 2


async def test_parallel_scrapes_share_one_question() -> None:
    """Also while the database takes its time."""
    store = Store()
    store.answers.clear()
    counts = DegradedSessions(store, FakeClock(), PROVIDERS)
    waiting = [asyncio.create_task(counts.counted()) for _ in range(20)]
    await asyncio.sleep(0)
    store.answers.set()
    assert await asyncio.gather(*waiting) == [{"dev": 1}] * 20


@pytest.mark.parametrize("fault", [DatabaseUnavailable("away"), RuntimeError("nobody foresaw this")])
async def test_a_database_that_does_not_say_is_no_number(fault: Exception) -> None:
    """Not the last one either, and it is left alone as long as one that answers."""
    store, clock = Store(), FakeClock()
    counts = DegradedSessions(store, clock, PROVIDERS)
    assert await counts.counted() == {"dev": 1}
    store.fault = fault
    clock.advance(COUNT_AGAIN_SECONDS)
    assert [await counts.counted() for _ in range(3)] == [None] * 3
    assert store.asked == 2
    store.fault = None
    clock.advance(COUNT_AGAIN_SECONDS)
    assert await counts.counted() == {"dev": 3}


async def test_a_slow_count_holds_no_scrape_up() -> None:
    """After its patience a scrape takes what was known; the count that arrives late is for the next one."""
    store, clock = Store(), FakeClock()
    counts = DegradedSessions(store, clock, PROVIDERS, longest_wait_seconds=0.1)
    assert await counts.counted() == {"dev": 1}
    store.answers.clear()
    clock.advance(COUNT_AGAIN_SECONDS)
    assert await counts.counted() == {"dev": 1}
    assert await counts.counted() == {"dev": 1}
    store.answers.set()
    await asyncio.sleep(0.01)
    assert await counts.counted() == {"dev": 2}
    assert store.asked == 2


async def test_a_caller_that_leaves_takes_no_count_with_it() -> None:
    """A scraper's timeout ends its request, not the question of the others."""
    store = Store()
    store.answers.clear()
    counts = DegradedSessions(store, FakeClock(), PROVIDERS)
    leaving = asyncio.create_task(counts.counted())
    staying = asyncio.create_task(counts.counted())
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait({leaving})
    store.answers.set()
    assert await staying == {"dev": 1}
