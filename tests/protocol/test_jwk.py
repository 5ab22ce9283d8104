"""Key sets under NET-8: bad keys are skipped and counted, good ones stay usable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import (
    ED25519,
    OTHER_P256,
    OTHER_RSA,
    P256,
    P384,
    P521,
    RSA,
    b64,
    bounded,
    jwk_of,
)
from watchword.protocol.jwk import KeySet, KeySetError, parse_key_set, thumbprint
from watchword.protocol.jwk_material import InvalidKey

GOOD = jwk_of(P256, kid="good")


def document(*keys: Any) -> bytes:
    return json.dumps({"keys": list(keys)}).encode("utf-8")


def test_net_8_every_supported_kind_is_read() -> None:
    """RSA, the three curves and Ed25519 become keys that know their kind, id, alg and issuer."""
    found = parse_key_set(
        document(
            jwk_of(RSA, kid="1", alg="PS256", use="sig"),
            jwk_of(P256, kid="2", key_ops=["verify"]),
            jwk_of(P384, alg="ES384"),
            jwk_of(P521, kid="4", x5c=["ignored"]),
            jwk_of(ED25519, kid="5", alg="EdDSA", issuer="https://login.example/{tenantid}"),
        )
    )
    assert (found.skipped, found.faults) == (0, ())
    assert [key.kind for key in found.keys] == ["RSA", "P-256", "P-384", "P-521", "Ed25519"]
    assert [key.kid for key in found.keys] == ["1", "2", None, "4", "5"]
    assert [key.algorithm for key in found.keys] == ["PS256", None, "ES384", None, "EdDSA"]
    assert found.keys[4].issuer == "https://login.example/{tenantid}"
    assert found.keys[1].public_key == P256.public_key()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="no-keys"),
        pytest.param(b'{"keys":null}', id="keys-null"),
        pytest.param(b'{"keys":{}}', id="keys-an-object"),
        pytest.param(b'{"keys":"x"}', id="keys-a-string"),
        pytest.param(b'[{"keys":[]}]', id="a-list"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"\xef\xbb\xbf" + document(GOOD), id="byte-order-mark"),
        pytest.param(b'{"keys":[],"keys":[]}', id="duplicate-name"),
        pytest.param(document(*[GOOD] * 51), id="51-keys"),
        pytest.param(document(*[{}] * 10_000), id="10000-keys"),
        pytest.param(document(GOOD) + b" " * 128 * 1024, id="too-large"),
        pytest.param(document({**GOOD, "x": [[]] * 1000}), id="1000-lists"),
        pytest.param(b'{"keys":' + b"[" * 1000 + b"]" * 1000 + b"}", id="deep"),
    ],
)
def test_net_8_a_document_that_is_no_key_set_is_refused_as_a_whole(body: bytes) -> None:
    """The caller learns that it got no key set, and can keep the one it has."""
    with pytest.raises(KeySetError):
        parse_key_set(body)


def test_net_8_fifty_keys_are_a_key_set_and_so_is_none() -> None:
    """The cap is on 51; a set without keys is one, with nothing in it."""
    fifty = parse_key_set(document(*[{**GOOD, "kid": str(number)} for number in range(50)]))
    assert len(fifty.keys) == 50
    assert parse_key_set(b'{"keys":[]}') == KeySet(keys=())


def test_net_8_one_kid_for_two_keys_refuses_both_and_no_other() -> None:
    """A token naming that kid could mean either key, so neither is used (RFC 7517 §4.5)."""
    found = parse_key_set(
        document(jwk_of(P256, kid="a"), jwk_of(RSA, kid="b"), jwk_of(OTHER_P256, kid="a"), jwk_of(P384))
    )
    assert [key.kid for key in found.keys] == ["b", None]
    assert found.skipped == 2
    assert found.candidates("a", "ES256") == ()


def test_one_kid_twice_for_one_key_is_no_ambiguity() -> None:
    """The same key twice counts once, and twice with another alg it serves both."""
    same = jwk_of(RSA, kid="a")
    assert len(parse_key_set(document(same, same)).keys) == 1
    both = parse_key_set(document({**same, "alg": "RS256"}, {**same, "alg": "PS256"}))
    assert both.skipped == 0
    assert [key.algorithm for key in both.candidates("a", "PS256")] == ["PS256"]


def test_a_skipped_key_does_not_make_a_kid_ambiguous() -> None:
    """Only a key that could be used can be confused with another one."""
    found = parse_key_set(document({**jwk_of(RSA, kid="a"), "use": "enc"}, jwk_of(P256, kid="a")))
    assert len(found.candidates("a", "ES256")) == 1
    assert found.skipped == 1


def test_keys_without_kid_are_never_ambiguous() -> None:
    """Nobody names them, so all of them stay."""
    assert len(parse_key_set(document(jwk_of(P256), jwk_of(OTHER_P256))).keys) == 2


def test_candidates_by_kid_are_exact_and_without_kid_every_key_that_fits() -> None:
    """RP-07, RP-08: a kid is compared to the character; no kid means all keys of the algorithm."""
    found = parse_key_set(
        document(
            jwk_of(RSA, kid="r1", alg="RS256"),
            jwk_of(OTHER_RSA, kid="r2"),
            jwk_of(P256, kid="e"),
            jwk_of(ED25519, kid="d", alg="EdDSA"),
            jwk_of(P384),
        )
    )
    assert [key.kid for key in found.candidates(None, "RS256")] == ["r1", "r2"]
    assert [key.kid for key in found.candidates(None, "PS256")] == ["r2"]
    assert [key.kid for key in found.candidates("e", "ES256")] == ["e"]
    assert [key.kid for key in found.candidates(None, "Ed25519")] == ["d"]
    assert [key.kid for key in found.candidates(None, "EdDSA")] == ["d"]
    assert found.candidates("E", "ES256") == found.candidates("e ", "ES256") == ()
    assert found.candidates("", "ES256") == ()
    assert found.candidates("e", "ES384") == found.candidates("e", "RS256") == ()
    for alg in ("none", "HS256", "RS512", "es256", ""):
        assert found.candidates(None, alg) == ()
    assert found.knows("e")
    assert not found.knows("E")


def test_thumbprint_is_the_one_of_rfc_7638_whatever_else_the_key_holds() -> None:
    """RFC 7638 §3.1's own example, and the same value with any optional member added."""
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
        "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr"
        "n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    jwk = {"kty": "RSA", "n": modulus, "e": "AQAB"}
    assert thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert thumbprint({**jwk, "alg": "RS256", "kid": "2011-04-29", "use": "sig", "d": "x"}) == thumbprint(jwk)


