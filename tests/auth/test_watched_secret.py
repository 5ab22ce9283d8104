"""Secrets behind references: read once for all who ask, by schedule, and never waited for (FLT-23)."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.flows.kept_secrets import KeptSecrets, reference
from watchword.auth.secret_reader import SecretReader
from watchword.auth.secret_watch import SecretWatch
from watchword.auth.watched_secret import COOLDOWN_SECONDS, Source, WatchedSecret
from watchword.testing import FakeClock

OLD, NEW = "the-old-secret-of-ours", "the-new-secret-of-ours"


@pytest.fixture
def kept() -> KeptSecrets:
    return KeptSecrets(ours=OLD)


@pytest.fixture
def reader(kept: KeptSecrets) -> SecretReader:
    return SecretReader(kept.resolver())


@pytest.fixture
def secret(reader: SecretReader, watchword_clock: FakeClock) -> WatchedSecret[str]:
    return WatchedSecret("OURS", OLD, watchword_clock, source=Source(reference("ours"), str, reader))


async def test_flt_23_many_demands_are_one_reading(
    kept: KeptSecrets, secret: WatchedSecret[str], watchword_clock: FakeClock
) -> None:
    """And those that come while it is under way, or within half a minute, are none."""
    kept.answers.clear()
    demands = [asyncio.create_task(secret.ask_again(wait_seconds=5)) for _ in range(200)]
    await asyncio.to_thread(kept.asked.wait, 5)
    kept.replace("ours", NEW)
    kept.answers.set()
    await asyncio.gather(*demands)
    watchword_clock.advance(COOLDOWN_SECONDS - 1)
    await secret.ask_again(wait_seconds=5)
    assert (kept.readings, secret.candidates) == (1, (NEW, OLD))
    watchword_clock.advance(1)
    await secret.ask_again(wait_seconds=5)
    assert kept.readings == 2


async def test_flt_23_nobody_waits_for_a_store_that_hangs(
    kept: KeptSecrets, secret: WatchedSecret[str], watchword_clock: FakeClock
) -> None:
    """What it says later counts all the same."""
    kept.answers.clear()
    await secret.ask_again(wait_seconds=0)
    assert NEW not in secret.candidates
    kept.replace("ours", NEW)
    kept.answers.set()
    await secret.ask_again(wait_seconds=5)
    assert secret.candidates == (NEW, OLD)


async def test_flt_23_the_schedule_goes_on_whatever_fails(
    kept: KeptSecrets, reader: SecretReader, watchword_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A look that fails for a reason of ours is told, and the next one comes all the same."""
    looks = 0

    def break_once(text: str) -> str:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise TypeError
        return text

    odd = WatchedSecret("ODD", OLD, watchword_clock, source=Source(reference("ours"), break_once, reader))
    found = asyncio.Event()
    source = Source(reference("ours"), str, reader)
    plain = WatchedSecret("PLAIN", OLD, watchword_clock, source=source, on_change=lambda _: found.set())
    watch = SecretWatch([odd, plain], reader, look_seconds=0, draw=lambda: 0)
    kept.replace("ours", NEW)
    with caplog.at_level(logging.WARNING, "watchword"):
        following = asyncio.create_task(watch.follow())
        await asyncio.wait_for(found.wait(), 10)
    following.cancel()
    await asyncio.wait({following})
    watch.close()
    assert caplog.messages == ["secret watch: a look failed: TypeError"]


async def test_flt_23_settings_that_share_a_secret_are_read_together(
    kept: KeptSecrets, reader: SecretReader, watchword_clock: FakeClock
) -> None:
    """One reading however many refer to it, and one look however many want it."""
    source = Source(reference("ours"), str, reader)
    secrets = [WatchedSecret(f"OURS_{number}", OLD, watchword_clock, source=source) for number in range(20)]
    watch = SecretWatch(secrets, reader)
    kept.replace("ours", NEW)
    await asyncio.gather(*(watch.look() for _ in range(5)))
    assert {each.current for each in secrets} == {NEW}
    assert kept.readings == 1
