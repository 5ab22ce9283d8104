"""Signing keys of the development provider, and the ID tokens they sign (RFC 7515, RFC 7517)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Literal

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

Algorithm = Literal["ES256", "RS256"]
SigningKey = ECKey | RSAKey


class KeyRing:
    """One key signs, the next may be announced ahead, previous ones may stay published.

    Attributes: ``algorithm``; ``signing``, the key in use; ``announced``, the published next key
    or None; ``previous``, older keys that are still published, newest first.
    """

    def __init__(self, algorithm: Algorithm = "ES256") -> None:
        self.algorithm: Algorithm = algorithm
        self.signing: SigningKey = _generate(algorithm)
        self.announced: SigningKey | None = None
        self.previous: list[SigningKey] = []
        self._withdrawn: list[SigningKey] = []

    def rotate(self, *, announce_first: bool = False, keep_previous: bool = True) -> None:
        """Sign with the announced key, or a fresh one, from now on.

        ``announce_first`` only publishes the next key: the rotation after it makes it sign.
        ``keep_previous=False`` withdraws every older key from the JWKS.
        """
        if announce_first:
            self.announced = self.announced or _generate(self.algorithm)
            return
        self.previous.insert(0, self.signing)
        self.signing, self.announced = self.announced or _generate(self.algorithm), None
        if not keep_previous:
            self._withdrawn += self.previous
            self.previous = []

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK Set (RFC 7517 §5)."""
        announced = [self.announced] if self.announced else []
        return {"keys": [key.as_dict(private=False) for key in (self.signing, *announced, *self.previous)]}

    def header(self) -> dict[str, Any]:
        """The protected header of a token signed now."""
        return {"alg": self.algorithm, "kid": self.signing.kid, "typ": "JWT"}

    def sign(self, claims: Mapping[str, Any], header: Mapping[str, Any], *, unknown_key: bool = False) -> str:
        """Sign claims under exactly this header, which may lie about key and algorithm.

        The signature is always the ring's algorithm, except that ``alg: none`` gets an empty one.
        ``unknown_key`` signs with a key that is published nowhere.
        """
        signing_input = f"{_base64url_json(header)}.{_base64url_json(claims)}"
        if header.get("alg") == "none":
            return f"{signing_input}."
        key = _generate(self.algorithm) if unknown_key else self.signing
        signature = jws.JWSRegistry.algorithms[self.algorithm].sign(signing_input.encode("ascii"), key)
        return f"{signing_input}.{_base64url(signature)}"

    def verify(self, token: str) -> dict[str, Any] | None:
        """The claims of a token any key of this ring ever signed, expired or not; None for others."""
        for key in (self.signing, *self.previous, *self._withdrawn):
            try:
                claims = json.loads(jws.deserialize_compact(token, key, algorithms=[self.algorithm]).payload)
            except (JoseError, ValueError, TypeError, RecursionError):
                continue
            return claims if isinstance(claims, dict) else None
        return None


def _generate(algorithm: Algorithm) -> SigningKey:
    parameters: Any = {"use": "sig", "alg": algorithm}
    if algorithm == "RS256":
        return RSAKey.generate_key(2048, parameters, auto_kid=True)
    return ECKey.generate_key("P-256", parameters, auto_kid=True)


def _base64url_json(value: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
