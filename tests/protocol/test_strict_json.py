"""Strict JSON: one reading, bounded in every direction, one error."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import bounded
from watchword.protocol.strict_json import MalformedJson, loads, loads_object

ROOM = 1_000_000

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@bounded
@given(values, st.booleans())
def test_every_clean_value_is_read_as_the_standard_library_reads_it(value: Any, ascii_only: bool) -> None:
    """Strictness refuses texts; it never changes what an acceptable one means."""
    data = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8")
    assert loads(data, max_bytes=ROOM) == value


@bounded
@given(
    st.one_of(st.binary(max_size=300), st.text('{}[]":,\\u d8 0123eE+-.NaItrf', max_size=200).map(str.encode))
)
def test_nothing_but_the_own_error_escapes(data: bytes) -> None:
    """Random bytes and random JSON-like text either parse to an object or raise MalformedJson."""
    with contextlib.suppress(MalformedJson):
        assert isinstance(loads_object(data, max_bytes=ROOM), dict)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte-order-mark"),
        pytest.param('{"a":1}'.encode("utf-16"), id="utf-16"),
        pytest.param('{"a":1}'.encode("utf-16-le"), id="utf-16-le"),
        pytest.param('{"a":"é"}'.encode("latin-1"), id="latin-1"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', id="encoded-surrogate"),
        pytest.param(b'{"a":1,"a":1}', id="duplicate-name"),
        pytest.param(b'{"a":1,"\\u0061":2}', id="duplicate-name-by-escape"),
        pytest.param(b'{"x":{"a":1,"a":2}}', id="duplicate-name-inside"),
        pytest.param(b'{"a":NaN}', id="nan"),
        pytest.param(b'{"a":Infinity}', id="infinity"),
        pytest.param(b'{"a":-Infinity}', id="minus-infinity"),
        pytest.param(b'{"a":1e999}', id="float-overflow"),
        pytest.param(b'{"a":-1e999}', id="negative-float-overflow"),
        pytest.param(b'{"a":' + b"9" * 100_000 + b"}", id="int-of-100000-digits"),
        pytest.param(b'{"a":' + b"9" * 101 + b"}", id="int-of-101-digits"),
        pytest.param(b'{"a":0.' + b"1" * 100_000 + b"}", id="float-of-100000-digits"),
        pytest.param(b'{"a":"\\ud800"}', id="lone-high-surrogate"),
        pytest.param(b'{"a":"\\uDC00x"}', id="lone-low-surrogate"),
        pytest.param(b'{"\\udfff":1}', id="lone-surrogate-in-a-name"),
        pytest.param(b'{"a":[[{"b":"\\ud800"}]]}', id="lone-surrogate-inside"),
        pytest.param(b'{"a":"\x00"}', id="raw-nul"),
        pytest.param(b'{"a":"\n"}', id="raw-line-end"),
        pytest.param(b"{'a':1}", id="single-quotes"),
        pytest.param(b'{"a":1}x', id="trailing-text"),
        pytest.param(b'{"a":1}{}', id="two-values"),
        pytest.param(b'{"a":1}\xc2\xa0', id="no-break-space"),
        pytest.param(b'{"a":01}', id="leading-zero"),
        pytest.param('{"a":١}'.encode(), id="arabic-digit"),
        pytest.param(b'{"a":.5}', id="no-leading-digit"),
        pytest.param(b'{"a":1,}', id="trailing-comma"),
        pytest.param(b'{"a":1}\x00', id="trailing-nul"),
        pytest.param(b"[" * 100_000, id="deep-and-open"),
        pytest.param(b'{"a":' * 50_000 + b"1" + b"}" * 50_000, id="deep-objects"),
        pytest.param(b'"' + b'\\"' * 100_000 + b"[" * 40, id="unterminated-string"),
    ],
)
def test_json_that_could_be_read_in_two_ways_or_hurts_is_refused(data: bytes) -> None:
    """Each of the known ambiguities and exhaustion tricks ends in MalformedJson."""
    with pytest.raises(MalformedJson):
        loads(data, max_bytes=ROOM)


@pytest.mark.parametrize("data", [b"null", b"[]", b'"text"', b"1", b"true", b'[{"a":1}]'])
def test_an_object_is_asked_for_where_one_is_needed(data: bytes) -> None:
    """``loads`` takes any value, ``loads_object`` only an object."""
    loads(data, max_bytes=ROOM)
    with pytest.raises(MalformedJson, match="not an object"):
        loads_object(data, max_bytes=ROOM)


def test_the_size_cap_is_exact() -> None:
    """A text of exactly the cap is read, one byte more is not."""
    assert loads_object(b'{"a":1}', max_bytes=7) == {"a": 1}
    with pytest.raises(MalformedJson, match="more than 6 bytes"):
        loads_object(b'{"a":1}', max_bytes=6)


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_the_depth_cap_is_exact(brackets: str) -> None:
    """32 nested containers are read, 33 are not; brackets inside strings do not count."""

    def nested(depth: int) -> bytes:
        inner: Any = None
        for _ in range(depth):
            inner = [inner] if brackets == "[]" else {"]}": inner}
        return json.dumps(inner).encode("utf-8")

    loads(nested(32), max_bytes=ROOM)
    with pytest.raises(MalformedJson, match="deeper than 32"):
        loads(nested(33), max_bytes=ROOM)
    assert loads(b"[[]]", max_bytes=ROOM, max_depth=2) == [[]]
    with pytest.raises(MalformedJson):
        loads(b"[[]]", max_bytes=ROOM, max_depth=1)


def test_many_flat_containers_and_brackets_in_strings_are_not_deep() -> None:
    """Only nesting is capped, neither the number of containers nor what a string holds."""
    assert len(loads(b"[" + b"{}," * 500 + b"[]]", max_bytes=ROOM)) == 501
    text = '[[["\\' * 100
    assert loads(json.dumps([text, [text]]).encode(), max_bytes=ROOM) == [text, [text]]


def test_paired_surrogates_are_a_character() -> None:
    """An escaped pair is one character beyond the basic plane, and an escaped backslash is none."""
    assert loads(b'"\\ud83d\\ude00"', max_bytes=ROOM) == "\U0001f600"
    assert loads(b'"\\\\ud800"', max_bytes=ROOM) == "\\ud800"


def test_the_number_cap_is_exact_and_does_not_hang_on_the_interpreter() -> None:
    """100 digits are a number whatever limit the interpreter was given, 101 are not."""
    limit = sys.get_int_max_str_digits()
    try:
        sys.set_int_max_str_digits(0)
        assert loads(b"9" * 100, max_bytes=ROOM) == 10**100 - 1
        with pytest.raises(MalformedJson):
            loads(b"9" * 101, max_bytes=ROOM)
    finally:
        sys.set_int_max_str_digits(limit)


def test_the_error_repeats_nothing_of_the_input() -> None:
    """What was refused may hold a secret, so the message and its visible cause do not show it."""
    with pytest.raises(MalformedJson) as caught:
        loads(b'{"refresh_token":"canary", oops', max_bytes=ROOM)
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__
