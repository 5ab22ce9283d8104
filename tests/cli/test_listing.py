"""Lists for people."""

from __future__ import annotations

import pytest

from watchword.cli.listing import columns, harmless


def test_columns_stand_under_each_other() -> None:
    """As wide as the widest, nothing at the end of a line, a dash for nothing."""
    rows = [("A", "LONG NAME", "C"), ("aaa", None, ""), ("a", "x", "y")]
    assert list(columns(rows)) == ["A    LONG NAME  C", "aaa  -          -", "a    x          y"]


def test_a_list_of_nothing_is_its_heading() -> None:
    """Nobody wonders whether the command worked."""
    assert list(columns([("A", "B")])) == ["A  B"]


@pytest.mark.parametrize(
    "hostile", ["\x1b[31m", "\u202e", "\u2066", "\0", "\n", "\ud800", "\u2028", "\u200b"]
)
def test_text_of_others_cannot_steer_a_terminal(hostile: str) -> None:
    """Control, format and separator characters become question marks; letters stay."""
    assert harmless(f"Ångström {hostile[0]}")[:9] == "Ångström "
    assert harmless(hostile)[0] == "?"
