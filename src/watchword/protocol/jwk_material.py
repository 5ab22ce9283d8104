"""Public keys out of JWK members: exact encodings, sane sizes, no known weakness (RFC 7518 §6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from watchword.protocol import base64url
from watchword.protocol.algorithms import KeyKind, PublicKey

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
MIN_RSA_EXPONENT, MAX_RSA_EXPONENT = 65537, 2**64 - 1

_CURVES: Mapping[str, tuple[KeyKind, ec.EllipticCurve, int]] = {
    "P-256": ("P-256", ec.SECP256R1(), 32),
    "P-384": ("P-384", ec.SECP384R1(), 48),
    "P-521": ("P-521", ec.SECP521R1(), 66),
}
_ED25519_BYTES = 32
_ED25519_PRIME = 2**255 - 19
_ED25519_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_ED25519_WEAK = frozenset({0, 1, _ED25519_PRIME - 1, _ED25519_ORDER_8, _ED25519_PRIME - _ED25519_ORDER_8})


class InvalidKey(ValueError):
    """A key that must not be used; ``reason`` is a stable word for logs and tests."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def public_key(jwk: Mapping[str, Any]) -> tuple[KeyKind, PublicKey]:
    """The key a JWK describes and its kind. Raises InvalidKey."""
    try:
        match jwk.get("kty"):
            case "RSA":
                return "RSA", _rsa(jwk)
            case "EC":
                return _elliptic(jwk)
            case "OKP":
                return "Ed25519", _ed25519(jwk)
            case "oct":
                raise InvalidKey("symmetric")
            case _:
                raise InvalidKey("unsupported_type")
    except InvalidKey:
        raise
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidKey("not_a_key") from None


def _bytes(jwk: Mapping[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise InvalidKey("member_missing")
    return base64url.decode(value)


def _coordinate(jwk: Mapping[str, Any], name: str, size: int) -> bytes:
    raw = _bytes(jwk, name)
    if len(raw) != size:
        raise InvalidKey("coordinate_length")
    return raw


def _rsa(jwk: Mapping[str, Any]) -> rsa.RSAPublicKey:
    modulus = int.from_bytes(_bytes(jwk, "n"), "big")
    exponent = int.from_bytes(_bytes(jwk, "e"), "big")
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise InvalidKey("rsa_size")
    if not MIN_RSA_EXPONENT <= exponent <= MAX_RSA_EXPONENT or exponent % 2 == 0:
        raise InvalidKey("rsa_exponent")
    if modulus % 2 == 0 or _is_roca(modulus):
        raise InvalidKey("rsa_weak")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _elliptic(jwk: Mapping[str, Any]) -> tuple[KeyKind, ec.EllipticCurvePublicKey]:
    name = jwk.get("crv")
    if not isinstance(name, str) or name not in _CURVES:
        raise InvalidKey("unsupported_curve")
    kind, curve, size = _CURVES[name]
    point = b"\x04" + _coordinate(jwk, "x", size) + _coordinate(jwk, "y", size)
    return kind, ec.EllipticCurvePublicKey.from_encoded_point(curve, point)


def _ed25519(jwk: Mapping[str, Any]) -> ed25519.Ed25519PublicKey:
    if jwk.get("crv") != "Ed25519":
        raise InvalidKey("unsupported_curve")
    raw = _coordinate(jwk, "x", _ED25519_BYTES)
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _ED25519_PRIME or y in _ED25519_WEAK:
        raise InvalidKey("ed25519_weak")
    return ed25519.Ed25519PublicKey.from_public_bytes(raw)


def _roca_residues() -> tuple[tuple[int, frozenset[int]], ...]:
    primes = [p for p in range(3, 168, 2) if all(p % divisor for divisor in range(3, p, 2))]
    return tuple((p, frozenset(pow(65537, power, p) for power in range(p))) for p in primes)


_ROCA_RESIDUES = _roca_residues()


def _is_roca(modulus: int) -> bool:
    """The fingerprint of keys whose primes are powers of 65537 (CVE-2017-15361): such a modulus is a
    power of 65537 modulo every small prime. Of other keys, one in 200 million looks like that."""
    return all(modulus % prime in residues for prime, residues in _ROCA_RESIDUES)
