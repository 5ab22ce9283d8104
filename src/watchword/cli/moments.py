"""Moments as one types them: an RFC 3339 time, a day, or how long ago it was."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

_AGO: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
_MOMENT: Final = re.compile(f"{_DAY}(?:[Tt ]{_TIME})?")


def moment_of(text: str, *, now: datetime, option: str) -> datetime:
    """Aware UTC; a day begins at midnight UTC. Raises BadParameter, which names ``option``."""
    ago = _AGO.fullmatch(text)
    try:
        if ago is not None:
            return now - timedelta(seconds=int(ago[1]) * _UNIT_SECONDS[ago[2]])
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text.upper())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise typer.BadParameter(
        "is no moment; say how long ago (30m, 24h, 7d, 2w), a day (2026-11-01) or a time "
        "(2026-11-01T09:30:00Z)",
        param_hint=option,
    )
