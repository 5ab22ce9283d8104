"""Sample keys of the contract suite: what a store keeps, with nothing that could sign."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from tests.contract.samples import NOW
from watchword.auth.key_ports import KeyState, StoredKey, StoredRing

NO_RING: Final = StoredRing("", ())


def key(kid: str, state: KeyState, *, age_seconds: int = 0) -> StoredKey:
    return StoredKey(
        kid=kid,
        algorithm="ES256",
        state=state,
        public_jwk={"kty": "EC", "crv": "P-256", "kid": kid, "nested": {"list": [1, "ü"]}},
        sealed_private=bytes(range(256)),
        created_at=NOW - timedelta(seconds=age_seconds),
        activated_at=NOW if state == "active" else None,
        retired_at=NOW if state == "retired" else None,
        verify_until=NOW + timedelta(hours=1) if state == "retired" else None,
    )
