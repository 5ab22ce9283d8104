"""Foreign text in log lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("invalid_grant", "invalid_grant"),
        ("a\r\nSet-Cookie: x", "a??Set-Cookie: x"),
        ("caf\u00e9\u2028\ud800\x00", "caf????"),
        ("x" * 12, "x" * 10 + "..."),
        ("x" * 10, "x" * 10),
        ("", ""),
    ],
)
def test_ses_87_foreign_text_is_one_capped_printable_line(text: str, shown: str) -> None:
    """No line break, no terminal sequence and no flood reaches a log through provider text."""
    assert printable(text, max_chars=10 if text.startswith("x") else 100) == shown


@settings(derandomize=True, deadline=None)
@given(st.text(st.characters()))
def test_printable_is_always_short_ascii(text: str) -> None:
    """Whatever comes in, printable ASCII of bounded length comes out."""
    shown = printable(text, max_chars=20)
    assert len(shown) <= 23
    assert all(" " <= char <= "~" for char in shown)
