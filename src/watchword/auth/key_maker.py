"""Making signing keys, and opening those that were sealed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from watchword.auth.key_ports import StoredKey
from watchword.auth.ports import Clock
from watchword.auth.sealing import Sealer
from watchword.errors import KeyStoreInvalid
from watchword.protocol.jwk import key_from_jwk, thumbprint
from watchword.protocol.jwk_material import InvalidKey
from watchword.protocol.signing import (
    PrivateKey,
    SigningKey,
    private_key_from_der,
    private_key_to_der,
    public_jwk,
)

RSA_BITS: Final = 3072
_GENERATE: Final[Mapping[str, Callable[[], PrivateKey]]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


class KeyMaker:
    """Private parts leave it sealed only. A key whose sealed part opens under our secret is one that this
    service made: nobody else can have put it into a ring."""

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self._sealer = sealer
        self._clock = clock

    async def make(self, algorithm: str) -> StoredKey:
        """A fresh key, not yet in any ring; made in a thread, because RSA takes its time."""
        private_key = await asyncio.to_thread(_GENERATE[algorithm])
        jwk = public_jwk(private_key, algorithm)
        return StoredKey(
            kid=jwk["kid"],
            algorithm=algorithm,
            state="next",
            public_jwk=jwk,
            sealed_private=self._sealer.seal(
                "signing-key", private_key_to_der(private_key), place=jwk["kid"].encode()
            ),
            created_at=self._clock.now(),
            activated_at=None,
            retired_at=None,
            verify_until=None,
        )

    def check(self, stored: StoredKey) -> None:
        """Raises SecretKeyMismatch for a key that was sealed under another ``SECRET_KEY``, SealBroken and
        KeyStoreInvalid for one that was altered."""
        self._der(stored)

    def open(self, stored: StoredKey) -> SigningKey:
        """The key to sign with. Raises what ``check`` raises."""
        try:
            key = SigningKey(stored.kid, stored.algorithm, private_key_from_der(self._der(stored)))
            opened = public_jwk(key.private_key, stored.algorithm)
        except InvalidKey as fault:
            raise KeyStoreInvalid(f"signing key {stored.kid}: {fault.reason}") from None
        if opened["kid"] != stored.kid:
            raise KeyStoreInvalid(f"the private part of signing key {stored.kid} is of another key")
        return key

    def _der(self, stored: StoredKey) -> bytes:
        try:
            public = key_from_jwk(stored.public_jwk)
            is_its_own = stored.kid == public.kid == thumbprint(stored.public_jwk)
        except InvalidKey as fault:
            raise KeyStoreInvalid(f"signing key {stored.kid}: its public part is {fault.reason}") from None
        if not is_its_own or public.algorithm != stored.algorithm:
            raise KeyStoreInvalid(f"the public part of signing key {stored.kid} is of another key")
        return self._sealer.open("signing-key", stored.sealed_private, place=stored.kid.encode())
