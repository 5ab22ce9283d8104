"""Scopes of one parameter (RFC 6749 §3.3)."""

from __future__ import annotations

import pytest

from watchword.protocol.scope import MAX_SCOPE_CHARS, is_scope_name, read_scope


def test_scopes_are_separated_by_one_blank() -> None:
    """Order and repetition do not matter; no text means no scope."""
    assert read_scope("orders:read a/b orders:read") == {"orders:read", "a/b"}
    assert read_scope("") == frozenset()


@pytest.mark.parametrize("text", [" a", "a ", "a  b", "a\tb", 'a"b', "a\\b", "é", "a\0", "x" * 129])
def test_anything_else_is_refused(text: str) -> None:
    """Blanks, quotes, control characters, other letters and endless names are no scopes."""
    with pytest.raises(ValueError, match="scope"):
        read_scope(text)


def test_a_list_is_bounded() -> None:
    """At the bound read, one character above refused."""
    names = "x" * 127 + " "
    at_bound = (names * (MAX_SCOPE_CHARS // 128))[:-1] + "x"
    assert len(at_bound) == MAX_SCOPE_CHARS
    assert read_scope(at_bound) == {"x" * 127, "x" * 128}
    with pytest.raises(ValueError, match="longer"):
        read_scope("x" + at_bound)


def test_a_name_is_not_empty() -> None:
    """128 characters are one, 129 and none are not."""
    assert is_scope_name("x" * 128)
    assert not is_scope_name("x" * 129)
    assert not is_scope_name("")
