"""Assertions of clients: ``private_key_jwt`` (RFC 7523 §3)."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import NOW, bounded, seal, token, verified
from watchword.protocol import jws
from watchword.protocol.claims import ClaimError
from watchword.protocol.client_assertion import CheckedAssertion, check_client_assertion, claimed_client

ISSUER, ENDPOINT = "https://api.example", "https://api.example/auth/token"
LEEWAY = 30
GOOD: dict[str, Any] = {"iss": "batch", "sub": "batch", "aud": ISSUER, "exp": NOW + 60, "jti": "1"}


def check(claims: dict[str, Any] | bytes, **header: Any) -> CheckedAssertion:
    return check_client_assertion(
        verified(claims, **{"typ": None, **header}),
        client_id="batch",
        audiences=frozenset({ISSUER, ENDPOINT}),
        now_seconds=NOW,
        leeway_seconds=LEEWAY,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ENDPOINT},
        {"aud": [ISSUER]},
        {"aud": [ENDPOINT]},
        {"iat": NOW, "nbf": NOW},
        {"iat": NOW + LEEWAY, "nbf": NOW + LEEWAY},
        {"exp": NOW + 300, "iat": NOW},
        {"exp": NOW + 300 + LEEWAY},
        {"exp": NOW - LEEWAY + 1},
        {"exp": NOW + 1, "iat": NOW - 299},
        {"jti": "x" * 255},
        {"more": {"than": ["asked"]}},
    ],
)
def test_rfc_7523_3_a_good_assertion(changes: dict[str, Any]) -> None:
    """What has to be remembered of it comes back; claims nobody asked for are ignored."""
    claims = GOOD | changes
    assert check(claims) == CheckedAssertion(claims["jti"], claims["exp"])


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "application/jwt"])
def test_the_type_is_absent_or_jwt(typ: str | None) -> None:
    """RFC 7519 §5.1, in any case of letters."""
    assert check(GOOD, typ=typ).jti == "1"


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "", "JWT ", "dpop+jwt", "oauth-authz-req+jwt"])
def test_x_11_a_token_of_another_kind_is_no_assertion(typ: str) -> None:
    """RFC 8725 §3.11: what was signed for something else proves nothing here."""
    with pytest.raises(ClaimError, match="typ"):
        check(GOOD, typ=typ)


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"iss": "other"}, "iss"),
        ({"iss": None}, "iss"),
        ({"iss": ["batch"]}, "iss"),
        ({"sub": "other"}, "sub"),
        ({"sub": "Batch"}, "sub"),
        ({"aud": "https://other.example"}, "aud"),
        ({"aud": ISSUER + "/"}, "aud"),
        ({"aud": "https://api.example/auth/revoke"}, "aud"),
        ({"aud": [ISSUER, ENDPOINT]}, "aud"),
        ({"aud": [ISSUER, "https://other.example"]}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": [7]}, "aud"),
        ({"aud": None}, "aud"),
        ({"exp": NOW - LEEWAY}, "exp"),
        ({"exp": NOW - LEEWAY - 1}, "exp"),
        ({"exp": NOW + 301 + LEEWAY}, "exp"),
        ({"exp": str(NOW + 60)}, "exp"),
        ({"exp": NOW + 60.5}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 10**30}, "exp"),
        ({"iat": NOW + LEEWAY + 1}, "iat"),
        ({"iat": NOW - 241}, "iat"),
        ({"iat": NOW + 20, "exp": NOW + 20}, "iat"),
        ({"iat": "now"}, "iat"),
        ({"nbf": NOW + LEEWAY + 1}, "nbf"),
        ({"nbf": None}, "nbf"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "x" * 256}, "jti"),
        ({"jti": "a\0b"}, "jti"),
    ],
)
def test_rfc_7523_3_one_wrong_claim_is_enough(changes: dict[str, Any], claim: str) -> None:
    """Of another client, for another server or endpoint, out of its time, or without an identifier."""
    with pytest.raises(ClaimError) as caught:
        check(GOOD | changes)
    assert caught.value.claim == claim


@pytest.mark.parametrize("name", list(GOOD))
def test_rfc_7523_3_each_claim_is_required(name: str) -> None:
    """None of them has a default."""
    with pytest.raises(ClaimError) as caught:
        check({key: value for key, value in GOOD.items() if key != name})
    assert (caught.value.claim, caught.value.reason) == (name, "missing")


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b'{"sub":"a","sub":"batch"}', b"\xff"])
def test_a_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    """Also where the signature is good."""
    with pytest.raises(ClaimError, match="payload"):
        check(payload)
    assert claimed_client(jws.parse(seal(b'{"alg":"ES256"}', payload))) is None


@pytest.mark.parametrize(
    ("subject", "found"), [("batch", "batch"), (None, None), (7, None), ("", None), ("a\0", None)]
)
def test_whose_assertion_it_says_it_is(subject: Any, found: str | None) -> None:
    """Text that may be looked up, or nothing."""
    assert claimed_client(jws.parse(token({"sub": subject}))) == found
    assert claimed_client(jws.parse(token({}))) is None


@bounded
@given(
    st.dictionaries(st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti"]), st.from_type(object))
)
def test_no_claims_raise_anything_of_their_own(changes: dict[str, Any]) -> None:
    """Whatever a client signs, it is accepted or refused by name."""
    try:
        payload = json.dumps(GOOD | changes).encode()
    except (TypeError, ValueError, UnicodeEncodeError):
        return
    with contextlib.suppress(ClaimError):
        assert check(payload).expires_at > NOW - LEEWAY
