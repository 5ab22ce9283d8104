"""RFC 7636: verifier and challenge."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.protocol.pkce import challenge_s256, is_verifier

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def test_rfc7636_appendix_b_example() -> None:
    """The example of RFC 7636 appendix B comes out as printed there."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_s256(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 42, False),
        ("a" * 43, True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        ("a" * 42 + "=", False),
        ("a" * 42 + "+", False),
        ("a" * 43 + "\n", False),
        ("\u0661" * 43, False),
        ("\u00e9" * 43, False),
    ],
)
def test_pk_1_verifier_is_43_to_128_unreserved_characters(text: str, expected: bool) -> None:
    """RFC 7636 §4.1: length edges, reserved characters, trailing newline, digits of other scripts."""
    assert is_verifier(text) is expected


@pytest.mark.parametrize("text", ["", "short", "\u00e9" * 50, "\ud800" * 50])
def test_challenge_refuses_what_is_no_verifier(text: str) -> None:
    """A challenge is never made of something that the provider would refuse."""
    with pytest.raises(ValueError, match="43 to 128"):
        challenge_s256(text)


@settings(derandomize=True, deadline=None)
@given(st.text(UNRESERVED, min_size=43, max_size=128))
def test_pk_1_challenge_is_unpadded_base64url_of_sha256(verifier: str) -> None:
    """RFC 7636 §4.2: 32 bytes make 43 base64url characters without padding."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge_s256(verifier))
