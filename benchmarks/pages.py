"""Where a benchmark puts its results: between two marks of a page."""

from __future__ import annotations


def put_between(text: str, found: str, *, begin: str, end: str) -> str:
    """The page ``text`` with ``found`` between its two marks. Raises ValueError where it lacks them."""
    before, has_begin, rest = text.partition(begin)
    _, has_end, after = rest.partition(end)
    if not has_begin or not has_end:
        raise ValueError(f"the page has no place for it: {begin} … {end}")
    return f"{before}{begin}\n{found}\n{end}{after}"
