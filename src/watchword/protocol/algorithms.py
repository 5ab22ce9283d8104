"""The signature algorithms this service can verify, each bound to one kind of key (RFC 8725 §3.1).

There is no symmetric algorithm and no ``none`` in the table, so neither can ever be allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

KeyKind = Literal["RSA", "P-256", "P-384", "P-521", "Ed25519"]
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


_SHA256 = hashes.SHA256()
_PKCS1 = padding.PKCS1v15()
_PSS = padding.PSS(padding.MGF1(_SHA256), salt_length=_SHA256.digest_size)


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One row: the only ``key_kind`` it works with, and the ``digest`` (a hashlib name) that
    ``at_hash`` is made with (OpenID Connect Core §3.1.3.6; SHA-512 for Ed25519)."""

    key_kind: KeyKind
    digest: Literal["sha256", "sha384", "sha512"]
    uses_pss: bool = False


_ECDSA: Mapping[str, tuple[ec.ECDSA, int]] = {
    "secp256r1": (ec.ECDSA(_SHA256), 32),
    "secp384r1": (ec.ECDSA(hashes.SHA384()), 48),
    "secp521r1": (ec.ECDSA(hashes.SHA512()), 66),
}
_ED25519 = Algorithm("Ed25519", "sha512")

ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        "RS256": Algorithm("RSA", "sha256"),
        "PS256": Algorithm("RSA", "sha256", uses_pss=True),
        "ES256": Algorithm("P-256", "sha256"),
        "ES384": Algorithm("P-384", "sha384"),
        "ES512": Algorithm("P-521", "sha512"),
        "Ed25519": _ED25519,
        "EdDSA": _ED25519,
    }
)
ID_TOKEN_ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA", "Ed25519"})
OWN_ALGORITHMS = frozenset({"ES256", "RS256", "Ed25519"})


def is_signature_valid(algorithm: Algorithm, key: PublicKey, signature: bytes, signed: bytes) -> bool:
    """Check a raw JWS signature (RFC 7518 §3.3-3.5, RFC 8037 §3.1). The caller has made sure that
    ``key`` is of the algorithm's kind. Lengths are exact, also where a library would be lenient."""
    try:
        match key:
            case ec.EllipticCurvePublicKey():
                _verify_ecdsa(key, signature, signed)
            case rsa.RSAPublicKey():
                _verify_rsa(algorithm, key, signature, signed)
            case _:
                key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _verify_rsa(algorithm: Algorithm, key: rsa.RSAPublicKey, signature: bytes, signed: bytes) -> None:
    if len(signature) != (key.key_size + 7) // 8:
        raise InvalidSignature
    key.verify(signature, signed, _PSS if algorithm.uses_pss else _PKCS1, _SHA256)


def _verify_ecdsa(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> None:
    scheme, size = _ECDSA[key.curve.name]
    if len(signature) != 2 * size:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    key.verify(utils.encode_dss_signature(r, s), signed, scheme)
