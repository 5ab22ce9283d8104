"""Times as JSON carries them (RFC 3339 §5.6)."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(moment: datetime) -> str:
    """An aware time in UTC, in whole seconds: ``2026-11-23T09:05:00Z``. Raises ValueError for a
    naive one."""
    if moment.tzinfo is None:
        raise ValueError("the time must be aware")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
