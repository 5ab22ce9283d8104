"""Two other implementations read what we sign, and we read what they sign."""

from __future__ import annotations

import json
from typing import Any, Literal

import joserfc.jws
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import import_key

from tests.protocol.workshop import KIDS, SIGNERS, bounded, jwk_of, key_set, token
from watchword.protocol.algorithms import OWN_ALGORITHMS
from watchword.protocol.jwk import thumbprint
from watchword.protocol.jws import parse, verify_with
from watchword.protocol.signing import SigningKey, sign

CLAIMS = {"sub": "é", "n": [1, 2.5, None, {"a": True}]}
# joserfc warns of the older name of Ed25519, and PyJWT does not know the newer one.
OF_JOSERFC = sorted(SIGNERS.keys() - {"EdDSA"})
OF_PYJWT = sorted(SIGNERS.keys() - {"Ed25519"})
KEY_TYPES: dict[str, Literal["RSA", "EC", "OKP"]] = {
    "RS256": "RSA",
    "PS256": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
    "Ed25519": "OKP",
}


def joserfc_reads(text: str, alg: str) -> Any:
    found = joserfc.jws.deserialize_compact(text, import_key(jwk_of(SIGNERS[alg])), algorithms=[alg])
    return json.loads(found.payload or b"null")


def pyjwt_reads(text: str, alg: str) -> Any:
    pem = SIGNERS[alg].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return jwt.decode(text, pem.decode("ascii"), algorithms=[alg])


def we_read(text: str, alg: str) -> Any:
    found = verify_with(
        parse(text), key_set(jwk_of(SIGNERS[alg], kid=KIDS[alg])), algorithms=frozenset({alg})
    )
    return json.loads(found.payload)


def pem_of(alg: str) -> str:
    pem = SIGNERS[alg].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode("ascii")


@pytest.mark.parametrize("alg", sorted(OWN_ALGORITHMS))
def test_others_read_what_we_sign(alg: str) -> None:
    """Any service with a JOSE library can check our tokens."""
    text = sign(CLAIMS, SigningKey(kid="k", algorithm=alg, private_key=SIGNERS[alg]))
    assert joserfc_reads(text, alg) == CLAIMS
    if alg in OF_PYJWT:
        assert pyjwt_reads(text, alg) == CLAIMS


@pytest.mark.parametrize("alg", OF_JOSERFC)
def test_we_read_what_joserfc_signs(alg: str) -> None:
    """Every algorithm of the table, with the signature as joserfc writes it."""
    key = import_key(pem_of(alg), KEY_TYPES[alg])
    text = joserfc.jws.serialize_compact({"alg": alg}, json.dumps(CLAIMS), key, algorithms=[alg])
    assert we_read(text, alg) == CLAIMS


@pytest.mark.parametrize("alg", OF_PYJWT)
def test_we_read_what_pyjwt_signs(alg: str) -> None:
    """Every algorithm of the table, with the signature as PyJWT writes it."""
    assert we_read(jwt.encode(CLAIMS, pem_of(alg), algorithm=alg), alg) == CLAIMS


@pytest.mark.parametrize("alg", OF_JOSERFC)
def test_thumbprints_agree(alg: str) -> None:
    """The kid we publish is the one joserfc computes for the same key."""
    jwk = jwk_of(SIGNERS[alg])
    assert thumbprint(jwk) == import_key(jwk).thumbprint()


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@bounded
@given(
    st.sampled_from("abcdefg").flatmap(lambda name: st.dictionaries(st.just(name) | st.text("xyz"), values))
)
def test_all_three_read_the_same_claims(claims: dict[str, Any]) -> None:
    """A token that is accepted has one meaning, whoever reads it."""
    text = token(claims)
    assert we_read(text, "ES256") == joserfc_reads(text, "ES256") == pyjwt_reads(text, "ES256") == claims
