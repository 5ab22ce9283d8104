"""How an erased person is known again without being named: by keyed digests of issuer and subject.

The key is random and kept sealed, apart from ``SECRET_KEY``, so that the digests outlive a change of that.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from watchword.auth.sealing import Sealer
from watchword.errors import PepperUnreadable, SealBroken, SecretKeyMismatch

PEPPER: Final = "erasure"
ERASED_ISSUER: Final = "urn:watchword:erased"
"""In place of an erased person's issuer. No provider has it: theirs are https addresses."""
_PEPPER_BYTES: Final = 32


class Tombstones:
    """Makes peppers and digests under them; what comes from the database is sealed."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def new_pepper(self) -> bytes:
        """A fresh one, sealed."""
        pepper = secrets.token_bytes(_PEPPER_BYTES)
        return self._sealer.seal("pepper", pepper, place=PEPPER.encode())

    def digest(self, sealed_pepper: bytes, issuer: str, subject: str) -> str:
        """64 hexadecimal characters of HMAC-SHA256, in place of the subject. Neither ``issuer`` nor
        ``subject`` holds a NUL, which no row could keep. Raises PepperUnreadable."""
        try:
            pepper = self._sealer.open("pepper", sealed_pepper, place=PEPPER.encode())
        except (SealBroken, SecretKeyMismatch) as error:
            raise PepperUnreadable(f"the key that knows erased people again: {error.detail}") from None
        return hmac.digest(pepper, f"{issuer}\0{subject}".encode(), "sha256").hex()
