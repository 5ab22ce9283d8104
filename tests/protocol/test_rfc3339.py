"""Times for programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from watchword.protocol.rfc3339 import rfc3339

MOMENT = datetime(2026, 11, 3, 9, 5, 7, 999_999, tzinfo=UTC)


@pytest.mark.parametrize("offset_hours", [-11, 0, 5.5])
def test_every_zone_comes_out_as_utc_in_whole_seconds(offset_hours: float) -> None:
    """RFC 3339 §5.6 with ``Z``; nothing is rounded up."""
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=offset_hours)))
    assert rfc3339(elsewhere) == "2026-11-03T09:05:07Z"


def test_a_program_reads_back_the_same_second() -> None:
    """Nothing but the fraction is lost."""
    assert datetime.fromisoformat(rfc3339(MOMENT)) == MOMENT.replace(microsecond=0)


def test_a_naive_time_is_refused() -> None:
    """Nobody knows when that would be."""
    with pytest.raises(ValueError, match="aware"):
        rfc3339(datetime(2026, 1, 1))  # noqa: DTZ001
