"""Lists as people read them in a terminal: plain columns, and nothing that could steer it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"))
_MANY: Final = 3
"""How many of a unit there have to be before it says enough."""


def columns(rows: Sequence[Sequence[str | None]]) -> Iterable[str]:
    """The lines of a table whose first row names its columns; ``-`` where there is nothing."""
    shown = [[harmless(cell) if cell else "-" for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def harmless(text: str) -> str:
    """Text of others without control, format and other characters that do not show."""
    return "".join(char if char.isprintable() else "?" for char in text)


def moment(time: datetime | None) -> str | None:
    """A time for programs: RFC 3339, in UTC, to the second."""
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(length: timedelta) -> str:
    """A length of time for people, rounded down; none is negative."""
    seconds = max(0, int(length.total_seconds()))
    for size, name in _UNITS:
        if seconds >= _MANY * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"
