"""The way back in a state: what survives, and what is believed."""

from __future__ import annotations

import os

import pytest

from watchword.auth.attempt import Attempt, seal_attempt, start_attempt
from watchword.auth.sealing import Sealer
from watchword.auth.way_back import WayBack, find_way_back, read_way_back, with_way_back

NOW = 1_800_000_000


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(os.urandom(32))


def begun(sealer: Sealer, return_to: str = "/orders", *, provider_id: str = "dev", at: int = NOW) -> Attempt:
    attempt = start_attempt(
        provider_id=provider_id, registration="r", return_to=return_to, now_seconds=at, max_age_seconds=60
    )
    return with_way_back(attempt, sealer)


@pytest.mark.parametrize(("age_seconds", "expired"), [(0, False), (599, False), (600, True), (10**6, True)])
def test_a_state_tells_its_sign_in_and_whether_it_expired(
    sealer: Sealer, age_seconds: int, expired: bool
) -> None:
    """One below, at and above ten minutes, and long after."""
    back = read_way_back(begun(sealer).state, sealer, now_seconds=NOW + age_seconds)
    assert back == WayBack("dev", "sign-in", "/orders", 60, expired)


def test_st_2_a_state_keeps_its_random_bits_and_its_length(sealer: Sealer) -> None:
    """256 random bits lead every state, none is like another, and none is longer than 1,024 characters."""
    states = [begun(sealer, "/" + "a" * length).state for length in (0, 1, 500, 700, 1023) for _ in range(20)]
    assert len({state.partition(".")[0] for state in states}) == len({*states}) == 100
    assert {len(state.partition(".")[0]) for state in states} == {43}
    assert max(len(state) for state in states) <= 1024


def test_st_8_a_return_path_is_checked_again(sealer: Sealer) -> None:
    """Even what carries our seal leads nowhere but to a local path."""
    for unsafe in ("https://evil.example", "//evil.example", "/auth/logout", "\\evil"):
        back = read_way_back(begun(sealer, unsafe).state, sealer, now_seconds=NOW)
        assert back is not None
        assert back.return_to is None


def test_a_seal_belongs_to_its_state_and_service(sealer: Sealer) -> None:
    """Moved to another state, cut, or sealed by another service, it says nothing."""
    state, other = begun(sealer).state, begun(sealer).state
    moved = state.partition(".")[0] + "." + other.partition(".")[2]
    for forged in (moved, state[:-1], state.partition(".")[0], "", ".", "é.é", "\ud800.x"):
        assert read_way_back(forged, sealer, now_seconds=NOW) is None
    assert read_way_back(state, Sealer(os.urandom(32)), now_seconds=NOW) is None


def test_without_a_state_the_latest_attempt_at_the_provider_counts(sealer: Sealer) -> None:
    """Older ones, expired ones and those at other providers do not."""
    attempts = [
        begun(sealer, "/older", at=NOW - 2),
        begun(sealer, "/latest", at=NOW - 1),
        begun(sealer, "/expired", at=NOW - 600),
        begun(sealer, "/elsewhere", provider_id="other"),
    ]
    kept = {each.handle: seal_attempt(each, sealer) for each in attempts} | {"broken": "x"}
    for params in ([], [("state", "x")], [("state", attempts[0].state), ("state", "twice")]):
        back = find_way_back(params, kept, "dev", sealer, now_seconds=NOW)
        assert back is not None
        assert back.return_to == "/latest"
    own = find_way_back([("state", attempts[0].state)], kept, "dev", sealer, now_seconds=NOW)
    assert own is not None
    assert own.return_to == "/older"
    assert find_way_back([], {}, "dev", sealer, now_seconds=NOW) is None
