"""Where a browser may be sent after signing in: a path of this service, or the default page.

What survives means the same to every reader: browsers (WHATWG URL), ``urllib.parse``, a proxy that
decodes once more, and byte for byte in ``Location`` (RFC 9700 §4.11).
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

MAX_RETURN_TO_CHARS = 1024
OWN_PAGES = frozenset({"/auth/account", "/auth/sessions", "/auth/terms"})
"""The only pages of ours that a sign-in may end on."""

_OURS = frozenset({"auth", ".well-known"})
_MAX_DECODINGS = 4
_LOCAL = re.compile(
    r"(/[A-Za-z0-9\-._~!$&'()*+,=:@/%]*)((?:\?[A-Za-z0-9\-._~!$&'()*+,;=:@/?%\[\]]*)?"
    r"(?:#[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]*)?)"
)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPED_CONTROL = re.compile(r"%(?:25)*(?:[01][0-9A-F]|7F)", re.IGNORECASE)
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SYNTAX = frozenset("/\\.:;@?#%")


def safe_return_to(value: str | None, *, default: str) -> str:
    """``value`` unchanged when it is a local path that may be returned to, else ``default``.

    Refused: anything not starting with exactly one ``/``, characters that are not plain URL
    characters, over 1024 characters, broken escapes, empty and dot segments, path parameters (which
    readers disagree on), backslashes and control characters in any number of encodings, letters
    that normalise to URL syntax, and our own pages other than ``OWN_PAGES`` under any spelling.
    """
    return value if value is not None and _is_local(value) else default


def _is_local(value: str) -> bool:
    match = _LOCAL.fullmatch(value) if len(value) <= MAX_RETURN_TO_CHARS else None
    if match is None or _BROKEN_ESCAPE.search(value) or _ESCAPED_CONTROL.search(value):
        return False
    path = match.group(1)
    readings = _readings(path)
    if readings is None or not all(_is_plain(reading) for reading in readings):
        return False
    return path in OWN_PAGES or not any(_segments(reading)[1] in _OURS for reading in readings)


def _readings(path: str) -> list[str] | None:
    """The path as written and after each further percent-decoding, until nothing changes; None
    when that does not end soon or is not UTF-8."""
    readings = [path]
    try:
        while (decoded := unquote(readings[-1], errors="strict")) != readings[-1]:
            readings.append(decoded)
            if len(readings) > _MAX_DECODINGS:
                return None
    except UnicodeDecodeError:
        return None
    return readings


def _is_plain(reading: str) -> bool:
    if "//" in reading or any(_is_unsafe(char) for char in reading):
        return False
    return not any(segment in (".", "..") for segment in _segments(reading))


def _is_unsafe(char: str) -> bool:
    if char in "\\;" or unicodedata.category(char) in _UNSAFE_CATEGORIES:
        return True
    return not char.isascii() and not _SYNTAX.isdisjoint(unicodedata.normalize("NFKC", char))


def _segments(reading: str) -> list[str]:
    """Segments as the most lenient reader sees them."""
    return [unicodedata.normalize("NFKC", segment).casefold() for segment in reading.split("/")]
