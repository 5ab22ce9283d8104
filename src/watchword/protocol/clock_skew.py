"""How far another's clock is from ours, by the ``Date`` of its answers (RFC 9110 §6.6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from watchword.protocol.provider_answer import header

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE: Final = re.compile(
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_AGE: Final = re.compile(r"[0-9]{1,9}")


def clock_skew_seconds(headers: Mapping[str, str], *, now_seconds: int) -> int | None:
    """Whole seconds by which the other clock is ahead of ours; negative where it is behind.

    An answer out of a cache is ``Age`` older than its date (RFC 9111 §5.1). None where the answer has no
    date of the one form that is sent today (IMF-fixdate).
    """
    found = _DATE.fullmatch((header(headers, "date") or "").strip(" \t"))
    if found is None:
        return None
    day, month, year, hour, minute, second = found.groups()
    try:
        date = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    age = (header(headers, "age") or "").strip(" \t")
    return int(date.timestamp()) + (int(age) if _AGE.fullmatch(age) else 0) - now_seconds


def describe_clock_skew(skew_seconds: int) -> str:
    """In words for an operator."""
    side = "ahead of" if skew_seconds > 0 else "behind"
    return f"its clock is {abs(skew_seconds)} s {side} ours"
