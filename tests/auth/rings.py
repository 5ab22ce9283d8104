"""Key stores and ledgers in memory, and key rings over them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from watchword.auth.account_ports import Actor
from watchword.auth.key_manager import KeyManager
from watchword.auth.key_ports import (
    KeyLedger,
    KeyStore,
    KeyUse,
    RevokedKey,
    RingCopy,
    StoredKey,
    StoredRing,
)
from watchword.auth.keyring import RING_CHANGED, Keyring
from watchword.auth.ports import Clock
from watchword.auth.sealing import Sealer
from watchword.errors import DatabaseUnavailable, KeyStoreUnavailable


class MemoryKeyStore:
    """``KeyStore`` of one process; ``away`` makes it not answer, ``read_only`` not take anything. ``asked``
    is set whenever somebody has read it."""

    def __init__(self, keys: Sequence[StoredKey] = (), *, place: str = "database") -> None:
        self.place = place
        self.away = False
        self.read_only = False
        self.asked = asyncio.Event()
        self.loads = 0
        self.writes = 0
        self.keys = tuple(keys)

    async def load(self) -> StoredRing:
        self.loads += 1
        self.asked.set()
        self._answer()
        return StoredRing("" if not self.keys else str(self.writes), self.keys)

    async def replace(self, known: StoredRing, keys: Sequence[StoredKey]) -> bool:
        self._answer()
        if self.read_only:
            raise KeyStoreUnavailable("read-only")
        if known.version != ("" if not self.keys else str(self.writes)):
            return False
        self.writes += 1
        self.keys = tuple(keys)
        return True

    def _answer(self) -> None:
        if self.away:
            raise KeyStoreUnavailable(f"{self.place} does not answer")


@dataclass
class MemoryLedger:
    """``KeyLedger`` of one process; ``told`` is what it would add to the feed."""

    gone: list[RevokedKey] = field(default_factory=list)
    copies: dict[str, RingCopy] = field(default_factory=dict)
    used: dict[str, KeyUse] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    away: bool = False

    async def revoke(
        self, keys: Sequence[StoredKey], *, by: Actor, now: datetime, tokens_expire_at: datetime
    ) -> None:
        self._answer()
        for key in keys:
            if all(known.kid != key.kid for known in self.gone):
                self.gone.insert(0, RevokedKey(key.kid, key.algorithm, key.public_jwk, key.created_at, now))
                self.told.append(key.kid)

    async def revoked(self) -> Sequence[RevokedKey]:
        self._answer()
        return list(self.gone)

    async def note_rotation(
        self, *, by: Actor, now: datetime, active: str, next_: str, retired: str | None
    ) -> None:
        self._answer()
        self.told.append(f"{RING_CHANGED}{next_}")

    async def keep_copy(self, copy: RingCopy) -> None:
        self._answer()
        self.copies[copy.place] = copy

    async def copy(self, place: str) -> RingCopy | None:
        self._answer()
        return self.copies.get(place)

    async def note_uses(self, uses: Mapping[str, KeyUse]) -> None:
        self._answer()
        self.used |= uses

    async def uses(self) -> Mapping[str, KeyUse]:
        self._answer()
        return dict(self.used)

    def _answer(self) -> None:
        if self.away:
            raise DatabaseUnavailable("the ledger is away")


def manager_of(store: KeyStore, ledger: KeyLedger, sealer: Sealer, clock: Clock, **policy: Any) -> KeyManager:
    """As a service has it, unless ``policy`` says otherwise."""
    usual: dict[str, Any] = {
        "algorithm": "ES256",
        "rotate_after_seconds": 2_592_000,
        "tokens_live_seconds": 3660,
        "by": "schedule",
    }
    return KeyManager(store, ledger, sealer, clock, **(usual | policy))


def keyring_of(
    store: KeyStore, sealer: Sealer, clock: Clock, ledger: KeyLedger | None = None, **policy: Any
) -> Keyring:
    """Nothing is loaded yet. Without a ledger nothing was revoked."""
    given = MemoryLedger() if ledger is None else ledger
    return Keyring(manager_of(store, given, sealer, clock, **policy).ring, clock)
