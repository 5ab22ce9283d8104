"""Claims that several requests share: nobody can change them, and they say what was signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import bounded
from watchword.protocol.frozen import frozen

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


def thawed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: thawed(member) for name, member in value.items()}
    return [thawed(member) for member in value] if isinstance(value, tuple) else value


def changeable(value: Any) -> list[Any]:
    """Everything in a value that has a method or an operator to change it."""
    inner = (
        list(value.values())
        if isinstance(value, Mapping)
        else list(value)
        if isinstance(value, tuple)
        else []
    )
    found = [each for one in inner for each in changeable(one)]
    return found + [value] * any(
        hasattr(value, name) for name in ("__setitem__", "__delitem__", "append", "add")
    )


@bounded
@given(json_values)
def test_a_frozen_value_says_the_same_and_cannot_be_changed(value: Any) -> None:
    """However deep: objects are mapping proxies and arrays tuples, and what was frozen is a copy."""
    held = frozen(value)
    assert thawed(held) == value
    assert changeable(held) == []
    if isinstance(value, dict):
        value["added"] = 1
        assert "added" not in held
