"""Keys that signatures are checked with, and a provider's set of them (RFC 7517)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwk as joserfc_jwk

from watchword.protocol.algorithms import ALGORITHMS, KeyKind, PublicKey
from watchword.protocol.jwk_material import InvalidKey, public_key
from watchword.protocol.strict_json import MalformedJson, loads_object

MAX_KEY_SET_BYTES = 128 * 1024
MAX_KEYS = 50
MAX_CONTAINERS = 1000
"""Lists and objects in a key set; so few that the largest one takes milliseconds to read."""

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_THUMBPRINT_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "RSA": ("e", "kty", "n"),
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
}


class KeySetError(ValueError):
    """The document is no key set at all; whoever holds an older set keeps that one."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key that may check signatures. ``algorithm`` is the JWK's ``alg`` where it has one
    and then the only one it is used for. ``issuer`` is the member by which Microsoft Entra limits
    a key to one issuer; whoever knows the token's issuer compares it."""

    kid: str | None
    algorithm: str | None
    kind: KeyKind
    public_key: PublicKey = field(repr=False, hash=False)
    issuer: str | None = None

    def fits(self, alg: str) -> bool:
        """Whether a signature under ``alg`` may be checked with this key (RFC 8725 §3.1)."""
        asked = ALGORITHMS.get(alg)
        if asked is None or asked.key_kind != self.kind:
            return False
        return self.algorithm is None or ALGORITHMS.get(self.algorithm) is asked


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of a set; ``skipped`` counts the others and ``faults`` says why each one."""

    keys: tuple[VerificationKey, ...]
    skipped: int = 0
    faults: tuple[str, ...] = ()

    def candidates(self, kid: str | None, alg: str) -> tuple[VerificationKey, ...]:
        """The keys that may have signed: by exact ``kid`` where the token names one, else all of
        them, and only those that fit ``alg``."""
        return tuple(key for key in self.keys if kid in (None, key.kid) and key.fits(alg))

    def knows(self, kid: str) -> bool:
        """Whether any key of the set has this ``kid``, whatever it is for."""
        return any(key.kid == kid for key in self.keys)


def key_from_jwk(jwk: Mapping[str, Any]) -> VerificationKey:
    """The key one public JWK describes. Raises InvalidKey for anything that must not verify:
    symmetric or private, for encryption, weak, off its curve, or contradicting its own ``alg``."""
    kind, key = public_key(jwk)
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise InvalidKey("private")
    if "use" in jwk and jwk["use"] != "sig":
        raise InvalidKey("not_for_signatures")
    if "key_ops" in jwk and not (isinstance(jwk["key_ops"], list) and "verify" in jwk["key_ops"]):
        raise InvalidKey("not_for_signatures")
    found = VerificationKey(
        kid=_text(jwk, "kid"),
        algorithm=_text(jwk, "alg"),
        kind=kind,
        public_key=key,
        issuer=_text(jwk, "issuer"),
    )
    if found.algorithm is not None and not found.fits(found.algorithm):
        raise InvalidKey("algorithm_mismatch")
    return found


def parse_key_set(body: bytes) -> KeySet:
    """Read a JWKS document of at most 128 KB, 50 keys and 1,000 containers. Raises KeySetError.

    A bad key is skipped and counted and spoils nothing else. Two keys that share a ``kid`` but not
    their material are both skipped, because a token could mean either (RFC 7517 §4.5).
    """
    if body.count(b"{") + body.count(b"[") > MAX_CONTAINERS:
        raise KeySetError(f"the key set has more than {MAX_CONTAINERS} lists and objects")
    try:
        entries = loads_object(body, max_bytes=MAX_KEY_SET_BYTES).get("keys")
    except MalformedJson as error:
        raise KeySetError(f"the key set is not acceptable JSON: {error}") from None
    if not isinstance(entries, list):
        raise KeySetError("the key set has no list of keys")
    if len(entries) > MAX_KEYS:
        raise KeySetError(f"the key set has more than {MAX_KEYS} keys")
    keys: list[VerificationKey] = []
    faults: list[str] = []
    for position, entry in enumerate(entries):
        try:
            keys.append(_entry(entry))
        except InvalidKey as fault:
            faults.append(f"key {position}: {fault.reason}")
    usable = [key for key in keys if not _is_ambiguous(key, keys)]
    faults += ["a key: ambiguous_kid"] * (len(keys) - len(usable))
    return KeySet(tuple(dict.fromkeys(usable)), len(faults), tuple(faults))


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The RFC 7638 SHA-256 thumbprint of a JWK, over its required members alone. Raises InvalidKey."""
    kty = jwk.get("kty")
    names = _THUMBPRINT_MEMBERS.get(kty) if isinstance(kty, str) else None
    if names is None:
        raise InvalidKey("unsupported_type")
    members = {name: jwk.get(name) for name in names}
    if not all(isinstance(value, str) for value in members.values()):
        raise InvalidKey("member_missing")
    return joserfc_jwk.thumbprint(members)


def _entry(entry: Any) -> VerificationKey:
    if not isinstance(entry, dict):
        raise InvalidKey("not_an_object")
    return key_from_jwk(entry)


def _text(jwk: Mapping[str, Any], name: str) -> str | None:
    if name not in jwk:
        return None
    value = jwk[name]
    if not isinstance(value, str):
        raise InvalidKey(f"{name}_not_a_string")
    return value


def _is_ambiguous(key: VerificationKey, keys: Sequence[VerificationKey]) -> bool:
    if key.kid is None:
        return False
    return any(other.kid == key.kid and other.public_key != key.public_key for other in keys)
