"""The refresh token's wire form: ``wtr_`` and base64url of id, generation, secret and tag.

The secret is 256 fresh random bits, never derived from the token before (RFC 9700 §4.14.2). The
keyed tag lets a forged or truncated token be refused without a query.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from watchword.errors import RefreshRefused
from watchword.protocol import base64url

PREFIX = "wtr_"
SECRET_BYTES = 32
MAX_GENERATION = 2**31 - 1
_ID_BYTES, _GENERATION_BYTES, _TAG_BYTES = 16, 4, 32
_RAW_BYTES = _ID_BYTES + _GENERATION_BYTES + SECRET_BYTES + _TAG_BYTES
_ENCODED_CHARS = _RAW_BYTES * 4 // 3
_TAG_CONTEXT = b"watchword refresh token v1\0"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A token whose tag was verified: minted by us, which says nothing about it being current."""

    session_id: UUID
    generation: int
    text: str

    def __repr__(self) -> str:
        return f"RefreshToken(session_id={self.session_id}, generation={self.generation})"

    @property
    def digest(self) -> bytes:
        """SHA-256 of the text: the only form that is stored."""
        return hashlib.sha256(self.text.encode("ascii")).digest()


def mint(session_id: UUID, generation: int, secret: bytes, *, tag_key: bytes) -> RefreshToken:
    """Build the token of one generation from 32 random bytes the caller drew.

    Raises ValueError for a secret of another length or a generation out of range.
    """
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"the secret must be {SECRET_BYTES} bytes")
    if not 1 <= generation <= MAX_GENERATION:
        raise ValueError("the generation is out of range")
    body = session_id.bytes + generation.to_bytes(_GENERATION_BYTES, "big") + secret
    text = PREFIX + base64url.encode(body + _tag(tag_key, body))
    return RefreshToken(session_id=session_id, generation=generation, text=text)


def read(text: str, *, tag_keys: Sequence[bytes]) -> RefreshToken:
    """Check form and tag of a presented token; ``tag_keys`` holds the current key and older ones.

    Raises RefreshRefused, the same for every fault.
    """
    raw = _decode(text)
    body, tag = raw[:-_TAG_BYTES], raw[-_TAG_BYTES:]
    genuine = [hmac.compare_digest(tag, _tag(key, body)) for key in tag_keys]
    if not any(genuine):
        raise RefreshRefused("the refresh token's tag does not verify")
    generation = int.from_bytes(body[_ID_BYTES : _ID_BYTES + _GENERATION_BYTES], "big")
    return RefreshToken(session_id=UUID(bytes=body[:_ID_BYTES]), generation=generation, text=text)


def _decode(text: str) -> bytes:
    if not text.startswith(PREFIX) or len(text) != len(PREFIX) + _ENCODED_CHARS:
        raise RefreshRefused("the refresh token has not the form of one")
    try:
        return base64url.decode(text[len(PREFIX) :])
    except base64url.InvalidBase64Url:
        raise RefreshRefused("the refresh token is not base64url") from None


def _tag(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, _TAG_CONTEXT + body, "sha256")