@pytest.mark.parametrize(
    ("jwk", "reason"),
    [
        ({}, "unsupported_type"),
        ({"kty": ["RSA"]}, "unsupported_type"),
        ({"kty": "oct", "k": "AAAA"}, "unsupported_type"),
        ({"kty": "RSA", "e": "AQAB"}, "member_missing"),
        ({"kty": "OKP", "crv": "Ed25519", "x": 1}, "member_missing"),
    ],
)
def test_thumbprint_needs_the_required_members(jwk: dict[str, Any], reason: str) -> None:
    """A key that is not complete has no thumbprint."""
    with pytest.raises(InvalidKey) as caught:
        thumbprint(jwk)
    assert caught.value.reason == reason


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary().map(b64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@bounded
@given(st.binary(max_size=400), junk)
def test_any_document_is_a_key_set_or_the_own_error(body: bytes, keys: Any) -> None:
    """Random bytes and random members under ``keys`` raise nothing foreign."""
    for given_body in (body, json.dumps({"keys": keys}).encode(), json.dumps({"keys": [keys]}).encode()):
        try:
            assert parse_key_set(given_body).keys == ()
        except KeySetError:
            continue


def test_keys_do_not_print_their_material() -> None:
    """A set in a log line shows ids and kinds only."""
    shown = repr(parse_key_set(document(GOOD)))
    assert "good" in shown
    assert "object at" not in shown
