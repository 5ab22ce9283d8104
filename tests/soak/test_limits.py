"""SES-84 and SES-86 at full size: for `make soak`."""

from __future__ import annotations

import statistics
import tracemalloc
from collections.abc import Iterator
from functools import partial

import pytest

from tests.flows.test_enumeration import Ended, people_who_ended
from tests.soak.timing import BATCH, SOAK_SECONDS, Ask, ask, in_turns
from watchword.rate_limiting.memory import BoundedMemoryStorage
from watchword.testing import FakeClock

pytestmark = pytest.mark.soak

BYTES = 100_000_000
SECONDS_EACH = SOAK_SECONDS / 3
MICROSECONDS_APART = 2000


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    with people_who_ended(tmp_path_factory.mktemp("ended")) as found:
        yield found


async def test_ses_84_a_million_addresses_in_every_window_stay_below_100_mb() -> None:
    """A second, a minute and an hour, a million keys in all and as many hits of them as fit; then all of
    them expire."""
    clock = FakeClock()
    storage = BoundedMemoryStorage(clock.monotonic)
    tracemalloc.start()
    try:
        for number in range(333_334):
            for seconds in (1, 60, 3600):
                await storage.acquire_entry(f"LIMITER/login:{number:032x}/30/{seconds}/second", 30, seconds)
            if number % 50 == 0:
                await storage.acquire_entry("one that asks more", 999_999, 3600, amount=49)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < BYTES
    clock.advance(3600)
    for seconds in (1, 60, 3600):
        await storage.acquire_entry("last", 30, seconds)
    assert await storage.reset() == 3


def test_ses_86_whose_token_it_was_cannot_be_timed(ended: Ended) -> None:
    """Signed out, disabled and gone: medians of a thousand refreshes each, measured in turns, are less
    than 5 % or 2 ms apart. A forgery is refused sooner, before the database is asked, and that tells
    whoever made it nothing that they do not know."""
    tokens = {fate: each["refresh_token"] for fate, each in ended.tokens.items()}
    json = {b"content-type": b"application/json"}

    def refresh(token: str) -> Ask:
        body = b'{"client_id": "spa", "refresh_token": "' + token.encode() + b'"}'
        return partial(ask, ended.service.app, "POST", "/auth/refresh", json, body)

    for fate in ("disabled", "gone"):
        pair = refresh(tokens["signed out"]), refresh(tokens[fate])
        found = ended.service.call(partial(in_turns, *pair, seconds=SECONDS_EACH))
        one, other = (statistics.median(each) for each in found)
        assert abs(one - other) < max(0.05 * one, MICROSECONDS_APART), (fate, one, other)
        assert min(map(len, found)) * BATCH >= 1000, "too few to tell"
