"""A forge: tokens of any shape in the name of one service, signed with its very own key.

What comes out differs from an honest token in the one respect a case is about, so that nothing else
can be the cause of its refusal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from tests.protocol.workshop import b64, seal, signature
from watchword.protocol.signing import PrivateKey

ABSENT: Final = object()
CANARY: Final = "canary-in-a-token"
"""In what every forged token says; it must come up nowhere else."""


@dataclass(frozen=True)
class Forge:
    """The key, the names and the time of the service that is lied to."""

    key: ec.EllipticCurvePrivateKey
    kid: str
    issuer: str
    audience: str
    now: int
    life_seconds: int

    def claims(self, /, **changes: Any) -> dict[str, Any]:
        """Honest claims with changes: a value, ABSENT, or a function of the forge."""
        own: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": f"user-{CANARY}",
            "client_id": "browser",
            "sid": f"session-{CANARY}",
            "jti": f"1.{CANARY}",
            "iat": self.now,
            "exp": self.now + self.life_seconds,
            "auth_time": self.now - 60,
            "roles": ["editor"],
            "scope": "read write",
        }
        return self._resolved(own | changes)

    def header(self, /, **changes: Any) -> dict[str, Any]:
        """An honest header with changes, as for claims."""
        return self._resolved({"alg": "ES256", "kid": self.kid, "typ": "at+jwt"} | changes)

    def json(self, /, **changes: Any) -> bytes:
        return json.dumps(self.claims(**changes)).encode()

    def literal(self, name: str, text: str) -> bytes:
        """Honest claims as JSON, one of them written out by hand."""
        return self.json(**{name: ABSENT})[:-1] + f', "{name}": {text}}}'.encode()

    def token(
        self,
        payload: bytes | None = None,
        *,
        header: bytes | Mapping[str, Any] | None = None,
        alg: str = "ES256",
        key: PrivateKey | None = None,
    ) -> str:
        """A token over these bytes with a genuine signature, ours unless another key is named."""
        head = self.header() if header is None else header
        raw_head = head if isinstance(head, bytes) else json.dumps(head).encode()
        body = self.json() if payload is None else payload
        return seal(raw_head, body, alg=alg, key=key or self.key)

    def parts(self) -> tuple[str, str, bytes]:
        """Header and payload of an honest token as they are spelled, and the bytes of its signature."""
        head, body = b64(json.dumps(self.header()).encode()), b64(self.json())
        return head, body, signature("ES256", f"{head}.{body}".encode(), self.key)

    def signed_as(self, change: Callable[[bytes], bytes]) -> str:
        """An honest token with another signature."""
        head, body, genuine = self.parts()
        return f"{head}.{body}.{b64(change(genuine))}"

    def _resolved(self, members: Mapping[str, Any]) -> dict[str, Any]:
        found = {name: value(self) if callable(value) else value for name, value in members.items()}
        return {name: value for name, value in found.items() if value is not ABSENT}


@dataclass(frozen=True)
class Case:
    """One token. ``cause`` is how the operator's line about its refusal begins; empty for a good one.

    ``lasting`` is false where a second more or less makes another case of it.
    """

    name: str
    cause: str
    build: Callable[[Forge], str | bytes]
    lasting: bool = True


def with_claims(name: str, cause: str, /, **changes: Any) -> Case:
    return Case(name, cause, lambda forge: forge.token(forge.json(**changes)))


def fleeting(case: Case) -> Case:
    return replace(case, lasting=False)


def with_literal(name: str, cause: str, claim: str, text: str) -> Case:
    return Case(name, cause, lambda forge: forge.token(forge.literal(claim, text)))


def with_header(name: str, cause: str, /, **changes: Any) -> Case:
    return Case(name, cause, lambda forge: forge.token(header=forge.header(**changes)))


def with_payload(name: str, cause: str, change: Callable[[bytes], bytes]) -> Case:
    """A genuine signature over the honest payload after ``change``."""
    return Case(name, cause, lambda forge: forge.token(change(forge.json())))
