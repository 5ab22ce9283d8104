"""Secrets of confidential clients: whether one can hold 256 bits, and what is kept of it."""

from __future__ import annotations

import hashlib
import re
from typing import Final

BITS: Final = 256
MAKE_ONE: Final = "make one with: openssl rand -hex 32"
MAX_SECRET_CHARS: Final = 512

_VISIBLE = re.compile(r"[\x21-\x7e]+")
_ALPHABETS: Final = (
    (re.compile(r"[0-9]+"), 78, 6),
    (re.compile(r"[0-9a-f]+|[0-9A-F]+"), 64, 9),
    (re.compile(r"[^a-z]+|[^A-Z]+"), 50, 12),
    (re.compile(r".+"), 43, 16),
)
"""How many characters of an alphabet hold 256 bits, and how many different ones chance never falls
short of (less than one secret in a thousand million): digits, hexadecimal, letters of one case
with anything else, base64url."""

_WORDS: Final = ("changeme", "change-me", "change_me", "placeholder", "example", "secret", "password")
_CONTEXT: Final = b"watchword client secret v1\0"


def secret_fault(text: str) -> str | None:
    """Why ``text`` is no secret of at least 256 bits, as the end of a sentence; None when it can be
    one. Chance cannot be measured, so this looks at length, alphabet, repetition and words."""
    if not _VISIBLE.fullmatch(text):
        return f"holds blanks or other characters than ASCII; {MAKE_ONE}"
    if len(text) > MAX_SECRET_CHARS:
        return f"is longer than {MAX_SECRET_CHARS} characters"
    needed, different = next(found for pattern, *found in _ALPHABETS if pattern.fullmatch(text))
    if len(text) < needed:
        return f"cannot hold {BITS} bits: of {len(text)} such characters {needed} are needed; {MAKE_ONE}"
    if any(word in text.lower() for word in _WORDS) or len(set(text)) < different or _repeats(text):
        return f"is a placeholder, not random; {MAKE_ONE}"
    return None


def secret_digest(text: str) -> bytes:
    """SHA-256 of a secret, in a domain of its own: enough for 256 random bits, since nobody can go
    through them."""
    return hashlib.sha256(_CONTEXT + text.encode("utf-8", "surrogatepass")).digest()


def _repeats(text: str) -> bool:
    """Whether it is one piece written several times over."""
    return text in (text + text)[1:-1]
