"""JSON from strangers (RFC 8259, RFC 7493): one reading only, and bounded in every direction."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_NUMBER_CHARS = 100

_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
# A string may end with the input, so that an unterminated one cannot make the scan start over.
_STRUCTURE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{\]}]', re.DOTALL)
_OPENING, _CLOSING = b"[{", b"]}"


class MalformedJson(ValueError):
    """Not JSON under the strict reading; the message never repeats the input."""


class NotJson(MalformedJson):
    """Not JSON under any reading, or not the kind of value that was expected."""


def loads(data: bytes, *, max_bytes: int, max_depth: int = 32) -> Any:
    """Parse one JSON text of at most ``max_bytes`` and ``max_depth`` nested containers.

    Refused with MalformedJson: anything but UTF-8 without a byte order mark, a name twice in one
    object, NaN and infinities, numbers beyond a double or of more than 100 characters, and lone
    surrogates in strings and names. NotJson is what no other reader would take either.
    """
    if len(data) > max_bytes:
        raise MalformedJson(f"more than {max_bytes} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedJson("not UTF-8") from None
    if _is_deeper(data, max_depth):
        raise MalformedJson(f"nested deeper than {max_depth}")
    try:
        value = _DECODER.decode(text)
    except MalformedJson:
        raise
    except ValueError:
        raise NotJson("not JSON") from None
    if b"\\u" in data and _SURROGATE_ESCAPE.search(data) and _has_lone_surrogate(value):
        raise MalformedJson("a lone surrogate")
    return value


def loads_object(data: bytes, *, max_bytes: int, max_depth: int = 32) -> dict[str, Any]:
    """Like ``loads``, for texts that have to be an object at the top."""
    value = loads(data, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, dict):
        raise NotJson("not an object")
    return value


def _is_deeper(data: bytes, max_depth: int) -> bool:
    if data.count(b"{") + data.count(b"[") <= max_depth:
        return False
    depth = 0
    for found in _STRUCTURE.finditer(data):
        symbol = data[found.start()]
        if symbol in _OPENING:
            depth += 1
            if depth > max_depth:
                return True
        elif symbol in _CLOSING:
            depth -= 1
    return False


def _has_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedJson("a name occurs twice")
    return members


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER_CHARS:
        raise MalformedJson("a number is too long")
    return int(text)


def _fraction(text: str) -> float:
    if len(text) > MAX_NUMBER_CHARS or math.isinf(number := float(text)):
        raise MalformedJson("a number is too large")
    return number


def _constant(_name: str) -> float:
    raise MalformedJson("NaN and infinities are not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)
