"""The overlap counts only while there is a database to ask."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.protocol.test_rotation import FACTS, NOW, TICK, decide, token
from watchword.protocol.rotation import Away, Overlap, Replay

ROTATED_AT = FACTS.rotated_at
SECOND = timedelta(seconds=1)


def away(begins: float, ends: float | None) -> Away:
    """In seconds after the rotation."""
    assert ROTATED_AT is not None
    return Away(ROTATED_AT + begins * SECOND, None if ends is None else ROTATED_AT + ends * SECOND)


@pytest.mark.parametrize(
    ("times", "over_after"),
    [
        ([], 10),
        ([(-30, -20)], 10),
        ([(-5, 0)], 10),
        ([(-5, 30)], 40),
        ([(0, 30)], 40),
        ([(4, 34)], 40),
        ([(4, 5), (7, 9)], 13),
        ([(9, 3600)], 3601),
        ([(11, 60)], 10),
        ([(-10, 30)], 40),
        ([(-11, 30)], 10),
        ([(-600, 3), (4, 34)], 40),
    ],
)
def test_the_overlap_is_over_after_so_many_seconds_with_a_database(
    times: list[tuple[float, float]], over_after: float
) -> None:
    """One tick before, the same successor; at it, a replay. An outage in the midst of which the database
    rotated for somebody else was this process's own, and gives a stolen token no time."""
    assert ROTATED_AT is not None
    without = [away(*each) for each in times]
    over_at = ROTATED_AT + over_after * SECOND
    assert decide(token(2), now=over_at - TICK, away=without) == Overlap(b"sealed")
    assert decide(token(2), now=over_at, away=without) == Replay("previous token after the overlap")


def test_while_the_database_is_away_the_overlap_stands_still() -> None:
    """Whoever finds it back first is answered before this process knows."""
    assert ROTATED_AT is not None
    now = ROTATED_AT + 600 * SECOND
    assert decide(token(2), now=now, away=[away(2, None)]) == Overlap(b"sealed")
    assert decide(token(2), now=now, away=[away(10, None)]) == Replay("previous token after the overlap")


def test_without_an_overlap_no_outage_makes_one() -> None:
    """Zero means that any second use is a replay."""
    decision = decide(token(2), overlap_seconds=0, away=[away(-6, None)])
    assert decision == Replay("previous token after the overlap")


def test_an_outage_makes_no_older_token_good() -> None:
    """Only the immediately previous one."""
    assert decide(token(1), now=NOW, away=[away(-6, None)]) == Replay("older generation")
