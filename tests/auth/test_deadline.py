"""One deadline for all that a sign-in asks, and none for what others wait for too."""

from __future__ import annotations

import asyncio

import pytest

from watchword.auth.deadline import OPERATION_SECONDS, in_time, operation, time_left_seconds
from watchword.auth.flight import Flight
from watchword.auth.provider_guard import ProviderGuard
from watchword.errors import ProviderUnavailable
from watchword.testing import FakeClock


async def test_an_operation_has_five_seconds() -> None:
    """The whole of a sign-in's begin, of its callback, of a re-check."""
    assert OPERATION_SECONDS == 5
    assert time_left_seconds() is None
    with operation():
        left = time_left_seconds()
        assert left is not None
        assert 4 < left <= 5
    assert time_left_seconds() is None


async def test_an_inner_operation_may_be_shorter_but_never_longer() -> None:
    """And its end does not end the outer one."""
    with operation(2):
        with operation(5):
            assert (time_left_seconds() or 0) <= 2
        with operation(1):
            assert (time_left_seconds() or 0) <= 1
        assert (time_left_seconds() or 0) > 1


async def test_time_that_is_up_is_none_left() -> None:
    """Never less than nothing."""
    with operation(-1):
        assert time_left_seconds() == 0


async def test_callers_of_a_flight_wait_by_their_own_deadlines() -> None:
    """Who has little time leaves; the flight goes on for the others, with all the time it needs."""
    guard = ProviderGuard("dev", FakeClock())
    flight: Flight[str] = Flight()
    landing = asyncio.Event()
    seen: list[float | None] = []

    async def fetch() -> str:
        seen.append(time_left_seconds())
        await landing.wait()
        return "keys"

    async def hurried() -> None:
        with operation(0.01):
            await flight.join(lambda: guard.run("jwks", fetch))

    with pytest.raises(ProviderUnavailable, match="time left"):
        await hurried()
    patient = asyncio.create_task(flight.join(lambda: guard.run("jwks", fetch)))
    await asyncio.sleep(0)
    landing.set()
    assert await patient == "keys"
    assert seen == [None]
    assert guard.calls == {("jwks", "answered"): 1}


async def test_a_timeout_of_what_is_waited_for_is_its_own() -> None:
    """Not every TimeoutError is our deadline."""

    async def ends() -> None:
        raise TimeoutError

    with operation(5), pytest.raises(TimeoutError):
        await in_time(ends())
