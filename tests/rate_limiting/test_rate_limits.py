"""Promises of who is counted, and under what name."""

from __future__ import annotations

import ipaddress
from uuid import UUID

import pytest

from watchword.auth.rate_limits import COUNTS, REFRESHES_PER_SESSION, CacheState, RateLimits
from watchword.config.rate_limits import LimitName, RateLimit
from watchword.errors import RateLimited
from watchword.rate_limiting.counter import open_counter
from watchword.testing import FakeClock

SESSION = UUID("01890000-0000-7000-8000-000000000001")


class Recorded:
    """A counter that keeps what it was asked to count."""

    cache_state: CacheState | None = None

    def __init__(self, clock: FakeClock) -> None:
        self._counter = open_counter(None, clock)
        self.keys: list[str] = []

    async def hit(self, key: str, limit: RateLimit) -> float | None:
        self.keys.append(key)
        return await self._counter.hit(key, limit)

    def look(self) -> None:
        self._counter.look()

    async def close(self) -> None:
        await self._counter.close()


def limits(clock: FakeClock, *, amount: int = 2, off: tuple[LimitName, ...] = ()) -> RateLimits:
    def limit_of(name: LimitName) -> RateLimit | None:
        return None if name in off else RateLimit(amount, 60)

    return RateLimits(Recorded(clock), limit_of, b"k" * 32)


async def passes(checks: RateLimits, name: LimitName, address: str | None) -> bool:
    try:
        await checks.check_address(name, address)
    except RateLimited:
        return False
    return True


async def test_what_is_over_the_limit_is_told_when_to_come_back(clock: FakeClock) -> None:
    """In whole seconds, rounded up, at least one; the operator reads which limit it was."""
    checks = limits(clock)
    await checks.check_address("login", "192.0.2.1")
    clock.advance(0.5)
    await checks.check_address("login", "192.0.2.1")
    for advance, seconds in ((0.0, 60), (58.6, 1), (0.8, 1)):
        clock.advance(advance)
        with pytest.raises(RateLimited) as caught:
            await checks.check_address("login", "192.0.2.1")
        assert caught.value.retry_after_seconds == seconds
        assert caught.value.detail == "more than 2/minute (login)"
    clock.advance(1)
    await checks.check_address("login", "192.0.2.1")


async def test_limits_and_addresses_are_counted_apart(clock: FakeClock) -> None:
    """One caller at sign-in does not use up another's refreshes, nor their own."""
    checks = limits(clock, amount=1)
    assert await passes(checks, "login", "192.0.2.1")
    assert not await passes(checks, "login", "192.0.2.1")
    assert await passes(checks, "refresh", "192.0.2.1")
    assert await passes(checks, "login", "192.0.2.2")


async def test_ses_81_an_ipv6_customer_is_one_caller(clock: FakeClock) -> None:
    """Whoever has a /64 has 2**64 addresses of it; the next /64 is somebody else."""
    checks = limits(clock, amount=1)
    assert await passes(checks, "login", "2001:db8:0:1::1")
    assert not await passes(checks, "login", "2001:db8:0:1:ffff::9")
    assert await passes(checks, "login", "2001:db8:0:2::1")


async def test_no_address_is_a_caller_too(clock: FakeClock) -> None:
    """Behind a socket without one, nobody is counted as nobody."""
    checks = limits(clock, amount=1)
    assert await passes(checks, "login", None)
    assert not await passes(checks, "login", None)


async def test_a_limit_that_is_off_counts_nothing(clock: FakeClock) -> None:
    """Neither addresses nor, for refreshes, sessions."""
    checks = limits(clock, off=("login", "refresh"))
    for _ in range(200):
        await checks.check_address("login", "192.0.2.1")
        await checks.check_session(SESSION)
    assert await passes(checks, "callback", "192.0.2.1")


async def test_one_session_refreshes_sixty_times_a_minute(clock: FakeClock) -> None:
    """However high the limit of its address is."""
    checks = limits(clock, amount=100_000)
    assert RateLimit(60, 60) == REFRESHES_PER_SESSION
    for _ in range(60):
        await checks.check_session(SESSION)
    with pytest.raises(RateLimited) as caught:
        await checks.check_session(SESSION)
    assert caught.value.retry_after_seconds == 60
    await checks.check_session(UUID(int=SESSION.int + 1))


async def test_keys_tell_nobody_who_was_counted(clock: FakeClock) -> None:
    """They are hashed under a key of the service, so that no list of all addresses finds one."""
    counter = Recorded(clock)
    one, other = (RateLimits(counter, lambda name: RateLimit(9, 60), key) for key in (b"1" * 32, b"2" * 32))
    await one.check_address("login", "192.0.2.1")
    await other.check_address("login", "192.0.2.1")
    await one.check_session(SESSION)
    assert len(set(counter.keys)) == 3
    packed = ipaddress.ip_address("192.0.2.1").packed.hex()
    assert not [key for key in counter.keys if "192.0.2" in key or packed in key or SESSION.hex in key]
    await one.close()


async def test_what_is_refused_is_counted_by_limit(clock: FakeClock) -> None:
    """Every limit is there from the start with 0; what passes does not count."""
    checks = limits(clock, amount=1)
    assert checks.refused == dict.fromkeys(COUNTS, 0)
    for _ in range(3):
        await passes(checks, "login", "192.0.2.1")
    assert checks.refused == dict.fromkeys(COUNTS, 0) | {"login": 2}
    assert checks.cache_state() is None
