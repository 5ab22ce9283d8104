"""SES-50: clocks that are wrong, are put right, or belong to somebody else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.sessions.parts import ACCESS_SECONDS, IDLE_SECONDS, OVERLAP_SECONDS, START, Replica, replica
from watchword.auth.clock import SystemClock
from watchword.errors import RefreshRefused
from watchword.protocol.principal import Principal
from watchword.storage import SqlDatabase
from watchword.testing import FakeClock

HOUR = 3600


class SteppedClock(FakeClock):
    """Somebody sets its time of day; the seconds since start go on as they were."""

    def step(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


async def on(clock: FakeClock, database: SqlDatabase) -> Replica:
    return await replica(database.sessions, database.revocations, keys=database.keys, clock=clock)


async def is_accepted(here: Replica, access_token: str) -> bool:
    return isinstance(await here.identify(access_token), Principal)


async def test_ses_50_a_step_back_revives_what_had_expired_for_the_step_at_most(
    database: SqlDatabase,
) -> None:
    """An access token is good until its end by the clock that was put right, and no longer; a session
    that ran idle likewise."""
    clock = SteppedClock(START)
    here = await on(clock, database)
    grant = await here.open()
    clock.advance(HOUR)
    assert not await is_accepted(here, grant.access.text)
    clock.step(-HOUR)
    assert await is_accepted(here, grant.access.text)
    clock.advance(ACCESS_SECONDS + 5)
    assert not await is_accepted(here, grant.access.text)
    clock.advance(IDLE_SECONDS)
    with pytest.raises(RefreshRefused):
        await here.manager.refresh(grant.refresh_token)


async def test_ses_50_a_step_back_revives_no_session_that_was_ended(database: SqlDatabase) -> None:
    """Logged out stays logged out, for refresh and access token, at this replica and a new one."""
    clock = SteppedClock(START)
    here = await on(clock, database)
    grant = await here.open()
    await here.manager.end(grant.session.session_id, reason="logout")
    clock.advance(ACCESS_SECONDS)
    await here.feed.poll()
    clock.step(-HOUR)
    for each in (here, await on(clock, database)):
        assert not await is_accepted(each, grant.access.text)
        with pytest.raises(RefreshRefused):
            await each.manager.refresh(grant.refresh_token)


async def test_ses_50_who_signed_in_before_a_step_back_goes_on_by_refreshing(database: SqlDatabase) -> None:
    """The sign-in is then in the future; the token that the refresh brings is good all the same."""
    clock = SteppedClock(START)
    here = await on(clock, database)
    first = await here.open()
    clock.step(-40)
    assert not await is_accepted(here, first.access.text)
    second = await here.manager.refresh(first.refresh_token)
    assert await is_accepted(here, second.access.text)
    clock.step(40)
    assert await is_accepted(here, second.access.text)


async def test_ses_50_a_step_back_brings_no_second_live_token(database: SqlDatabase) -> None:
    """Whose overlap was over gets the one successor there is, if anything."""
    clock = SteppedClock(START)
    here = await on(clock, database)
    first = (await here.open()).refresh_token
    second = (await here.manager.refresh(first)).refresh_token
    clock.advance(OVERLAP_SECONDS + 1)
    clock.step(-HOUR)
    assert (await here.manager.refresh(first)).refresh_token == second
    third = (await here.manager.refresh(second)).refresh_token
    with pytest.raises(RefreshRefused):
        await here.manager.refresh(first)
    with pytest.raises(RefreshRefused):
        await here.manager.refresh(third)


async def test_ses_50_a_clock_that_ran_ahead_and_was_put_right_signs_nobody_out(
    database: SqlDatabase,
) -> None:
    """What was refused as expired meanwhile goes on: a refusal for age changes nothing."""
    clock = SteppedClock(START)
    here = await on(clock, database)
    token = (await here.open()).refresh_token
    clock.step(HOUR)
    with pytest.raises(RefreshRefused):
        await here.manager.refresh(token)
    clock.step(-HOUR)
    assert (await here.manager.refresh(token)).session.generation == 2


@pytest.mark.parametrize("minutes", [-525_600, -5, 5, 525_600])
async def test_ses_50_the_clock_of_the_database_decides_nothing(database: SqlDatabase, minutes: int) -> None:
    """Ends are computed and compared by the service's clock alone, however far the two are apart."""
    clock = FakeClock(datetime.now(UTC) + timedelta(minutes=minutes))
    here = await on(clock, database)
    grant = await here.open()
    clock.advance(IDLE_SECONDS - 1)
    refreshed = await here.manager.refresh(grant.refresh_token)
    clock.advance(IDLE_SECONDS)
    with pytest.raises(RefreshRefused):
        await here.manager.refresh(refreshed.refresh_token)


@pytest.fixture
def in_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


async def test_ses_50_the_time_zone_of_the_machine_decides_nothing(
    database: SqlDatabase, in_zone: pytest.MonkeyPatch
) -> None:
    """Opened fourteen hours ahead of UTC, refreshed where there is half an hour of difference and
    daylight saving: the ends are the same moments."""
    ends = []
    here = await on(FakeClock(START), database)
    grant = await here.open()
    for zone in ("Pacific/Kiritimati", "America/St_Johns", "UTC"):
        in_zone.setenv("TZ", zone)
        time.tzset()
        grant = await here.manager.refresh(grant.refresh_token)
        ends.append((grant.session.idle_ends_at, grant.session.absolute_ends_at))
        assert (SystemClock().now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert len(set(ends)) == 1


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux tells them apart")
def test_ses_50_seconds_in_which_the_machine_slept_count() -> None:
    """A view of the feed from before a suspension is known to be old when the machine wakes up."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    asked = SystemClock().monotonic()
    assert before <= asked <= time.clock_gettime(time.CLOCK_BOOTTIME)
