"""Promises of the time-ordered identifiers (RFC 9562 §5.7)."""

from __future__ import annotations

from uuid import RFC_4122, UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.uuid7 import uuid7

TIMES = st.integers(min_value=0, max_value=2**48 - 1)
RANDOM = st.binary(min_size=10, max_size=10)


def test_the_example_of_the_rfc_comes_out() -> None:
    """RFC 9562 appendix A.6 gives one identifier with the values it is made of."""
    drawn = (0xCC3 << 68 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert uuid7(0x017F22E279B0, drawn) == UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")


@settings(derandomize=True, deadline=None)
@given(unix_ms=TIMES, drawn=RANDOM)
def test_version_variant_and_time_are_where_the_rfc_puts_them(unix_ms: int, drawn: bytes) -> None:
    """Whatever is drawn, the result is a version 7 identifier of its millisecond."""
    made = uuid7(unix_ms, drawn)
    assert (made.version, made.variant, made.int >> 80) == (7, RFC_4122, unix_ms)


@settings(derandomize=True, deadline=None)
@given(earlier=TIMES, later=TIMES, one=RANDOM, other=RANDOM)
def test_a_later_millisecond_sorts_later(earlier: int, later: int, one: bytes, other: bytes) -> None:
    """Order of time is order of identifiers, as number and as text."""
    if earlier < later:
        first, second = uuid7(earlier, one), uuid7(later, other)
        assert first < second
        assert first.hex < second.hex


@pytest.mark.parametrize("unix_ms", [-1, 2**48])
def test_a_time_that_does_not_fit_is_an_error(unix_ms: int) -> None:
    """48 bits hold the time, and nothing is cut silently."""
    with pytest.raises(ValueError, match="48 bits"):
        uuid7(unix_ms, bytes(10))


@pytest.mark.parametrize("size", [0, 9, 11, 16])
def test_any_other_number_of_random_bytes_is_an_error(size: int) -> None:
    """Too little randomness is refused rather than stretched."""
    with pytest.raises(ValueError, match="10 random bytes"):
        uuid7(0, bytes(size))
