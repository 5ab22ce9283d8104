"""Times as JSON carries them (RFC 3339 §5.6), and as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rfc3339(moment: datetime) -> str:
    """An aware time in UTC, in whole seconds: ``2026-11-23T09:05:00Z``. Raises ValueError for a
    naive one."""
    return _utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def readable(moment: datetime) -> str:
    """The same for a person, whatever the process's locale: ``23 Nov 2026, 09:05 UTC``."""
    utc = _utc(moment)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M} UTC"


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("the time must be aware")
    return moment.astimezone(UTC)
