"""base64url without padding, one spelling per value (RFC 7515 §2, RFC 4648 §3.5)."""

from __future__ import annotations

import binascii
import string
from typing import Final

_ALPHABET: Final = f"{string.ascii_uppercase}{string.ascii_lowercase}{string.digits}-_".encode()
_TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_FROM_STANDARD: Final = bytes.maketrans(b"+/", b"-_")
_PADDING: Final = (b"", b"", b"==", b"=")
_LAST: Final = (_ALPHABET, b"", _ALPHABET[::16], _ALPHABET[::4])
"""By the length modulo 4: the padding of RFC 4648 §4, and the last characters whose bits that stand
for nothing are zero (§3.5)."""


class InvalidBase64Url(ValueError):
    """The text is not the one canonical, unpadded, ASCII base64url spelling of any bytes."""


def decode(text: str | bytes) -> bytes:
    """The bytes behind ``text``. Raises InvalidBase64Url.

    Padding, other alphabets, blanks, impossible lengths and set trailing bits are refused, so that
    the value encodes to the very same characters.
    """
    try:
        given = text.encode("ascii") if isinstance(text, str) else text
    except UnicodeEncodeError:
        raise InvalidBase64Url("not base64url") from None
    if given.translate(None, _ALPHABET):
        raise InvalidBase64Url("not base64url")
    rest = len(given) % 4
    if given and given[-1] not in _LAST[rest]:
        raise InvalidBase64Url("not the canonical unpadded spelling")
    return binascii.a2b_base64(given.translate(_TO_STANDARD) + _PADDING[rest])


def encode(raw: bytes) -> str:
    """The unpadded base64url spelling of ``raw``."""
    spelled = binascii.b2a_base64(raw, newline=False)
    return spelled.rstrip(b"=").translate(_FROM_STANDARD).decode("ascii")
