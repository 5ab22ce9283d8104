"""The public keys that a client registers for ``private_key_jwt`` (RFC 7517, RFC 7523 §3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from watchword.protocol.algorithms import ALGORITHMS
from watchword.protocol.client_assertion import ASSERTION_ALGORITHMS
from watchword.protocol.jwk import KeySet, VerificationKey, key_from_jwk
from watchword.protocol.jwk_material import InvalidKey

MAX_CLIENT_KEYS: Final = 10
_KINDS: Final = frozenset(ALGORITHMS[name].key_kind for name in ASSERTION_ALGORITHMS)
_WHY: Final[Mapping[str, str]] = {
    "private": "holds a private key; register the public members only and take that key for known",
    "symmetric": "is a symmetric key; register a public one, or use SECRET",
    "not_for_signatures": "is not for signatures by its own use or key_ops",
    "rsa_size": "is an RSA key of another size than 2048 to 8192 bits",
}


def client_keys(document: Mapping[str, Any]) -> KeySet:
    """The keys of one public JWK, or of a key set with one to ten.

    An operator wrote them, so one that cannot be used spoils them all. Raises ValueError naming the
    fault, never a member's value.
    """
    if "keys" not in document:
        return KeySet((_usable(document, "the key"),))
    entries = document["keys"]
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_CLIENT_KEYS:
        raise ValueError(f"keys must be a list of 1 to {MAX_CLIENT_KEYS} keys")
    keys = tuple(_usable(entry, f"key {position}") for position, entry in enumerate(entries))
    kids = [key.kid for key in keys]
    if len(keys) > 1 and (None in kids or len(set(kids)) < len(kids)):
        raise ValueError("of several keys each needs a kid of its own")
    return KeySet(keys)


def _usable(entry: Any, name: str) -> VerificationKey:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{name} is not a JWK")
    try:
        key = key_from_jwk(entry)
    except InvalidKey as fault:
        raise ValueError(f"{name} {_WHY.get(fault.reason, f'cannot be used ({fault.reason})')}") from None
    if key.kind not in _KINDS:
        raise ValueError(f"{name} is on a curve that is not accepted; use P-256 or Ed25519")
    return key
