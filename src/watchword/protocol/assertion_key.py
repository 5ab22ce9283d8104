"""Our own ``private_key_jwt`` at a provider (OpenID Connect Core §9, RFC 7523 §2.2, §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa

from watchword.protocol.algorithms import ALGORITHMS, KeyKind
from watchword.protocol.jwk import key_from_jwk, thumbprint
from watchword.protocol.jwk_material import MAX_RSA_BITS, MIN_RSA_BITS, InvalidKey
from watchword.protocol.private_jwk import private_key
from watchword.protocol.signing import PrivateKey, compact_jws, private_key_from_pem, public_members
from watchword.protocol.strict_json import MalformedJson, loads_object

ASSERTION_SECONDS: Final = 60
"""How long an assertion is good: as long as one request may take, clocks included."""

_MAX_KEY_BYTES: Final = 65_536
_MAX_KID_CHARS: Final = 255
_BY_KIND: Final[Mapping[KeyKind, tuple[str, ...]]] = {
    "P-256": ("ES256",),
    "RSA": ("RS256", "PS256"),
    "Ed25519": ("EdDSA", "Ed25519"),
}
_PUBLIC_PEM: Final = ("-----BEGIN PUBLIC", "-----BEGIN RSA PUBLIC", "-----BEGIN CERTIFICATE")
_WHY: Final[Mapping[str, str]] = {
    "public_only": "holds the public half only; this setting needs the private one",
    "symmetric": "is a symmetric key; make one with: openssl genpkey -algorithm EC -pkeyopt "
    "ec_paramgen_curve:P-256",
    "rsa_size": "is an RSA key of another size than 2048 to 8192 bits; make one of 3072 bits, or for P-256",
    "unsupported_type": "is of a kind that is not accepted; use P-256, RSA or Ed25519",
    "unsupported_curve": "is on a curve that is not accepted; use P-256 or Ed25519",
    "not_a_private_key": "is not an unencrypted private key in PEM",
    "not_a_key": "is damaged, or put together from two keys",
    "member_missing": "lacks a member that its kind of key has",
    "not_for_signatures": "is not for signatures by its own use or key_ops",
    "algorithm_mismatch": "names an alg that does not go with it",
}


@dataclass(frozen=True, slots=True)
class AssertionKey:
    """A private key and what it may sign with, the most widely understood ``algorithms`` first; a JWK's
    own ``alg`` leaves that one only. ``kid`` is the JWK's, else the RFC 7638 thumbprint."""

    kid: str
    algorithms: tuple[str, ...]
    private_key: PrivateKey = field(repr=False, hash=False, compare=False)

    def algorithm_among(self, offered: frozenset[str] | None) -> str | None:
        """What to sign with where a provider accepts the ``offered`` ones; None where none fits. A
        provider that says nothing, None, gets the first."""
        return next((each for each in self.algorithms if offered is None or each in offered), None)

    def public_jwk(self) -> dict[str, Any]:
        """What to register at the provider; nothing of it is secret."""
        members = public_members(self.private_key)
        return members | {"kid": self.kid, "use": "sig", "alg": self.algorithms[0]}


def read_assertion_key(text: str) -> AssertionKey:
    """A private key as PEM (PKCS #8, PKCS #1 or SEC 1, unencrypted) or as JWK, which no weakness is
    known of. Raises ValueError naming the fault and never a part of the key."""
    given = text.strip()
    try:
        if given.startswith("-----BEGIN "):
            return _from_pem(given)
        return _from_jwk(_jwk_in(given))
    except InvalidKey as fault:
        raise ValueError(_WHY.get(fault.reason, f"cannot be used ({fault.reason})")) from None


def client_assertion(
    key: AssertionKey, *, algorithm: str, client_id: str, audience: str, jti: str, now_seconds: int
) -> str:
    """An assertion of ``client_id`` for one ``audience``, good for one request of the next minute."""
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": jti,
        "iat": now_seconds,
        "exp": now_seconds + ASSERTION_SECONDS,
    }
    return compact_jws(claims, {"alg": algorithm, "kid": key.kid, "typ": "JWT"}, key.private_key)


def _jwk_in(text: str) -> dict[str, Any]:
    try:
        return loads_object(text.encode("utf-8", "surrogatepass"), max_bytes=_MAX_KEY_BYTES)
    except MalformedJson:
        raise ValueError("is neither a private key in PEM nor a JWK; use file:PATH for either") from None


def _from_pem(text: str) -> AssertionKey:
    if text.startswith(_PUBLIC_PEM):
        raise InvalidKey("public_only")
    key = private_key_from_pem(text.encode("utf-8", "surrogatepass"))
    if isinstance(key, rsa.RSAPrivateKey) and not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise InvalidKey("rsa_size")
    return _usable(key, {})


def _from_jwk(jwk: Mapping[str, Any]) -> AssertionKey:
    if "keys" in jwk:
        raise ValueError("is a key set; write the one private JWK to sign with")
    operations = jwk.get("key_ops", ["sign"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "sign" not in operations:
        raise InvalidKey("not_for_signatures")
    return _usable(private_key(jwk), jwk)


def _usable(key: PrivateKey, said: Mapping[str, Any]) -> AssertionKey:
    members = public_members(key)
    algorithms = _BY_KIND.get(key_from_jwk(members).kind)
    if algorithms is None:
        raise InvalidKey("unsupported_curve")
    return AssertionKey(_kid(said, members), _allowed(algorithms, said.get("alg")), key)


def _allowed(algorithms: tuple[str, ...], alg: Any) -> tuple[str, ...]:
    if alg is None:
        return algorithms
    named = ALGORITHMS.get(alg) if isinstance(alg, str) else None
    found = tuple(each for each in algorithms if ALGORITHMS[each] is named)
    if not found:
        raise InvalidKey("algorithm_mismatch")
    return found


def _kid(said: Mapping[str, Any], members: Mapping[str, Any]) -> str:
    kid = said.get("kid")
    if kid is None:
        return thumbprint(members)
    if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID_CHARS or not kid.isprintable():
        raise ValueError(f"has a kid that is not 1 to {_MAX_KID_CHARS} printable characters")
    return kid
