"""The ring of signing keys: one active, one announced ahead, retired ones that still verify."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from joserfc.jwk import ECKey

from watchword.auth.key_ports import KeyState, StoredKey
from watchword.auth.ports import Clock, KeyStore
from watchword.auth.sealing import Sealer
from watchword.errors import SealBroken
from watchword.protocol.jwk import KeySet, key_from_jwk, thumbprint
from watchword.protocol.signing import SigningKey

ALGORITHM = "ES256"


class Keyring:
    """Keys as this process holds them; the private part of the active one only."""

    def __init__(self, store: KeyStore, sealer: Sealer, clock: Clock) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._stored: Sequence[StoredKey] = ()
        self._active: SigningKey | None = None
        self._verifying = KeySet(keys=(), skipped=0)

    @property
    def active(self) -> SigningKey:
        """The key that signs. Raises SealBroken before ``load``."""
        if self._active is None:
            raise SealBroken("no signing key is loaded")
        return self._active

    @property
    def verifying(self) -> KeySet:
        """Every key whose tokens may still be valid."""
        return self._verifying

    def jwks(self) -> dict[str, Any]:
        """The published key set (RFC 7517 §5): public members only."""
        return {"keys": [dict(key.public_jwk) for key in self._published()]}

    async def load(self) -> None:
        """Read the ring; make the first one where there is none.

        Two processes at once make one ring. Raises SecretKeyMismatch when the ring was sealed
        under a ``SECRET_KEY`` this process does not have.
        """
        stored = await self._store.load()
        if not stored:
            await self._store.add_first([self._new("active"), self._new("next")])
            stored = await self._store.load()
        active = next((key for key in stored if key.state == "active"), None)
        if active is None:
            raise SealBroken("the key ring holds no active key")
        self._active = self._open(active)
        self._keep(stored)

    def forget(self, kid: str) -> None:
        """Neither verify with nor publish a revoked key any more; which key signs is for the next
        ``load`` to say. Unknown keys are no error."""
        if any(key.kid == kid for key in self._stored):
            self._keep([key for key in self._stored if key.kid != kid])

    def _keep(self, stored: Sequence[StoredKey]) -> None:
        self._stored = stored
        self._verifying = KeySet(
            keys=tuple(key_from_jwk(key.public_jwk) for key in self._published()), skipped=0
        )

    def _published(self) -> list[StoredKey]:
        now = self._clock.now()
        return [key for key in self._stored if key.verify_until is None or key.verify_until > now]

    def _new(self, state: KeyState) -> StoredKey:
        private = ec.generate_private_key(ec.SECP256R1())
        public_jwk: dict[str, Any] = dict(ECKey.import_key(private.public_key()).as_dict(private=False))
        kid = thumbprint(public_jwk)
        public_jwk |= {"kid": kid, "alg": ALGORITHM, "use": "sig"}
        der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        now = self._clock.now()
        return StoredKey(
            kid=kid,
            algorithm=ALGORITHM,
            state=state,
            public_jwk=public_jwk,
            sealed_private=self._sealer.seal("signing-key", der, place=kid.encode()),
            created_at=now,
            activated_at=_when(now, state == "active"),
            retired_at=None,
            verify_until=None,
        )

    def _open(self, stored: StoredKey) -> SigningKey:
        der = self._sealer.open("signing-key", stored.sealed_private, place=stored.kid.encode())
        private_key = load_der_private_key(der, None)
        if not isinstance(private_key, ec.EllipticCurvePrivateKey):
            raise SealBroken(f"signing key {stored.kid} is not an {ALGORITHM} key")
        return SigningKey(kid=stored.kid, algorithm=stored.algorithm, private_key=private_key)


def _when(now: datetime, holds: bool) -> datetime | None:
    return now if holds else None
