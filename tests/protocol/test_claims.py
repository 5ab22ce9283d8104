"""The checks all tokens share: exact types, safe text, times at their edges."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import NOW, bounded, verified
from watchword.protocol import claims
from watchword.protocol.claims import ClaimError

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def reason_of(caught: pytest.ExceptionInfo[ClaimError]) -> tuple[str, str]:
    return caught.value.claim, caught.value.reason


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'"sub"',
        b"not json",
        b"\xff",
        b'{"sub":"a","sub":"b"}',
        b'{"exp":NaN}',
        b'{"exp":1e999}',
        b'{"exp":' + b"9" * 5000 + b"}",
        b'{"sub":"\\ud800"}',
        b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
    ],
)
def test_a_payload_that_is_no_claims_set_is_refused(payload: bytes) -> None:
    """json-*: a genuine signature over JSON with two readings, or over no JSON, is no claim."""
    with pytest.raises(ClaimError) as caught:
        claims.read_claims(verified(payload))
    assert reason_of(caught) == ("payload", "malformed")


def test_a_claims_set_is_read_as_it_was_signed() -> None:
    """Names and values arrive unchanged."""
    assert claims.read_claims(verified({"sub": "é", "n": [1, {"a": None}]})) == {
        "sub": "é",
        "n": [1, {"a": None}],
    }


@pytest.mark.parametrize("value", ["a", " ", "x" * 255, "é", "\U0001f600", "a b", "<script>"])
def test_text_that_identifies_may_be_any_printable_string(value: str) -> None:
    """1 to 255 characters; what is done with them is the reader's to escape."""
    assert claims.required_text({"sub": value}, "sub") == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x" * 256,
        "\x00",
        "a\x00b",
        "a\r\nb",
        "\t",
        "\x1f",
        "\x7f",
        "\x85",
        "\x9f",
        "\u2028",
        "\u2029",
        "\ud800",
        "a\udfff",
    ],
)
def test_rp_03_text_with_control_characters_or_of_a_bad_length_is_refused(value: str) -> None:
    """Nothing that ends a line, a string or an encoder reaches a database or a log."""
    with pytest.raises(ClaimError) as caught:
        claims.required_text({"sub": value}, "sub")
    assert reason_of(caught) == ("sub", "unsafe_text")


@pytest.mark.parametrize("value", [None, 1, 1.5, True, ["a"], {"a": 1}])
def test_text_of_another_type_is_refused(value: Any) -> None:
    """Also null, which is not the same as absent."""
    for read in (claims.required_text, claims.optional_text):
        with pytest.raises(ClaimError) as caught:
            read({"sub": value}, "sub")
        assert reason_of(caught) == ("sub", "wrong_type")


def test_absent_text_is_none_or_missing() -> None:
    """The caller says which."""
    assert claims.optional_text({}, "sid") is None
    with pytest.raises(ClaimError) as caught:
        claims.required_text({}, "sub")
    assert reason_of(caught) == ("sub", "missing")


@pytest.mark.parametrize("value", [True, False, 1.0, 1e9, "1", "", None, [1], {}, float("nan")])
def test_rp_55_a_time_is_a_json_integer(value: Any) -> None:
    """exp-*: no string, fraction, boolean or null is a time."""
    with pytest.raises(ClaimError) as caught:
        claims.optional_timestamp({"exp": value}, "exp")
    assert reason_of(caught) == ("exp", "wrong_type")


def test_a_time_lies_between_1970_and_9999() -> None:
    """Every accepted time can be turned into a date without overflow."""
    last = claims.MAX_TIMESTAMP_SECONDS
    for value in (0, last):
        assert claims.required_timestamp({"exp": value}, "exp") == value
    for value in (-1, last + 1, 10**99):
        with pytest.raises(ClaimError) as caught:
            claims.required_timestamp({"exp": value}, "exp")
        assert reason_of(caught) == ("exp", "out_of_range")
    with pytest.raises(ClaimError) as caught:
        claims.required_timestamp({}, "exp")
    assert reason_of(caught) == ("exp", "missing")


def test_rp_02_a_match_is_to_the_character_and_the_error_says_what_differs() -> None:
    """The slash at the end of an issuer is a difference, and the operator sees it."""
    assert claims.required_match({"iss": "https://a"}, "iss", "https://a") == "https://a"
    with pytest.raises(ClaimError, match=r"expected 'https://a', got 'https://a/'") as caught:
        claims.required_match({"iss": "https://a/"}, "iss", "https://a")
    assert reason_of(caught) == ("iss", "mismatch")
    with pytest.raises(ClaimError) as caught:
        claims.required_match({}, "iss", "https://a")
    assert reason_of(caught) == ("iss", "missing")
    with pytest.raises(ClaimError) as caught:
        claims.required_match({"iss": ["https://a"]}, "iss", "https://a")
    assert reason_of(caught) == ("iss", "wrong_type")


def test_what_an_error_repeats_is_one_printable_line() -> None:
    """A foreign value in a log line cannot split it or hide in it."""
    with pytest.raises(ClaimError) as caught:
        claims.required_match({"iss": "a\r\nb\u2028" + "c" * 500}, "iss", "x")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250
    with pytest.raises(ClaimError) as caught:
        claims.required_audience({"aud": ["a\nb"] * 3 + [str(n) for n in range(100)]}, "x")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("value", "named"), [("us", {"us"}), (["us"], {"us"}), (["us", "api"], {"us", "api"})]
)
def test_rp_47_an_audience_is_a_string_or_a_list_of_strings(value: Any, named: set[str]) -> None:
    """aud-*: both forms of RFC 7519 §4.1.3."""
    assert claims.required_audience({"aud": value}, "us") == named


