"""``Retry-After`` in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.waiting import waiting_time

UNITS = {"second": 1, "minute": 60, "hour": 3600}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "10 seconds"),
        (1, "10 seconds"),
        (10, "10 seconds"),
        (11, "20 seconds"),
        (50, "50 seconds"),
        (51, "1 minute"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (3540, "59 minutes"),
        (3541, "1 hour"),
        (3600, "1 hour"),
        (3601, "2 hours"),
    ],
)
def test_at_the_edges(seconds: int, words: str) -> None:
    """Tens of seconds, then minutes, then hours; one of a kind is singular."""
    assert waiting_time(seconds) == words


@given(st.integers(min_value=0, max_value=10**6))
@settings(derandomize=True, deadline=None)
def test_nobody_comes_back_too_early(seconds: int) -> None:
    """What is said is never shorter than what was meant, and never twice as long from a minute on."""
    number, unit = waiting_time(seconds).split()
    said = int(number) * UNITS[unit.removesuffix("s")]
    assert said >= seconds
    assert said <= max(2 * seconds, 60)
