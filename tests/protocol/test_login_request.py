"""What a link to the sign-in page asks for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import InvalidRequest
from watchword.protocol.login_request import PLAIN_LOGIN, LoginRequest, read_login_request
from watchword.protocol.max_age import LONGEST_MAX_AGE_SECONDS, is_recent, read_max_age

DEFAULT = "/start"
NOW = 1_800_000_000


def read(*params: tuple[str, str]) -> LoginRequest:
    return read_login_request(params, default_return_to=DEFAULT)


def test_nothing_asked_is_a_plain_sign_in() -> None:
    """Unknown names are nothing, and the default page needs no mention."""
    assert read() == read(("utm", "x"), ("request", "y")) == read(("return_to", DEFAULT)) == PLAIN_LOGIN
    assert PLAIN_LOGIN.query == ""


def test_both_wishes_survive_the_next_link() -> None:
    """The query reads back as the same request."""
    asked = read(("max_age", "300"), ("return_to", "/orders/7?a=1&b=%20"))
    assert asked == LoginRequest("/orders/7?a=1&b=%20", 300)
    assert asked.query == "?return_to=%2Forders%2F7%3Fa%3D1%26b%3D%2520&max_age=300"
    assert read(("max_age", "0")).query == "?max_age=0"


def test_rt_a_hostile_return_path_is_the_default_and_the_last_one_counts() -> None:
    """No more is said about it: people are signed in all the same."""
    assert read(("return_to", "//evil.example")) == PLAIN_LOGIN
    assert read(("return_to", "/a"), ("return_to", "/b")).return_to == "/b"


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("300", 300), ("0300", 300), ("31536000", 31_536_000)]
)
def test_an_age_is_digits_up_to_a_year(text: str, seconds: int) -> None:
    """One above is no age any more."""
    assert read_max_age(text) == seconds
    with pytest.raises(ValueError, match="max_age"):
        read_max_age(str(LONGEST_MAX_AGE_SECONDS + 1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-1",
        "+1",
        "1.5",
        "1e3",
        "0x10",
        "1_000",
        " 300",
        "300 ",
        "300\n",
        "\u0663",
        "ten",
        "9" * 5000,
    ],
)
def test_rp_53_an_age_that_cannot_be_read_is_an_error_and_not_left_out(text: str) -> None:
    """A recent sign-in was wanted: signing in without that would not be what was asked."""
    with pytest.raises(InvalidRequest, match="max_age"):
        read(("max_age", text))


def test_two_ages_are_an_error() -> None:
    """Equal ones too."""
    with pytest.raises(InvalidRequest, match="more than once"):
        read(("max_age", "1"), ("max_age", "1"))


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["return_to", "max_age", "x"]), st.text(max_size=12)), max_size=4))
def test_any_query_is_a_request_or_our_error(params: list[tuple[str, str]]) -> None:
    """What was read is a safe path and an age in bounds."""
    try:
        asked = read_login_request(params, default_return_to=DEFAULT)
    except InvalidRequest:
        return
    assert asked.return_to is None or asked.return_to.startswith("/")
    assert asked.max_age_seconds is None or 0 <= asked.max_age_seconds <= LONGEST_MAX_AGE_SECONDS


@pytest.mark.parametrize(
    ("auth_time", "asserted", "recent"),
    [
        (NOW - 59, True, True),
        (NOW - 60, True, True),
        (NOW - 61, True, False),
        (NOW + 5, True, True),
        (NOW, False, False),
        (None, True, False),
    ],
)
def test_recent_is_asserted_and_young(auth_time: int | None, asserted: bool, recent: bool) -> None:
    """One second below, at and above the age asked for."""
    assert is_recent(auth_time, asserted=asserted, max_age_seconds=60, now_seconds=NOW) is recent
