"""Fixed keys, and tokens of any shape signed with them, for the tests of the JOSE core.

Tokens are put together here by hand, so that a test can sign what no honest library would.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from hypothesis import settings
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.examples import examples
from watchword.protocol.algorithms import ALGORITHMS
from watchword.protocol.jwk import KeySet, key_from_jwk
from watchword.protocol.jws import JwsError, VerifiedJws, parse, verify_with
from watchword.protocol.signing import PrivateKey

VECTORS = Path(__file__).parent.parent / "vectors"
EVERY_ALGORITHM = frozenset(ALGORITHMS)
NOW = 1_800_000_000

bounded = settings(derandomize=True, deadline=None, max_examples=examples(150))


def vectors(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        (VECTORS / f"wycheproof_json_web_{name}_test.json").read_text("utf-8")
    )
    return document


def _wycheproof_rsa(comment: str, algorithm: str) -> rsa.RSAPrivateKey:
    for group in vectors("signature")["testGroups"]:
        if group["comment"] == comment and group["private"]["alg"] == algorithm:
            key = RSAKey.import_key(group["private"]).private_key
            assert isinstance(key, rsa.RSAPrivateKey)
            return key
    raise AssertionError(f"the vectors hold no {comment} key")


RSA = _wycheproof_rsa("rs256", "RS256")
OTHER_RSA = _wycheproof_rsa("rs384", "RS384")
P256 = ec.derive_private_key(0x5EED0001, ec.SECP256R1())
OTHER_P256 = ec.derive_private_key(0x5EED0002, ec.SECP256R1())
P384 = ec.derive_private_key(0x5EED0003, ec.SECP384R1())
P521 = ec.derive_private_key(0x5EED0004, ec.SECP521R1())
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"workshop").digest())

SIGNERS: Mapping[str, PrivateKey] = {
    "RS256": RSA,
    "PS256": RSA,
    "ES256": P256,
    "ES384": P384,
    "ES512": P521,
    "Ed25519": ED25519,
    "EdDSA": ED25519,
}


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jwk_of(key: PrivateKey, **members: Any) -> dict[str, Any]:
    """The public JWK of a key with further members."""
    match key:
        case rsa.RSAPrivateKey():
            made = RSAKey.import_key(key).as_dict(private=False)
        case ec.EllipticCurvePrivateKey():
            made = ECKey.import_key(key).as_dict(private=False)
        case _:
            made = OKPKey.import_key(key).as_dict(private=False)
    return {**made, **members}


def key_set(*jwks: Mapping[str, Any]) -> KeySet:
    return KeySet(tuple(key_from_jwk(jwk) for jwk in jwks))


ALL_KEYS = key_set(
    jwk_of(RSA, kid="rsa"),
    jwk_of(P256, kid="p256"),
    jwk_of(P384, kid="p384"),
    jwk_of(P521, kid="p521"),
    jwk_of(ED25519, kid="ed"),
)
KIDS = {
    "RS256": "rsa",
    "PS256": "rsa",
    "ES256": "p256",
    "ES384": "p384",
    "ES512": "p521",
    "Ed25519": "ed",
    "EdDSA": "ed",
}


def signature(alg: str, signed: bytes, key: PrivateKey | None = None) -> bytes:
    """A raw JWS signature under ``alg``."""
    signer = key or SIGNERS[alg]
    match signer:
        case rsa.RSAPrivateKey():
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
            return signer.sign(signed, pss if alg == "PS256" else padding.PKCS1v15(), hashes.SHA256())
        case ec.EllipticCurvePrivateKey():
            digest = {"ES256": hashes.SHA256(), "ES384": hashes.SHA384(), "ES512": hashes.SHA512()}[alg]
            size = (signer.curve.key_size + 7) // 8
            r, s = utils.decode_dss_signature(signer.sign(signed, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        case _:
            return signer.sign(signed)


def seal(header: bytes, payload: bytes, *, alg: str = "ES256", key: PrivateKey | None = None) -> str:
    """A token over exactly these bytes, whatever they are, with a genuine signature."""
    signed = f"{b64(header)}.{b64(payload)}"
    return f"{signed}.{b64(signature(alg, signed.encode('ascii'), key))}"


def token(claims: Mapping[str, Any] | bytes, *, alg: str = "ES256", **header: Any) -> str:
    """A genuine token; header members given as None are left out."""
    members = {"alg": alg, "kid": KIDS[alg], **header}
    head = json.dumps({name: value for name, value in members.items() if value is not None})
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode("utf-8")
    return seal(head.encode("utf-8"), payload, alg=alg)


def verified(claims: Mapping[str, Any] | bytes, *, alg: str = "ES256", **header: Any) -> VerifiedJws:
    """The same, through the real parser and verifier."""
    text = token(claims, alg=alg, **header)
    return verify_with(parse(text, max_bytes=1_000_000), ALL_KEYS, algorithms=EVERY_ALGORITHM)


def check(text: str, keys: KeySet = ALL_KEYS, algorithms: frozenset[str] = EVERY_ALGORITHM) -> VerifiedJws:
    """Parse and verify."""
    return verify_with(parse(text), keys, algorithms=algorithms)


def refusal(text: str, keys: KeySet = ALL_KEYS, algorithms: frozenset[str] = EVERY_ALGORITHM) -> str:
    """The reason why parsing or verifying fails."""
    with pytest.raises(JwsError) as caught:
        check(text, keys, algorithms)
    return caught.value.reason
