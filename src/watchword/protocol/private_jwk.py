"""Private keys out of JWK members, both halves of one key (RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from watchword.protocol import base64url
from watchword.protocol.jwk_material import InvalidKey, public_key
from watchword.protocol.signing import PrivateKey


def private_key(jwk: Mapping[str, Any]) -> PrivateKey:
    """The private key a JWK describes, whose public half passes every check. Raises InvalidKey."""
    _, public = public_key(jwk)
    if "d" not in jwk:
        raise InvalidKey("public_only")
    try:
        key = _halves_joined(jwk, public)
    except InvalidKey:
        raise
    except ValueError:
        raise InvalidKey("not_a_key") from None
    if key.public_key() != public:
        raise InvalidKey("not_a_key")
    return key


def _halves_joined(jwk: Mapping[str, Any], public: object) -> PrivateKey:
    match public:
        case rsa.RSAPublicKey():
            return _rsa(jwk, public)
        case ec.EllipticCurvePublicKey():
            return ec.EllipticCurvePrivateNumbers(_number(jwk, "d"), public.public_numbers()).private_key()
        case _:
            return ed25519.Ed25519PrivateKey.from_private_bytes(_bytes(jwk, "d"))


def _rsa(jwk: Mapping[str, Any], public: rsa.RSAPublicKey) -> rsa.RSAPrivateKey:
    """Two primes, and all that is computed from them (RFC 7518 §6.3.2)."""
    return rsa.RSAPrivateNumbers(
        p=_number(jwk, "p"),
        q=_number(jwk, "q"),
        d=_number(jwk, "d"),
        dmp1=_number(jwk, "dp"),
        dmq1=_number(jwk, "dq"),
        iqmp=_number(jwk, "qi"),
        public_numbers=public.public_numbers(),
    ).private_key()


def _number(jwk: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_bytes(jwk, name), "big")


def _bytes(jwk: Mapping[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise InvalidKey("member_missing")
    return base64url.decode(value)
