"""What a ``Content-Type`` claims (RFC 9110 §8.3), as far as it decides how a body is read."""

from __future__ import annotations

import re

_MAX_CHARS = 255
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}")
_PARAMETER = re.compile(rf'({_WORD})=({_WORD}|"[^"\\]*")')


def media_type(content_type: str) -> str | None:
    """The lower-case media type, or None when the value is malformed, longer than 255 characters,
    or names a charset other than UTF-8."""
    if len(content_type) > _MAX_CHARS:
        return None
    kind, *parameters = [part.strip(" \t") for part in content_type.split(";")]
    if not _MEDIA_TYPE.fullmatch(kind):
        return None
    for parameter in filter(None, parameters):
        match = _PARAMETER.fullmatch(parameter)
        if match is None:
            return None
        name, value = match.group(1).lower(), match.group(2).strip('"').lower()
        if name == "charset" and value not in ("utf-8", "utf8"):
            return None
    return kind.lower()


def is_json(content_type: str) -> bool:
    """``application/json`` or an ``application/…+json`` (RFC 6839 §3.1)."""
    kind = media_type(content_type)
    return kind is not None and (
        kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    )
