"""``Retry-After`` as people say it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.waiting import Waiting, waiting_time

UNITS = {"second": 1, "minute": 60, "hour": 3600}


@pytest.mark.parametrize(
    ("seconds", "waiting"),
    [
        (0, Waiting(10, "second")),
        (1, Waiting(10, "second")),
        (10, Waiting(10, "second")),
        (11, Waiting(20, "second")),
        (50, Waiting(50, "second")),
        (51, Waiting(1, "minute")),
        (60, Waiting(1, "minute")),
        (61, Waiting(2, "minute")),
        (3540, Waiting(59, "minute")),
        (3541, Waiting(1, "hour")),
        (3600, Waiting(1, "hour")),
        (3601, Waiting(2, "hour")),
    ],
)
def test_at_the_edges(seconds: int, waiting: Waiting) -> None:
    """Tens of seconds, then minutes, then hours."""
    assert waiting_time(seconds) == waiting


@given(st.integers(min_value=0, max_value=10**6))
@settings(derandomize=True, deadline=None)
def test_nobody_comes_back_too_early(seconds: int) -> None:
    """What is said is never shorter than what was meant, and never twice as long from a minute on."""
    waiting = waiting_time(seconds)
    said = waiting.number * UNITS[waiting.unit]
    assert said >= seconds
    assert said <= max(2 * seconds, 60)
