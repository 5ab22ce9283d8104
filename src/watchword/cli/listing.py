"""Lists as people read them in a terminal: plain columns, and nothing that could steer it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def columns(rows: Sequence[Sequence[str | None]]) -> Iterable[str]:
    """The lines of a table whose first row names its columns; ``-`` where there is nothing."""
    shown = [[harmless(cell) if cell else "-" for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def harmless(text: str) -> str:
    """Text of others without control, format and other characters that do not show."""
    return "".join(char if char.isprintable() else "?" for char in text)
