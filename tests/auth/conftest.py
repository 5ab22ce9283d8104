"""A feed over a log of the test's own, on its clock."""

from __future__ import annotations

import pytest

from tests.auth.feeds import ListLog
from watchword.auth.revocation import RevocationFeed
from watchword.testing import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def log(clock: FakeClock) -> ListLog:
    return ListLog(clock)


@pytest.fixture
async def feed(log: ListLog, clock: FakeClock) -> RevocationFeed:
    loaded = RevocationFeed(log, clock)
    await loaded.load()
    return loaded
