"""Our key for ``private_key_jwt`` at a provider, and what is signed with it (RFC 7523)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.protocol.workshop import (
    ED25519,
    EVERY_ALGORITHM,
    NOW,
    OTHER_P256,
    OTHER_RSA,
    P256,
    P384,
    RSA,
    b64,
    jwk_of,
    key_set,
)
from watchword.protocol.assertion_key import ASSERTION_SECONDS, client_assertion, read_assertion_key
from watchword.protocol.jwk import key_from_jwk, thumbprint
from watchword.protocol.jws import parse, verify_with
from watchword.protocol.signing import PrivateKey

ALGORITHMS: list[tuple[PrivateKey, tuple[str, ...]]] = [
    (P256, ("ES256",)),
    (RSA, ("RS256", "PS256")),
    (ED25519, ("EdDSA", "Ed25519")),
]


def private_jwk(key: PrivateKey, **members: Any) -> dict[str, Any]:
    kinds: Any = {rsa.RSAPrivateKey: RSAKey, ec.EllipticCurvePrivateKey: ECKey}
    importer: Any = next((kinds[each] for each in kinds if isinstance(key, each)), OKPKey)
    return {**importer.import_key(key).as_dict(private=True), **members}


def pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return str(key.private_bytes(Encoding.PEM, form, NoEncryption()), "ascii")


@pytest.mark.parametrize(("key", "algorithms"), ALGORITHMS)
def test_pem_and_jwk_are_the_same_key(key: PrivateKey, algorithms: tuple[str, ...]) -> None:
    """Named by its thumbprint unless the JWK has a ``kid``; the public half is what is registered."""
    read = read_assertion_key(f"\n{pem(key)}\n")
    assert read == read_assertion_key(json.dumps(private_jwk(key, use="sig", key_ops=["sign", "x"])))
    assert (read.kid, read.algorithms) == (thumbprint(jwk_of(key)), algorithms)
    assert read.public_jwk() == jwk_of(key, kid=read.kid, use="sig", alg=algorithms[0])
    assert key_from_jwk(read.public_jwk()).kid == read.kid
    assert read_assertion_key(json.dumps(private_jwk(key, kid="2026-07"))).kid == "2026-07"


def test_the_older_forms_of_pem_are_read_too() -> None:
    """PKCS #1 and SEC 1, which ``openssl`` wrote for years."""
    for key in (RSA, P256):
        assert read_assertion_key(pem(key, PrivateFormat.TraditionalOpenSSL)) == read_assertion_key(pem(key))


@pytest.mark.parametrize(
    ("key", "alg", "left"),
    [(RSA, "PS256", ("PS256",)), (P256, "ES256", ("ES256",)), (ED25519, "EdDSA", ("EdDSA", "Ed25519"))],
)
def test_an_alg_of_the_jwk_is_the_only_one(key: PrivateKey, alg: str, left: tuple[str, ...]) -> None:
    """EdDSA and Ed25519 name one algorithm (RFC 9864)."""
    assert read_assertion_key(json.dumps(private_jwk(key, alg=alg))).algorithms == left


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "RS256"),
        (frozenset({"ES256", "PS256"}), "PS256"),
        (frozenset({"PS256", "RS256"}), "RS256"),
        (frozenset({"ES256", "HS256", "none"}), None),
        (frozenset(), None),
    ],
)
def test_the_provider_chooses_among_what_the_key_can_do(offered: Any, chosen: str | None) -> None:
    """Discovery §3: limited by ``token_endpoint_auth_signing_alg_values_supported``."""
    assert read_assertion_key(pem(RSA)).algorithm_among(offered) == chosen


def without(jwk: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in jwk.items() if name not in names}


WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- it must be refused
ENCRYPTED = P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()
PUBLIC = P256.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
OTHERS = {name: private_jwk(OTHER_RSA)[name] for name in ("d", "p", "q", "dp", "dq", "qi")}