@pytest.mark.parametrize(
    "value", [None, 1, True, {}, {"us": 1}, [], "", ["us", 1], ["us", None], [["us"]], ["us", ""]]
)
def test_an_audience_of_another_type_is_refused(value: Any) -> None:
    """aud-*: also a list that names us and holds something that is no name."""
    with pytest.raises(ClaimError) as caught:
        claims.required_audience({"aud": value}, "us")
    assert reason_of(caught) == ("aud", "wrong_type")


@pytest.mark.parametrize("value", ["usa", "u", "US", "us ", ["usa", "u"], "us,api", "us api"])
def test_rp_04_an_audience_without_us_is_refused(value: Any) -> None:
    """aud-*: no part, no prefix, no other case of our name."""
    with pytest.raises(ClaimError) as caught:
        claims.required_audience({"aud": value}, "us")
    assert reason_of(caught) == ("aud", "mismatch")


def test_rp_05_an_absent_audience_is_refused() -> None:
    """A token for nobody is not for us."""
    with pytest.raises(ClaimError) as caught:
        claims.required_audience({}, "us")
    assert reason_of(caught) == ("aud", "missing")


def times(**changed: int) -> tuple[int, int]:
    return claims.check_times(
        {"iat": NOW, "exp": NOW + 100, **changed}, now_seconds=NOW, leeway_seconds=30, max_life_seconds=1000
    )


@pytest.mark.parametrize(
    ("accepted", "refused", "reason"),
    [
        ({"exp": NOW - 29}, {"exp": NOW - 30}, ("exp", "expired")),
        ({"iat": NOW + 30}, {"iat": NOW + 31}, ("iat", "in_the_future")),
        ({"nbf": NOW + 30}, {"nbf": NOW + 31}, ("nbf", "not_yet_valid")),
        ({"exp": NOW + 1000}, {"exp": NOW + 1001}, ("exp", "life_too_long")),
        ({"nbf": 0}, {"nbf": -1}, ("nbf", "out_of_range")),
    ],
)
def test_every_time_edge_is_exact(
    accepted: dict[str, int], refused: dict[str, int], reason: tuple[str, str]
) -> None:
    """One second decides, with the one leeway on each side."""
    assert times(**accepted)
    with pytest.raises(ClaimError) as caught:
        times(**refused)
    assert reason_of(caught) == reason


@pytest.mark.parametrize("name", ["iat", "exp"])
def test_both_ends_of_a_life_are_required(name: str) -> None:
    """RP-06, RP-49: a token that never began or never ends is refused."""
    whole = {"iat": NOW, "exp": NOW + 1}
    del whole[name]
    with pytest.raises(ClaimError) as caught:
        claims.check_times(whole, now_seconds=NOW, leeway_seconds=0, max_life_seconds=10)
    assert reason_of(caught) == (name, "missing")


def test_auth_time_is_optional_and_never_ahead() -> None:
    """A sign-in that is yet to happen is refused beyond the leeway."""

    def read(found: dict[str, Any]) -> int | None:
        return claims.optional_auth_time(found, now_seconds=NOW, leeway_seconds=30)

    assert read({}) is None
    assert read({"auth_time": NOW + 30}) == NOW + 30
    with pytest.raises(ClaimError) as caught:
        read({"auth_time": NOW + 31})
    assert reason_of(caught) == ("auth_time", "in_the_future")


@bounded
@given(st.dictionaries(st.sampled_from(["iss", "sub", "aud", "iat", "exp", "nbf", "auth_time"]), anything))
def test_claims_of_any_type_raise_nothing_foreign(found: dict[str, Any]) -> None:
    """Each check answers or raises ClaimError, whatever a signer put into a claim."""
    for check in (
        lambda: claims.required_text(found, "sub"),
        lambda: claims.required_match(found, "iss", "x"),
        lambda: claims.required_audience(found, "x"),
        lambda: claims.check_times(found, now_seconds=0, leeway_seconds=0, max_life_seconds=1),
        lambda: claims.optional_auth_time(found, now_seconds=0, leeway_seconds=0),
    ):
        with contextlib.suppress(ClaimError):
            check()


@bounded
@given(
    st.fixed_dictionaries(
        {"iat": st.integers(NOW - 100, NOW + 10), "exp": st.integers(NOW - 100, NOW + 100)},
        optional={"nbf": st.integers(NOW - 100, NOW + 10), "auth_time": st.integers(0, NOW + 10)},
    ),
    st.integers(0, 60),
)
def test_the_seconds_that_fit_are_those_the_checks_accept(times: dict[str, int], leeway: int) -> None:
    """Second by second, at every edge that any of the times has."""
    edges = {moment + side * leeway for moment in times.values() for side in (-1, 0, 1)}
    seconds = sorted({edge + step for edge in edges for step in (-1, 0, 1)})
    accepted = [second for second in seconds if _times_are_accepted(times, second, leeway)]
    assert accepted == [
        second for second in seconds if second in claims.seconds_that_fit(times, leeway_seconds=leeway)
    ]


def _times_are_accepted(times: dict[str, int], now: int, leeway: int) -> bool:
    try:
        claims.check_times(times, now_seconds=now, leeway_seconds=leeway, max_life_seconds=10**9)
        claims.optional_auth_time(times, now_seconds=now, leeway_seconds=leeway)
    except ClaimError:
        return False
    return True
