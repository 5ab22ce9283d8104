"""base64url without padding, one spelling per value (RFC 7515 §2, RFC 4648 §3.5)."""

from __future__ import annotations

import base64
import binascii


class InvalidBase64Url(ValueError):
    """The text is not the one canonical, unpadded, ASCII base64url spelling of any bytes."""


def decode(text: str | bytes) -> bytes:
    """The bytes behind ``text``. Raises InvalidBase64Url.

    Padding, other alphabets, blanks and set trailing bits are refused at once: the decoded value
    has to encode to the very same characters.
    """
    try:
        given = text.encode("ascii") if isinstance(text, str) else text
        raw = base64.urlsafe_b64decode(given + b"=" * (-len(given) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise InvalidBase64Url("not base64url") from None
    if _encode(raw) != given:
        raise InvalidBase64Url("not the canonical unpadded spelling")
    return raw


def encode(raw: bytes) -> str:
    """The unpadded base64url spelling of ``raw``."""
    return _encode(raw).decode("ascii")


def _encode(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
