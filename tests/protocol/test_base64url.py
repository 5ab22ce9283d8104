"""base64url: one spelling per value and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import bounded
from watchword.protocol.base64url import InvalidBase64Url, decode, encode


@bounded
@given(st.binary(max_size=200))
def test_every_value_comes_back_from_its_spelling(raw: bytes) -> None:
    """Encoding and decoding are inverse, for text and for bytes."""
    assert decode(encode(raw)) == raw
    assert decode(encode(raw).encode("ascii")) == raw


@bounded
@given(st.one_of(st.text(max_size=60), st.binary(max_size=60), st.text("AQgw-_+/=", max_size=12)))
def test_whatever_decodes_encodes_to_itself(text: str | bytes) -> None:
    """No second spelling of any value is accepted, and nothing but the own error is raised."""
    try:
        raw = decode(text)
    except InvalidBase64Url:
        return
    assert encode(raw) == (text if isinstance(text, str) else text.decode("ascii"))


@pytest.mark.parametrize(
    "text",
    [
        "QQ==",
        "QQ=",
        "QQ\n",
        " QQ",
        "Q Q",
        "QR",
        "QUJ",
        "Q",
        "QUJDR",
        "+w",
        "/w",
        "Q.Q",
        "QQ\x00",
        "\uff21\uff21",
        "\ud800",
        "Q\u00e9",
        b"Q\xff",
        "====",
    ],
)
def test_other_spellings_are_refused(text: str | bytes) -> None:
    """Padding, blanks, line ends, the other alphabet, set trailing bits, impossible lengths and
    anything outside ASCII are refused."""
    with pytest.raises(InvalidBase64Url):
        decode(text)


def test_the_empty_spelling_is_the_empty_value() -> None:
    """An empty part of a token is empty bytes, not an error."""
    assert decode("") == b""
    assert encode(b"") == ""
