"""What a process remembers of times without its database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from watchword.auth.outages import KEPT, Outages
from watchword.protocol.rotation import NOTICED_WITHIN, Away
from watchword.testing import FakeClock

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_an_outage_lasts_from_the_last_answer_to_the_next() -> None:
    """Failures in between change nothing."""
    clock = FakeClock(START)
    outages = Outages(clock)
    clock.advance(1)
    outages.answered()
    assert outages.seen() == ()
    for _ in range(3):
        clock.advance(1)
        outages.failed()
        assert outages.seen() == (Away(START + SECOND, None),)
    clock.advance(1)
    outages.answered()
    clock.advance(1)
    outages.answered()
    assert outages.seen() == (Away(START + SECOND, START + 5 * SECOND),)


def test_a_database_that_was_not_asked_for_long_was_not_away_for_long() -> None:
    """The first failure of an idle process says little of the hour before."""
    clock = FakeClock(START)
    outages = Outages(clock)
    clock.advance(3600)
    outages.failed()
    assert outages.seen() == (Away(clock.now() - NOTICED_WITHIN, None),)


def test_the_latest_are_kept() -> None:
    """However often it comes and goes."""
    clock = FakeClock(START)
    outages = Outages(clock)
    for _ in range(KEPT + 3):
        clock.advance(1)
        outages.failed()
        clock.advance(1)
        outages.answered()
    assert len(outages.seen()) == KEPT
    assert outages.seen()[-1].ends_at == clock.now()
