"""Cookie and Set-Cookie (RFC 6265)."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from watchword.protocol.cookies import CookieNames, clear_cookie, read_cookies, set_cookie


def test_cookies_of_all_headers_are_read() -> None:
    """HTTP/2 may split the header; blanks around names and values do not count."""
    cookies = read_cookies([b"a=1; b=two=2;c=;\td = x ", b"e=5"])
    assert [cookies.get(name) for name in "abcde"] == ["1", "two=2", "", "x", "5"]
    assert cookies.get("f") is None
    assert not cookies.duplicated("a")
    assert not cookies.oversized


@pytest.mark.parametrize(
    "headers", [[b"a=1; a=2"], [b"a=1; a=1"], [b"a=1", b"b=2; a=1"], [b"a=1; a=\xff"], [b'a="; a=1']]
)
def test_st_7_a_name_that_comes_twice_has_no_value(headers: list[bytes]) -> None:
    """One of the two may be planted by a sibling host; equal or broken ones count too."""
    cookies = read_cookies(headers)
    assert cookies.get("a") is None
    assert cookies.duplicated("a")
    assert cookies.with_prefix("a") == {}


def test_names_are_case_sensitive_and_prefixes_select() -> None:
    """One cookie per attempt is found by its prefix, duplicates left out."""
    cookies = read_cookies([b"ww_attempt_1=x; ww_attempt_2=y; WW_attempt_3=z; ww_attempt_2=w; other=o"])
    assert cookies.with_prefix("ww_attempt_") == {"ww_attempt_1": "x"}
    assert cookies.duplicated("ww_attempt_2")
    assert not cookies.duplicated("ww_attempt_1")


@pytest.mark.parametrize(
    "header",
    [b"", b";", b"=", b"=x", b"a", b"ww", b"a b=1", b"\xff=1", b"a\x00=1", b"caf\xc3\xa9=1", b"\n=1", b",=1"],
)
def test_garbage_is_passed_over(header: bytes) -> None:
    """Nameless, unnamed and unprintable pairs neither raise nor hide the cookie beside them."""
    assert read_cookies([header, b"good=1"]).get("good") == "1"
    assert read_cookies([header]).with_prefix("") == {}


@pytest.mark.parametrize("value", [b"\xe9", b"a b", b'"q"', b"a,b", b"a\\b", b"a\x00b", b"a\nb", b"\x7f"])
def test_values_that_are_not_cookie_octets_are_absent(value: bytes) -> None:
    """RFC 6265 §4.1.1: what we never wrote is never given to a check that expects ASCII."""
    cookies = read_cookies([b"a=" + value])
    assert cookies.get("a") is None
    assert not cookies.duplicated("a")


def test_bounds_at_the_edge() -> None:
    """16 KB and 100 cookies are read; above, nothing is, so that no duplicate can hide."""
    assert read_cookies([b"a=" + b"x" * (16384 - 2)]).get("a") == "x" * 16382
    too_long = read_cookies([b"a=1; b=" + b"x" * 16384])
    assert too_long.oversized
    assert too_long.get("a") is None
    hundred = b";".join(b"c%d=1" % number for number in range(100))
    assert len(read_cookies([hundred]).with_prefix("c")) == 100
    assert read_cookies([hundred, b"a=1"]).oversized


def test_ses_88_values_do_not_print() -> None:
    """repr shows names only."""
    assert repr(read_cookies([b"b=canary; a=canary; a=canary"])) == "Cookies(names=['b'], duplicates=['a'])"


@settings(derandomize=True, deadline=None, max_examples=examples(300))
@given(st.lists(st.binary(max_size=60) | st.text('ab=; \t"', max_size=30).map(str.encode), max_size=4))
def test_any_bytes_are_read(headers: list[bytes]) -> None:
    """Nothing raises, and every value is plain ASCII."""
    cookies = read_cookies(headers)
    for name, value in cookies.with_prefix("").items():
        assert (name + value).isascii()
        assert not cookies.duplicated(name)


def test_cookie_names_are_host_locked_over_https() -> None:
    """ST-7: over https unprefixed names do not count; the scheme of BASE_URL decides."""
    assert CookieNames.for_base_url("HTTPS://app.test") == CookieNames(
        access="__Host-ww_access", refresh="__Host-ww_refresh", attempt="__Host-ww_attempt_", secure=True
    )
    assert CookieNames.for_base_url("http://127.0.0.1:8000") == CookieNames(
        access="ww_access", refresh="ww_refresh", attempt="ww_attempt_", secure=False
    )


def test_ses_70_attributes() -> None:
    """HttpOnly, SameSite=Lax, Path=/, no Domain, Secure over https."""
    value = set_cookie("__Host-ww_access", "e.y-J_", secure=True, max_age_seconds=900)
    assert value == "__Host-ww_access=e.y-J_; Max-Age=900; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert set_cookie("ww_access", "x", secure=False, max_age_seconds=0).endswith("SameSite=Lax")


def test_ses_62_clearing_uses_the_same_attributes() -> None:
    """A browser only drops a cookie of the same name, path and prefix."""
    assert clear_cookie("__Host-ww_refresh", secure=True) == (
        "__Host-ww_refresh=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"
    )


@pytest.mark.parametrize(
    ("name", "value", "secure", "age"),
    [
        ("", "x", False, 1),
        ("a b", "x", False, 1),
        ("a=", "x", False, 1),
        ("a\n", "x", False, 1),
        ("\u00e9", "x", False, 1),
        ("a", "x;y", False, 1),
        ("a", "x y", False, 1),
        ("a", "x\r\nSet-Cookie: b=c", False, 1),
        ("a", "\u00e9", False, 1),
        ("a", '"x"', False, 1),
        ("a", "x" * 4096, False, 1),
        ("a", "x", False, -1),
        ("__Host-a", "x", False, 1),
    ],
)
def test_ses_87_a_cookie_that_cannot_be_written_is_refused(
    name: str, value: str, secure: bool, age: int
) -> None:
    """No separator, line break or other letter, no more than 4096 bytes, no lock without Secure."""
    with pytest.raises(ValueError, match=r"cookie|max_age_seconds"):
        set_cookie(name, value, secure=secure, max_age_seconds=age)


def test_ses_70_size_at_the_edge() -> None:
    """Name and value together: 4096 bytes fit."""
    assert set_cookie("a", "x" * 4095, secure=True, max_age_seconds=1).startswith("a=xxx")


OCTETS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '",;\\')


@settings(derandomize=True, deadline=None)
@given(st.text(OCTETS, max_size=50))
def test_what_is_written_is_read_again(value: str) -> None:
    """Our own reader and Python's agree on what we set."""
    written = set_cookie("ww_x", value, secure=True, max_age_seconds=5)
    pair = written.partition(";")[0]
    assert read_cookies([pair.encode()]).get("ww_x") == value
    assert SimpleCookie(written)["ww_x"].value == value
