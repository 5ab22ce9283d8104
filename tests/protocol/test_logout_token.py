"""Logout tokens: OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6, one rule after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.protocol.workshop import NOW, verified
from watchword.errors import InvalidRequest, RequestTooLarge
from watchword.protocol.claims import ClaimError
from watchword.protocol.logout_token import (
    EVENT,
    LogoutToken,
    LogoutTokenPolicy,
    check_logout_token,
    read_logout_body,
)

POLICY = LogoutTokenPolicy("https://op.example", "us", leeway_seconds=30)
CLAIMS: Mapping[str, Any] = {
    "iss": "https://op.example",
    "aud": "us",
    "iat": NOW,
    "exp": NOW + 120,
    "jti": "bWJq",
    "sid": "08a5019c",
    "sub": "248289761001",
    "events": {EVENT: {}},
}
ABSENT = object()
FORM = "application/x-www-form-urlencoded"


def accept(typ: str | None = "logout+jwt", **claims: Any) -> LogoutToken:
    given = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not ABSENT}
    return check_logout_token(verified(given, typ=typ), POLICY, now_seconds=NOW)


def refuse(typ: str | None = "logout+jwt", **claims: Any) -> str:
    with pytest.raises(ClaimError) as caught:
        accept(typ, **claims)
    return f"{caught.value.claim} {caught.value.reason}"


@pytest.mark.parametrize("typ", ["logout+jwt", "LOGOUT+JWT", "application/logout+jwt"])
def test_rp_37_an_honest_token_says_whose_sessions_end(typ: str) -> None:
    """By ``sid``, by ``sub``, or by both; what else the events say does not matter."""
    found = accept(typ, events={EVENT: {"more": 1}, "https://another.example/event": {}})
    assert (found.issuer, found.sid, found.subject) == ("https://op.example", "08a5019c", "248289761001")
    assert found.token_id == "bWJq"
    assert accept(aud=["us"], sub=ABSENT).subject is None
    assert accept(sid=ABSENT).sid is None


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "secevent+jwt", ""])
def test_rp_42_another_type_is_no_logout_token(typ: str | None) -> None:
    """Nor is one that does not say what it is: ID and access tokens are signed by the same keys."""
    assert refuse(typ) == "typ mismatch"


@pytest.mark.parametrize(
    ("reason", "claims"),
    [
        ("events missing", {"events": ABSENT}),
        ("events wrong_type", {"events": None}),
        ("events wrong_type", {"events": EVENT}),
        ("events wrong_type", {"events": [EVENT]}),
        ("events wrong_type", {"events": {EVENT: None}}),
        ("events wrong_type", {"events": {EVENT: "yes"}}),
        ("events mismatch", {"events": {}}),
        ("events mismatch", {"events": {EVENT + "/": {}}}),
    ],
)
def test_rp_39_without_the_event_it_says_nothing(reason: str, claims: dict[str, Any]) -> None:
    """Exactly the event of a logout, with an object behind it."""
    assert refuse(**claims) == reason


@pytest.mark.parametrize("nonce", ["n-0S6", "", None])
def test_rp_40_a_nonce_makes_it_an_id_token(nonce: Any) -> None:
    """Whatever its value."""
    assert refuse(nonce=nonce) == "nonce mismatch"


@pytest.mark.parametrize(
    ("reason", "claims"),
    [
        ("iss mismatch", {"iss": "https://op.example/"}),
        ("iss missing", {"iss": ABSENT}),
        ("aud mismatch", {"aud": "them"}),
        ("aud mismatch", {"aud": ["us", "them"]}),
        ("aud missing", {"aud": ABSENT}),
    ],
)
def test_rp_41_it_is_of_our_provider_and_for_us_alone(reason: str, claims: dict[str, Any]) -> None:
    """The issuer to the character, and no second audience."""
    assert refuse(**claims) == reason


@pytest.mark.parametrize(
    ("reason", "claims"),
    [
        ("iat missing", {"iat": ABSENT}),
        ("exp missing", {"exp": ABSENT}),
        ("exp expired", {"iat": NOW - 60, "exp": NOW - 30}),
        ("iat in_the_future", {"iat": NOW + 31, "exp": NOW + 60}),
        ("iat too_old", {"iat": NOW - 151}),
        ("jti missing", {"jti": ABSENT}),
        ("jti wrong_type", {"jti": 7}),
        ("jti unsafe_text", {"jti": ""}),
        ("sid missing", {"sid": ABSENT, "sub": ABSENT}),
        ("sid wrong_type", {"sid": None}),
        ("sub unsafe_text", {"sub": "a\x00"}),
    ],
)
def test_rp_42_times_names_and_an_id_are_required(reason: str, claims: dict[str, Any]) -> None:
    """At most two minutes old and 30 s of leeway at either end."""
    assert refuse(**claims) == reason


def test_rp_42_a_token_at_the_edge_of_its_life_is_accepted() -> None:
    """And what is remembered of it lasts as long as it could be accepted again."""
    assert accept(iat=NOW - 150, exp=NOW + 900).acceptable_until == NOW
    assert accept(iat=NOW - 60, exp=NOW - 29).acceptable_until == NOW + 1


def test_the_body_is_a_form_with_one_token() -> None:
    """Other parameters are ignored (§2.5)."""
    assert read_logout_body(f"{FORM}; charset=utf-8", b"logout_token=a.b.c&more=1") == "a.b.c"
    for content_type, body in (
        (None, b"logout_token=a"),
        ("application/json", b'{"logout_token": "a"}'),
        (FORM, b""),
        (FORM, b"logout_token="),
        (FORM, b"token=a"),
        (FORM, b"logout_token=a&logout_token=b"),
        (FORM, b"logout_token=\xff"),
    ):
        with pytest.raises(InvalidRequest):
            read_logout_body(content_type, body)
    with pytest.raises(RequestTooLarge):
        read_logout_body(FORM, b"logout_token=" + b"a" * 20_000)