BAD: list[tuple[Any, str]] = [
    ("secret-canary", "neither a private key in PEM nor a JWK"),
    ('["x"]', "neither a private key in PEM nor a JWK"),
    ("\ud800", "neither a private key in PEM nor a JWK"),
    (PUBLIC, "the public half only"),
    ("-----BEGIN CERTIFICATE-----\nxx", "the public half only"),
    (jwk_of(P256), "the public half only"),
    (ENCRYPTED, "not an unencrypted private key"),
    ("-----BEGIN PRIVATE KEY-----\n\ud800", "not an unencrypted private key"),
    (pem(x25519.X25519PrivateKey.generate()), "of a kind that is not accepted"),
    ({"kty": "EC2"}, "of a kind that is not accepted"),
    (pem(WEAK), "another size than 2048"),
    (pem(P384), "a curve that is not accepted"),
    (private_jwk(P384), "a curve that is not accepted"),
    (OctKey.import_key(b"k" * 32).as_dict(private=True), "is a symmetric key"),
    ({"keys": [private_jwk(P256)]}, "is a key set"),
    (private_jwk(P256, use="enc"), "not for signatures"),
    (private_jwk(P256, key_ops=["verify"]), "not for signatures"),
    (private_jwk(P256, key_ops="sign"), "not for signatures"),
    (private_jwk(P256, alg="RS256"), "an alg that does not go with it"),
    (private_jwk(P256, alg=["ES256"]), "an alg that does not go with it"),
    (private_jwk(P256, kid=""), "1 to 255 printable"),
    (private_jwk(P256, kid="x" * 256), "1 to 255 printable"),
    (private_jwk(P256, kid="a\nb"), "1 to 255 printable"),
    (private_jwk(P256, kid=7), "1 to 255 printable"),
    (private_jwk(P256, d=private_jwk(OTHER_P256)["d"]), "put together from two keys"),
    (private_jwk(ED25519, d=b64(b"1" * 32)), "put together from two keys"),
    (private_jwk(ED25519, d="AA"), "is damaged"),
    (private_jwk(RSA) | OTHERS, "put together from two keys"),
    (without(private_jwk(RSA), "p"), "lacks a member"),
    (private_jwk(P256, d=5), "lacks a member"),
    (private_jwk(P256, x="AAAA"), "cannot be used (coordinate_length)"),
]


@pytest.mark.parametrize(("given", "says"), BAD, ids=[says for _, says in BAD])
def test_a_key_that_cannot_be_used_is_told_why(given: Any, says: str) -> None:
    """Before anything is served; the message names the fix and repeats no member."""
    text = given if isinstance(given, str) else json.dumps(given)
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        read_assertion_key(text)
    members = given.values() if isinstance(given, dict) else [given]
    assert not [each for each in members if len(str(each)) > 9 and str(each) in str(caught.value)]


@pytest.mark.parametrize(
    ("key", "algorithm"), [(key, each) for key, several in ALGORITHMS for each in several]
)
def test_an_assertion_is_good_for_a_minute_and_one_audience(key: PrivateKey, algorithm: str) -> None:
    """OpenID Connect Core §9: iss and sub are the client, exp and jti are there, the key is named."""
    own = read_assertion_key(pem(key))
    text = client_assertion(
        own,
        algorithm=algorithm,
        client_id="our client",
        audience="https://idp.test",
        jti="j" * 43,
        now_seconds=NOW,
    )
    unverified = parse(text)
    assert (unverified.alg, unverified.kid, unverified.typ) == (algorithm, own.kid, "JWT")
    verified = verify_with(unverified, key_set(jwk_of(key, kid=own.kid)), algorithms=EVERY_ALGORITHM)
    assert json.loads(verified.payload) == {
        "iss": "our client",
        "sub": "our client",
        "aud": "https://idp.test",
        "jti": "j" * 43,
        "iat": NOW,
        "exp": NOW + ASSERTION_SECONDS,
    }


def test_ses_88_the_key_does_not_print() -> None:
    """Not by repr and not as text."""
    read = read_assertion_key(json.dumps(private_jwk(P256)))
    assert private_jwk(P256)["d"] not in repr(read) + str(read)
    assert "private" not in repr(read).lower()
