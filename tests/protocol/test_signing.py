"""Signing: our algorithms, keys that fit them, headers of RFC 9068."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.workshop import ED25519, OTHER_P256, P256, P384, RSA, bounded, key_set
from watchword.protocol.algorithms import OWN_ALGORITHMS
from watchword.protocol.jwk import thumbprint
from watchword.protocol.jwk_material import InvalidKey
from watchword.protocol.jws import JwsError, parse, verify_with
from watchword.protocol.signing import (
    PrivateKey,
    SigningKey,
    private_key_from_der,
    private_key_from_pem,
    private_key_to_der,
    public_jwk,
    sign,
)

OWN: dict[str, PrivateKey] = {"ES256": P256, "RS256": RSA, "Ed25519": ED25519}


def ring_key(alg: str, key: PrivateKey | None = None) -> SigningKey:
    private = key or OWN[alg]
    return SigningKey(kid=public_jwk(private, alg)["kid"], algorithm=alg, private_key=private)


claims_sets = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    max_size=5,
)


@pytest.mark.parametrize("alg", sorted(OWN_ALGORITHMS))
@bounded
@given(claims=claims_sets)
def test_what_is_signed_verifies_and_reads_back(alg: str, claims: dict[str, Any]) -> None:
    """The header is alg, kid and typ; the payload is the claims; the published key verifies it."""
    key = ring_key(alg)
    found = verify_with(
        parse(sign(claims, key), max_bytes=100_000),
        key_set(public_jwk(OWN[alg], alg)),
        algorithms=OWN_ALGORITHMS,
    )
    assert dict(found.header) == {"alg": alg, "kid": key.kid, "typ": "at+jwt"}
    assert json.loads(found.payload) == claims


def test_the_type_is_the_callers_to_choose() -> None:
    """Other tokens of ours are told apart by their type."""
    assert parse(sign({}, ring_key("ES256"), typ="JWT")).typ == "JWT"


def test_another_key_does_not_verify() -> None:
    """A key under the right id with other material is no signer."""
    other = {**public_jwk(OTHER_P256, "ES256"), "kid": public_jwk(P256, "ES256")["kid"]}
    with pytest.raises(JwsError) as caught:
        verify_with(parse(sign({}, ring_key("ES256"))), key_set(other), algorithms=OWN_ALGORITHMS)
    assert caught.value.reason == "bad_signature"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}, object()])
def test_claims_that_are_not_json_are_not_signed(value: object) -> None:
    """A ValueError here, instead of a token that nobody can read."""
    with pytest.raises(ValueError, match="JSON"):
        sign({"x": value}, ring_key("ES256"))


@pytest.mark.parametrize("alg", sorted(OWN_ALGORITHMS))
def test_key_11_the_published_key_is_public_and_named_by_its_thumbprint(alg: str) -> None:
    """No private member, and the kid that RFC 7638 gives the key."""
    published = public_jwk(OWN[alg], alg)
    assert not published.keys() & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    assert published["kid"] == thumbprint(published)
    assert (published["alg"], published["use"]) == (alg, "sig")


def test_key_11_a_signing_key_does_not_print_its_private_part() -> None:
    """Neither in a log line nor in a traceback's locals."""
    assert repr(ring_key("ES256")) == f"SigningKey(kid='{ring_key('ES256').kid}', algorithm='ES256')"


@pytest.mark.parametrize(
    ("algorithm", "key", "reason"),
    [
        ("ES256", P384, "algorithm_mismatch"),
        ("ES256", RSA, "algorithm_mismatch"),
        ("RS256", P256, "algorithm_mismatch"),
        ("Ed25519", RSA, "algorithm_mismatch"),
        ("PS256", RSA, "algorithm_not_ours"),
        ("EdDSA", ED25519, "algorithm_not_ours"),
        ("ES384", P384, "algorithm_not_ours"),
        ("HS256", P256, "algorithm_not_ours"),
        ("none", P256, "algorithm_not_ours"),
    ],
)
def test_a_key_signs_with_its_own_algorithm_only(algorithm: str, key: PrivateKey, reason: str) -> None:
    """The mistake shows when the key is loaded, not when the first token is refused."""
    with pytest.raises(InvalidKey) as caught:
        SigningKey(kid="k", algorithm=algorithm, private_key=key)
    assert caught.value.reason == reason


def test_a_key_we_would_not_verify_with_cannot_sign() -> None:
    """RSA with the exponent 3 is refused here as it is in a key set."""
    with pytest.raises(InvalidKey) as caught:
        ring_key("RS256", rsa.generate_private_key(3, 2048))
    assert caught.value.reason == "rsa_exponent"


@pytest.mark.parametrize("alg", sorted(OWN_ALGORITHMS))
def test_a_private_key_survives_its_stored_form(alg: str) -> None:
    """DER for the sealed row, PEM for a file: the same key comes back."""
    key = OWN[alg]
    der = private_key_to_der(key)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for loaded in (private_key_from_der(der), private_key_from_pem(pem)):
        assert public_jwk(loaded, alg) == public_jwk(key, alg)


@pytest.mark.parametrize("load", [private_key_from_der, private_key_from_pem])
def test_what_is_no_private_key_of_ours_is_not_loaded(load: Any) -> None:
    """Junk, a cut key, an encrypted key, a public key and a key for another purpose."""
    encoding = Encoding.DER if load is private_key_from_der else Encoding.PEM
    whole = P256.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())
    for junk in (
        b"",
        b"junk",
        whole[:-20],
        P256.private_bytes(encoding, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")),
        P256.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo),
    ):
        with pytest.raises(InvalidKey, match="not_a_private_key"):
            load(junk)
    foreign = x25519.X25519PrivateKey.from_private_bytes(bytes(range(32)))
    with pytest.raises(InvalidKey, match="unsupported_type"):
        load(foreign.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption()))
