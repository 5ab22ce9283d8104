"""The little markup that a text of terms may have: headings, lists and paragraphs, and nothing else.

A line that begins with ``#`` to ``###`` is a heading, lines that begin with ``-`` or ``*`` are a list, an
empty line ends a paragraph. Everything is text: a link is not clickable and HTML shows as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final, Literal

Kind = Literal["heading", "list", "paragraph"]

_HEADING: Final = re.compile(r"(#{1,3})[ \t]+(\S.*)")
_ITEM: Final = re.compile(r"[-*][ \t]+(\S.*)")
_NOT_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Block:
    """A heading or paragraph has one part, a list one for each item. ``level`` counts headings from 1."""

    kind: Kind
    parts: tuple[str, ...]
    level: int = 0


def is_text(content: str) -> bool:
    """Whether there is something to read, and no control character in it but tab and line ends."""
    return bool(content.strip().strip("\ufeff")) and _NOT_TEXT.search(content) is None


def blocks(text: str) -> list[Block]:
    """What is to be shown, in order. No heading is more than one level below the one before, so that nobody
    who goes from heading to heading looks for what is not there."""
    lines = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    found, level = [], 0
    for filled, passage in groupby(lines, key=bool):
        for block in _of_passage(list(passage)) if filled else ():
            if block.kind == "heading":
                level = min(block.level, level + 1)
                block = replace(block, level=level)
            found.append(block)
    return found


def _of_passage(lines: list[str]) -> Iterator[Block]:
    """Lines without an empty one between them."""
    for kind, group in groupby(lines, key=_kind):
        if kind == "heading":
            yield from map(_heading, group)
        elif kind == "list":
            yield Block("list", tuple(line[1:].strip() for line in group))
        else:
            yield Block("paragraph", (" ".join(group),))


def _kind(line: str) -> Kind:
    if _HEADING.fullmatch(line):
        return "heading"
    return "list" if _ITEM.fullmatch(line) else "paragraph"


def _heading(line: str) -> Block:
    words = line.lstrip("#")
    return Block("heading", (words.strip(),), level=len(line) - len(words))
