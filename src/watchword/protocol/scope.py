"""Scopes as one parameter carries them (RFC 6749 §3.3)."""

from __future__ import annotations

import re

MAX_SCOPE_CHARS = 2048
MAX_SCOPE_NAME_CHARS = 128
_NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")


def is_scope_name(text: str) -> bool:
    """Whether ``text`` is one scope: printable ASCII without blank, quote and backslash, at most 128."""
    return _NAME.fullmatch(text) is not None


def read_scope(text: str) -> frozenset[str]:
    """The scopes of a parameter, each separated by one blank; none for the empty text.

    Raises ValueError for anything else.
    """
    if not text:
        return frozenset()
    if len(text) > MAX_SCOPE_CHARS:
        raise ValueError(f"scope is longer than {MAX_SCOPE_CHARS} characters")
    names = text.split(" ")
    if not all(is_scope_name(name) for name in names):
        raise ValueError("scope is not a list of scope names separated by one blank")
    return frozenset(names)
