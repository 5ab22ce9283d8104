"""SES-07 at length: refreshes and sign-ins beside a cleanup that never rests, at the edge of expiry."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from tests.contract.conftest import database_url, sqlite_url
from tests.contract.samples import rows
from tests.sessions.callers import PATIENT, Place, Post, post
from tests.sessions.parts import ABSOLUTE_SECONDS, START, TOKENS_LIVE
from tests.soak.timing import SOAK_SECONDS
from watchword.auth.cleanup import Cleanup
from watchword.errors import RefreshRefused
from watchword.storage import open_database
from watchword.testing import FakeClock

__all__ = ["database_url", "sqlite_url"]

pytestmark = pytest.mark.soak
pytest_plugins = ["tests.servers.postgres"]
CLIENTS = 20
STEP_SECONDS = 7
EDGE = timedelta(seconds=ABSOLUTE_SECONDS) + TOKENS_LIVE


async def client(number: int, here: Post, ends_at: float, answers: Counter[str]) -> None:
    """Signs in, refreshes until that is refused, now and then with the token before, and begins again."""
    rounds = 0
    while time.monotonic() < ends_at:
        token = (await here.replica.open(f"person-{number}")).refresh_token
        while time.monotonic() < ends_at:
            rounds += 1
            try:
                successor = (await here.replica.manager.refresh(token)).refresh_token
            except RefreshRefused as refused:
                answers[type(refused).__name__] += 1
                break
            answers["granted"] += 1
            token = token if rounds % 5 == 0 else successor
            await asyncio.sleep(0)


async def test_ses_07_refreshes_beside_a_cleanup_that_never_rests(database_url: str) -> None:
    """Granted or refused, never anything else. The clock of the cleanup is so far ahead that it takes
    sessions which are in use; all that it has to take is gone afterwards."""
    answers: Counter[str] = Counter()
    ends_at = time.monotonic() + SOAK_SECONDS
    async with AsyncExitStack() as stack:
        here = await post(Place(database_url), stack)
        database = open_database(database_url, limits=PATIENT)
        stack.push_async_callback(database.close)
        clock = FakeClock(START + EDGE)
        cleanup = Cleanup(
            database.cleanup,
            database.version_usage,
            clock,
            tokens_live_seconds=int(TOKENS_LIVE.total_seconds()),
            retention_days=90,
        )
        clients = [asyncio.create_task(client(each, here, ends_at, answers)) for each in range(CLIENTS)]
        while time.monotonic() < ends_at:
            assert (await cleanup.run()).finished
            here.replica.clock.advance(STEP_SECONDS)
            clock.advance(STEP_SECONDS)
            await asyncio.sleep(0.01)
        await asyncio.gather(*clients)
        clock.advance(EDGE.total_seconds())
        await cleanup.run()
        assert (await rows(database, "SELECT count(*) FROM ww_sessions"))[0][0] == 0
    sys.stdout.write(f"{dict(answers)}, {cleanup.gone['sessions']} sessions gone\n")
    assert answers["granted"] > 0
    assert answers["RefreshRefused"] > 0
