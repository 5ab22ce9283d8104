"""Signing with our own key (RFC 7515 §5.1).

What is signed is decided by the arguments alone. ECDSA draws a fresh number inside the library,
so two signatures over the same claims differ.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from watchword.protocol import base64url
from watchword.protocol.access_token import ACCESS_TOKEN_TYPE
from watchword.protocol.algorithms import OWN_ALGORITHMS
from watchword.protocol.jwk import key_from_jwk, thumbprint
from watchword.protocol.jwk_material import InvalidKey

_JSON: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key bound to one algorithm of ours (ES256, RS256, Ed25519).

    Raises InvalidKey when the two do not fit, or when the key is one we would not verify with.
    """

    kid: str
    algorithm: str
    private_key: PrivateKey = field(repr=False, hash=False, compare=False)
    prepared: ECKey | RSAKey | OKPKey = field(init=False, repr=False, hash=False, compare=False)
    """The private key as joserfc signs with it, which takes longer to make than a signature."""

    def __post_init__(self) -> None:
        key_from_jwk(public_jwk(self.private_key, self.algorithm))
        object.__setattr__(self, "prepared", _joserfc_key(self.private_key))


def sign(claims: Mapping[str, Any], key: SigningKey, *, typ: str = ACCESS_TOKEN_TYPE) -> str:
    """A compact JWS over ``claims`` with the header ``alg``, ``kid``, ``typ``. Raises ValueError
    for claims that are not JSON."""
    return _compact_jws(claims, _own_header(key.algorithm, key.kid, typ), key.algorithm, key.prepared)


def compact_jws(claims: Mapping[str, Any], header: Mapping[str, str], private_key: PrivateKey) -> str:
    """A compact JWS under a header whose ``alg`` goes with the key. Raises ValueError for claims that
    are not JSON."""
    return _compact_jws(claims, _encoded(header), header["alg"], _joserfc_key(private_key))


def _compact_jws(
    claims: Mapping[str, Any], encoded_header: str, alg: str, key: ECKey | RSAKey | OKPKey
) -> str:
    text = f"{encoded_header}.{_encoded(claims)}"
    algorithm = JWSRegistry.algorithms["Ed25519" if alg == "EdDSA" else alg]
    signature = algorithm.sign(text.encode("ascii"), key)
    return f"{text}.{base64url.encode(signature)}"


@lru_cache(maxsize=32)
def _own_header(alg: str, kid: str, typ: str) -> str:
    """The same for every token that a key signs."""
    return _encoded({"alg": alg, "kid": kid, "typ": typ})


def _encoded(members: Mapping[str, Any]) -> str:
    try:
        return base64url.encode(_JSON.encode(dict(members)).encode("utf-8"))
    except TypeError:
        raise ValueError("the claims are not JSON") from None


def public_jwk(private_key: PrivateKey, algorithm: str) -> dict[str, Any]:
    """The public JWK to publish: ``kid`` is the RFC 7638 thumbprint, ``use`` is ``sig``.

    Raises InvalidKey for an algorithm that is not ours.
    """
    if algorithm not in OWN_ALGORITHMS:
        raise InvalidKey("algorithm_not_ours")
    members = public_members(private_key)
    return members | {"kid": thumbprint(members), "alg": algorithm, "use": "sig"}


def public_members(private_key: PrivateKey) -> dict[str, Any]:
    """The public half as the members of a JWK that make the key, and no others."""
    return dict(_joserfc_key(private_key).as_dict(private=False))


def private_key_from_pem(data: bytes) -> PrivateKey:
    """An unencrypted PEM private key. Raises InvalidKey."""
    return _load(serialization.load_pem_private_key, data)


def private_key_from_der(data: bytes) -> PrivateKey:
    """An unencrypted PKCS #8 private key, as ``private_key_to_der`` writes it. Raises InvalidKey."""
    return _load(serialization.load_der_private_key, data)


def private_key_to_der(key: PrivateKey) -> bytes:
    """PKCS #8, unencrypted: to be sealed before it is stored."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _load(load: Callable[[bytes, None], object], data: bytes) -> PrivateKey:
    try:
        key = load(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidKey("not_a_private_key") from None
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        return key
    raise InvalidKey("unsupported_type")


def _joserfc_key(key: PrivateKey) -> ECKey | RSAKey | OKPKey:
    match key:
        case ec.EllipticCurvePrivateKey():
            return ECKey.import_key(key)
        case rsa.RSAPrivateKey():
            return RSAKey.import_key(key)
        case _:
            return OKPKey.import_key(key)
