"""Bodies: forms, and what POST /auth/refresh may carry (SES-29)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.errors import InvalidRequest, RequestTooLarge
from watchword.protocol.form import read_form
from watchword.protocol.refresh_request import RefreshBody, read_refresh_body

FORM = "application/x-www-form-urlencoded"


def test_form_fields_are_decoded_once() -> None:
    """Plus and percent escapes, empty values, UTF-8."""
    assert read_form(b"a=1+2&b=%2B%26%3D&c=&d=%C3%A9", max_bytes=100) == {
        "a": "1 2",
        "b": "+&=",
        "c": "",
        "d": "\u00e9",
    }
    assert read_form(b"", max_bytes=0) == {}


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a=1&%61=1", b"a=1&b=2&a="])
def test_a_form_parameter_twice_is_refused(body: bytes) -> None:
    """RFC 6749 §3.2: parameters must not be included more than once, however spelt."""
    with pytest.raises(InvalidRequest, match="more than once"):
        read_form(body, max_bytes=100)


@pytest.mark.parametrize(
    "body",
    [
        b"a",
        b"a=1&",
        b"&",
        b"a=1&&b=2",
        b"a=\xff",
        b"a=caf\xc3\xa9",
        b"a=%ff",
        b'{"a": 1}',
        b"&".join([b"a=1"] * 51),
    ],
)
def test_a_malformed_form_is_refused(body: bytes) -> None:
    """Fields without a name or value part, other bytes, more than 50 fields."""
    with pytest.raises(InvalidRequest, match="not a well-formed form"):
        read_form(body, max_bytes=1000)


def test_a_form_over_its_cap_is_too_large() -> None:
    """At the cap read, above refused."""
    assert read_form(b"a=12", max_bytes=4) == {"a": "12"}
    with pytest.raises(RequestTooLarge):
        read_form(b"a=123", max_bytes=4)


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", FORM, "text/plain", "multipart/form-data"]
)
def test_an_empty_body_says_nothing(content_type: str | None) -> None:
    """The cookie speaks then, whatever type an empty body claims."""
    assert read_refresh_body(content_type, b"") == RefreshBody(None, None, None)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"refresh_token":"wtr_x","client_id":"spa","scope":"a b"}'),
        (
            "application/json; charset=utf-8",
            b' {"refresh_token":"wtr_x","client_id":"spa","scope":"a b","x":[1]} ',
        ),
        (FORM, b"refresh_token=wtr_x&client_id=spa&scope=a+b&grant_type=refresh_token"),
        (FORM.upper() + "; charset=UTF-8", b"scope=a%20b&client_id=spa&refresh_token=wtr%5Fx"),
    ],
)
def test_json_and_form_say_the_same(content_type: str, body: bytes) -> None:
    """Both spellings of the request; unknown members are ignored."""
    assert read_refresh_body(content_type, body) == RefreshBody("wtr_x", "spa", "a b")


def test_members_left_out_or_empty() -> None:
    """RFC 6749 §3.2: a parameter without a value counts as left out, but never the token."""
    assert read_refresh_body("application/json", b"{}") == RefreshBody()
    assert read_refresh_body(FORM, b"client_id=&scope=") == RefreshBody()
    for content_type, body in ((FORM, b"refresh_token="), ("application/json", b'{"refresh_token":""}')):
        with pytest.raises(InvalidRequest, match="refresh_token is empty"):
            read_refresh_body(content_type, body)


@pytest.mark.parametrize("name", ["refresh_token", "client_id", "scope"])
@pytest.mark.parametrize("value", [None, 5, 1.5, True, [], ["wtr_x"], {}, "a\nb", "\u0000", "caf\u00e9"])
def test_ses_29_members_of_another_type_are_refused(name: str, value: Any) -> None:
    """null, number, list, unprintable: a clear 400, never a database error."""
    with pytest.raises(InvalidRequest, match=name):
        read_refresh_body("application/json", json.dumps({name: value}).encode())


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"refresh_token":"a","refresh_token":"b"}'),
        ("application/json", b"null"),
        ("application/json", b'"wtr_x"'),
        ("application/json", b"[]"),
        ("application/json", b" "),
        ("application/json", b"refresh_token=x"),
        ("application/json", b"\xff"),
        ("application/json", b"[" * 10_000),
        ("application/json", b'{"refresh_token":"\\ud800"}'),
        (FORM, b"refresh_token=a&refresh_token=b"),
        (FORM, b'{"refresh_token":"x"}'),
        (FORM, b"refresh_token=%00"),
        (FORM, b"refresh_token=%C3%A9"),
        (None, b"refresh_token=x"),
        ("", b"x"),
        ("text/plain", b'{"refresh_token":"x"}'),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/json; charset=utf-16", b"{}"),
        ("garbage", b"{}"),
    ],
)
def test_ses_29_bodies_that_cannot_be_read_are_refused(content_type: str | None, body: bytes) -> None:
    """Duplicates, other shapes, unknown types (SES-73: no JSON as text/plain)."""
    with pytest.raises(InvalidRequest) as caught:
        read_refresh_body(content_type, body)
    assert caught.value.status == 400


@pytest.mark.parametrize("content_type", [None, "application/json", FORM, "text/plain"])
def test_ses_29_more_than_16_kb_is_too_large(content_type: str | None) -> None:
    """Refused before anything is parsed."""
    for size in (16385, 2**20):
        with pytest.raises(RequestTooLarge):
            read_refresh_body(content_type, b"x" * size)


def test_a_body_at_the_cap_is_read() -> None:
    """16 KB exactly."""
    body = b"refresh_token=" + b"x" * (16384 - 14)
    assert read_refresh_body(FORM, body).refresh_token == "x" * (16384 - 14)


def test_ses_88_the_token_does_not_print() -> None:
    """repr leaves it out."""
    assert "canary" not in repr(read_refresh_body(FORM, b"refresh_token=canary"))


@settings(derandomize=True, deadline=None)
@given(st.sampled_from([None, "application/json", FORM, "x"]) | st.text(), st.binary(max_size=80))
def test_any_body_is_read_or_refused(content_type: str | None, body: bytes) -> None:
    """No bytes escape as another exception."""
    try:
        read = read_refresh_body(content_type, body)
    except InvalidRequest:
        return
    assert read.refresh_token is None or read.refresh_token.isascii()
