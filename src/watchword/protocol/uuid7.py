"""Time-ordered identifiers (RFC 9562 §5.7): rows made one after another lie side by side in an index."""

from __future__ import annotations

from uuid import UUID

RANDOM_BYTES = 10
_MAX_UNIX_MS = 2**48 - 1
_VERSION = 7 << 76
_VARIANT = 0b10 << 62


def uuid7(unix_ms: int, random_bytes: bytes) -> UUID:
    """A UUID of version 7 from milliseconds since 1970 and 10 random bytes the caller drew.

    74 of the 80 bits are used; version and variant take the place of the others. Raises ValueError
    for a time before 1970 or past the year 10889, and for any other number of bytes.
    """
    if not 0 <= unix_ms <= _MAX_UNIX_MS:
        raise ValueError("the time does not fit 48 bits of milliseconds since 1970")
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"{RANDOM_BYTES} random bytes are needed")
    drawn = int.from_bytes(random_bytes, "big")
    rand_a, rand_b = drawn >> 68, drawn & (2**62 - 1)
    return UUID(int=unix_ms << 80 | _VERSION | rand_a << 64 | _VARIANT | rand_b)
