"""How long a session goes on while its provider does not answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.recheck import RETRY_SECONDS, GoOn, GraceOver, without_answer

DUE = datetime(2026, 11, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
GRACE = 900
OVER = DUE + timedelta(seconds=GRACE)
RETRY = timedelta(seconds=RETRY_SECONDS)


def ask(
    now: datetime, *, degraded_at: datetime | None = None, grace_seconds: int = GRACE
) -> GoOn | GraceOver:
    return without_answer(due_at=DUE, degraded_at=degraded_at, now=now, grace_seconds=grace_seconds)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (DUE, GoOn(DUE, DUE + RETRY)),
        (OVER - RETRY - TICK, GoOn(DUE, OVER - TICK)),
        (OVER - RETRY, GoOn(DUE, OVER)),
        (OVER - RETRY + TICK, GoOn(DUE, OVER)),
        (OVER - TICK, GoOn(DUE, OVER)),
        (OVER, GraceOver(DUE)),
        (OVER + TICK, GraceOver(DUE)),
    ],
)
def test_the_grace_ends_on_its_last_tick(now: datetime, expected: GoOn | GraceOver) -> None:
    """One below, at and one above the end, and where the next question would come after it."""
    assert ask(now) == expected


def test_a_degraded_session_keeps_the_moment_it_was_first_due() -> None:
    """Asking every half minute does not begin the grace anew."""
    first = DUE - timedelta(seconds=GRACE) + TICK
    assert ask(DUE, degraded_at=first) == GoOn(first, DUE + TICK)
    assert ask(DUE + TICK, degraded_at=first) == GraceOver(first)


def test_without_grace_nothing_goes_on_unconfirmed() -> None:
    """PROVIDER_GRACE_SECONDS=0 means what it says."""
    assert ask(DUE, grace_seconds=0) == GraceOver(DUE)


def test_who_comes_late_gets_what_is_left_of_the_grace() -> None:
    """It is the distance to the last confirmation that is bounded, not the number of questions."""
    assert ask(OVER + timedelta(hours=1)) == GraceOver(DUE)


@given(waits=st.lists(st.integers(0, 400), max_size=40), grace_seconds=st.integers(0, 3600))
@settings(derandomize=True, deadline=None)
def test_nobody_goes_on_longer_than_the_grace(waits: list[int], grace_seconds: int) -> None:
    """However often it is asked in vain, the next question comes later than this one and no later than
    the end of the grace, and after it nothing goes on."""
    now, due_at, degraded_at = DUE, DUE, None
    over_at = DUE + timedelta(seconds=grace_seconds)
    for wait in waits:
        now = max(now + timedelta(seconds=wait), due_at)
        said = without_answer(due_at=due_at, degraded_at=degraded_at, now=now, grace_seconds=grace_seconds)
        if isinstance(said, GraceOver):
            assert now >= over_at
            continue
        assert said.degraded_at == DUE
        assert now < said.due_at <= over_at
        degraded_at, due_at = said.degraded_at, said.due_at
