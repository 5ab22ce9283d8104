"""Promises of reading a token for people: nothing is believed, everything is shown, mix-ups are named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from watchword.protocol import base64url
from watchword.protocol.token_reading import TokenReading, hints, read_token

OURS, AUDIENCE = "https://api.example.test", "https://api.example.test"
PROVIDERS = {"corp": "https://login.example.test/"}


def written(claims: Any, *, typ: str | None = None) -> str:
    """A token that nobody signed."""
    header = {"alg": "ES256"} | ({} if typ is None else {"typ": typ})
    parts = [base64url.encode(json.dumps(part).encode()) for part in (header, claims)]
    return ".".join([*parts, base64url.encode(b"no signature")])


def said(reading: TokenReading) -> list[str]:
    return list(hints(reading, issuer=OURS, audience=AUDIENCE, providers=PROVIDERS))


@pytest.mark.parametrize(
    ("claims", "typ", "kind"),
    [
        ({"sub": "1"}, "at+jwt", "access_token"),
        ({"sub": "1"}, "application/AT+JWT", "access_token"),
        ({"nonce": "n"}, "at+jwt", "access_token"),
        ({}, "logout+jwt", "logout_token"),
        ({"nonce": "n"}, "JWT", "id_token"),
        ({"at_hash": "h"}, None, "id_token"),
        ({"sub": "1"}, "JWT", "jwt"),
        ({"sub": "1"}, None, "jwt"),
    ],
)
def test_a_token_is_what_its_type_says_else_what_only_one_kind_has(
    claims: dict[str, Any], typ: str | None, kind: str
) -> None:
    """And its header and claims are there as they stand in it."""
    reading = read_token(written(claims, typ=typ))
    assert (reading.kind, reading.fault) == (kind, None)
    assert dict(reading.claims) == claims
    assert reading.header["alg"] == "ES256"


def test_a_refresh_token_is_known_by_its_first_letters() -> None:
    """Nothing in it is for people."""
    assert read_token("wtr_whatever") == TokenReading("refresh_token")


@pytest.mark.parametrize("text", ["", "a.b", "..", "a.b.c.d", "é.é.é", "x" * 9000])
def test_what_is_no_token_says_why(text: str) -> None:
    """It is never an exception."""
    reading = read_token(text)
    assert reading.kind == "unreadable"
    assert reading.fault


def test_claims_that_cannot_be_read_leave_the_header() -> None:
    """A list instead of an object, say."""
    reading = read_token(written([1], typ="JWT"))
    assert reading.kind == "unreadable"
    assert reading.header["typ"] == "JWT"
    assert reading.fault is not None
    assert "malformed" in reading.fault


@pytest.mark.parametrize(
    ("claims", "typ", "words"),
    [
        ({"iss": PROVIDERS["corp"], "nonce": "n"}, None, "ID token of provider corp"),
        ({"iss": PROVIDERS["corp"]}, "logout+jwt", "/auth/backchannel-logout/corp"),
        ({"iss": PROVIDERS["corp"]}, None, "WATCHWORD_PROVIDERS__CORP__ACCEPT_ACCESS_TOKENS=true"),
        ({"iss": "https://login.example.test"}, None, "letter for letter provider corp's"),
        ({"iss": "http://API.example.test/"}, None, "letter for letter BASE_URL's"),
        ({"iss": OURS, "aud": "other"}, "at+jwt", f"AUDIENCE is {AUDIENCE}"),
        ({"iss": OURS, "aud": ["other"]}, "at+jwt", f"AUDIENCE is {AUDIENCE}"),
        ({"iss": OURS}, "at+jwt", f"AUDIENCE is {AUDIENCE}"),
    ],
)
def test_what_is_often_mixed_up_is_named(claims: dict[str, Any], typ: str | None, words: str) -> None:
    """One hint each, with the way out."""
    (hint,) = said(read_token(written(claims, typ=typ)))
    assert words in hint


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": OURS, "aud": AUDIENCE},
        {"iss": OURS, "aud": ["other", AUDIENCE]},
        {"iss": "https://stranger.test"},
        {"iss": 7},
        {},
    ],
)
def test_nothing_is_guessed(claims: dict[str, Any]) -> None:
    """No hint where there is nothing to be mixed up."""
    assert said(read_token(written(claims))) == []
