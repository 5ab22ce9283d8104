"""Authorization header in, challenge out (RFC 6750, RFC 9470)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import (
    AuthenticationRequired,
    CrossSiteRequest,
    InsufficientScope,
    SessionEnded,
    StepUpRequired,
    TokenInvalid,
    WatchwordError,
    error_classes,
)
from watchword.protocol.bearer import challenge, read_authorization


def test_x_01_no_header_is_no_credential() -> None:
    """Nothing was presented, nothing is wrong."""
    assert read_authorization([]) is None


@pytest.mark.parametrize(
    ("value", "token"),
    [
        (b"Bearer abc", "abc"),
        (b"bearer abc", "abc"),
        (b"BEARER abc", "abc"),
        (b"bEaReR a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="),
        (b"Bearer " + b"x" * 16384, "x" * 16384),
    ],
)
def test_x_02_the_scheme_is_read_in_any_case(value: bytes, token: str) -> None:
    """RFC 9110 §11.1; the token is taken as it is."""
    assert read_authorization([value]) == token


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"Bearer",
        b"Bearer ",
        b"Bearer  abc",
        b"Bearer\tabc",
        b" Bearer abc",
        b"Bearer abc ",
        b"Bearer abc\n",
        b"Bearer abc\x00",
        b"Bearer Bearer x",
        b"Bearer a b",
        b"Bearer a,b",
        b"Bearer a, Bearer b",
        b'Bearer "abc"',
        b"Bearer =",
        b"Bearer a=b",
        b"Bearer caf\xe9",
        b"Bearer caf\xc3\xa9",
        b"Bearer:abc",
        b"B\xc3\xa9arer abc",
        b"Bearer " + b"x" * 16385,
        b"Bearer " + b"x" * 2**20,
    ],
)
def test_x_02_x_04_x_07_a_presented_header_is_never_passed_over(value: bytes) -> None:
    """Tab, two blanks, two tokens, other letters, over 16 KB: invalid, never nobody."""
    with pytest.raises(TokenInvalid) as caught:
        read_authorization([value])
    assert "abc" not in caught.value.detail


@pytest.mark.parametrize(
    "value",
    [
        b"Basic dXNlcjpwYXNz",
        b"DPoP abc",
        b"Negotiate " + b"abc" * 10_000,
        b'Digest username="abc", nonce="x"',
        b"Bearerabc",
        b"Bearer2 abc",
        b"abc",
    ],
)
def test_x_04_another_scheme_is_no_bearer_token_and_still_not_nobody(value: bytes) -> None:
    """RFC 6750 §3.1: no authentication information of ours, so the challenge names no error; but it
    was presented, and no cookie takes its place."""
    with pytest.raises(AuthenticationRequired) as caught:
        read_authorization([value])
    assert "abc" not in caught.value.detail
    assert challenge(caught.value) == "Bearer"


def test_two_authorization_headers_are_refused() -> None:
    """Equal ones too: there is no telling which one a proxy looked at."""
    with pytest.raises(TokenInvalid, match="more than one"):
        read_authorization([b"Bearer abc", b"Bearer abc"])


B64TOKEN = re.compile(rb"[A-Za-z0-9\-._~+/]+=*")
TOKEN_LIKE = st.lists(
    st.sampled_from([b"aZ09", b"-._~+/", b"=", b"==", b" ", b"%", b"\n", b"\x80"]), max_size=6
)


@settings(derandomize=True, deadline=None)
@given(TOKEN_LIKE.map(b"".join) | st.binary())
def test_a_bearer_token_is_what_its_grammar_says(token: bytes) -> None:
    """``b64token`` of RFC 6750 §2.1, to the byte."""
    if B64TOKEN.fullmatch(token):
        assert read_authorization([b"Bearer " + token]) == token.decode()
    else:
        with pytest.raises(TokenInvalid):
            read_authorization([b"Bearer " + token])


@settings(derandomize=True, deadline=None)
@given(st.lists(st.binary() | st.binary().map(lambda raw: b"Bearer " + raw), max_size=2))
def test_any_header_is_a_token_or_our_error(values: list[bytes]) -> None:
    """No bytes escape as another exception, and a token is always plain ASCII without blanks."""
    try:
        token = read_authorization(values)
    except (AuthenticationRequired, TokenInvalid):
        return
    assert token is None or (token.isascii() and token.isprintable() and " " not in token)


@pytest.mark.parametrize("error", [None, AuthenticationRequired(), CrossSiteRequest()])
def test_x_01_challenge_without_a_token_has_no_error(error: WatchwordError | None) -> None:
    """RFC 6750 §3.1: a caller who sent nothing learns the scheme only."""
    assert challenge(error) == "Bearer"
    assert challenge(error, realm="orders") == 'Bearer realm="orders"'


@pytest.mark.parametrize("error", [TokenInvalid("secret cause"), SessionEnded("secret cause")])
def test_challenge_of_a_refused_token(error: TokenInvalid) -> None:
    """RFC 6750 §3.1: invalid_token for every token fault; the operator's cause stays inside."""
    value = challenge(error, realm="orders")
    assert value == f'Bearer realm="orders", error="invalid_token", error_description="{error.public}"'
    assert "secret cause" not in value


def test_challenge_of_a_step_up_names_the_age() -> None:
    """RFC 9470 §3: insufficient_user_authentication and max_age."""
    value = challenge(StepUpRequired(max_age_seconds=300))
    assert value.startswith('Bearer error="insufficient_user_authentication", error_description="')
    assert value.endswith('", max_age="300"')


def test_challenge_of_a_missing_scope_names_the_scopes() -> None:
    """RFC 6750 §3: scope when one is missing, none when it was a role."""
    assert challenge(InsufficientScope(scopes=["orders:read", "orders:write"])).endswith(
        ', scope="orders:read orders:write"'
    )
    value = challenge(InsufficientScope("a role is missing"))
    assert 'error="insufficient_scope"' in value
    assert "scope=" not in value


@settings(derandomize=True, deadline=None)
@given(st.text(st.characters()), st.lists(st.text(st.characters()), max_size=3))
def test_ses_87_challenge_is_always_one_safe_header_line(realm: str, scopes: list[str]) -> None:
    """No quote, backslash, line break or other letter leaves the quoted string."""
    value = challenge(InsufficientScope(scopes=scopes), realm=realm)
    assert value.isascii()
    assert value.isprintable()
    assert "\\" not in value
    assert value.count('"') % 2 == 0
    assert value.count('"') == 2 * (3 + bool(scopes))


def test_every_public_sentence_fits_a_quoted_string() -> None:
    """RFC 6750 §3 allows no quote, backslash or other letter in error_description."""
    for cls in error_classes():
        assert all(" " <= char <= "~" and char not in '"\\' for char in cls.public), cls
