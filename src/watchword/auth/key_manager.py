"""What operators do to the ring: look at it, rotate it, revoke keys of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from watchword.auth.account_ports import Actor
from watchword.auth.key_ports import KeyLedger, KeyState, KeyStore
from watchword.auth.ports import Clock
from watchword.auth.sealing import Sealer


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What ``keys list`` shows of a key; times are aware UTC."""

    kid: str
    algorithm: str
    state: KeyState | Literal["revoked"]
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None
    verify_until: datetime | None
    revoked_at: datetime | None
    last_signed_at: datetime | None
    last_verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rotated:
    """The ring after a rotation, by key ids."""

    active: str
    next: str
    retired: str


@dataclass(frozen=True, slots=True)
class RevokedKeys:
    """Which keys were revoked now, and which signs from here on: None while the store that a new ring has to
    be written to is away and none of the keys already held is left."""

    revoked: tuple[str, ...]
    active: str | None


class KeyManager:
    """One ring, changed by whoever gets there first. ``tokens_live_seconds`` is how long a token may count
    after the key that signed it has retired."""

    def __init__(
        self,
        store: KeyStore,
        ledger: KeyLedger,
        sealer: Sealer,
        clock: Clock,
        *,
        algorithm: str,
        rotate_after_seconds: int,
        tokens_live_seconds: int,
        by: Actor,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._sealer = sealer
        self._clock = clock
        self._algorithm = algorithm
        self._rotate_after_seconds = rotate_after_seconds
        self._tokens_live_seconds = tokens_live_seconds
        self._by = by

    async def list(self) -> Sequence[KeyReport]:
        """Every key of the ring, newest first, then those revoked."""
        raise NotImplementedError

    async def rotate(self, *, at_once: bool = False) -> Rotated:
        """Let the next key sign, retire the active one, announce another. Raises RotationTooSoon while
        readers may not have seen the next key yet, unless ``at_once``; KeyStoreUnavailable,
        DatabaseUnavailable."""
        raise NotImplementedError

    async def revoke(self, kids: Collection[str] | None) -> RevokedKeys:
        """End every token that these keys signed, None for all keys, and sign with another at once.

        Raises KeyUnknown with nothing done when one of ``kids`` is no key of the ring; DatabaseUnavailable.
        """
        raise NotImplementedError
