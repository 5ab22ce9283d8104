"""How the code's own words become Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence


def prose(docstring: str | None) -> str:
    """A docstring as paragraphs; its double backticks are single ones in Markdown."""
    text = inspect.cleandoc(docstring or "")
    return re.sub(r"``(.+?)``", r"`\1`", text)


def first_sentence(docstring: str | None) -> str:
    text = " ".join(prose(docstring).partition("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", text)[0]


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(cell(each) for each in row) + " |" for row in lines)


def cell(text: str) -> str:
    """Text without what would end the cell or the row."""
    return " ".join(text.replace("|", "\\|").split())


def code(text: str) -> str:
    """As code, where there is something to show."""
    return f"`{text}`" if text else ""
