"""One ring in its store, read with what the ledger knows and changed by compare-and-swap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from watchword.auth.jitter import between
from watchword.auth.key_maker import KeyMaker
from watchword.auth.key_ports import KeyLedger, KeyStore, StoredKey, StoredRing
from watchword.auth.ports import Clock
from watchword.errors import Contended, KeyStoreInvalid
from watchword.protocol.key_ring import (
    RingFault,
    RingPolicy,
    check_ring,
    completed,
    missing,
    moment_of_change,
    retiring,
    without,
)

TRIES: Final = 20
_LONGEST_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class ReadRing:
    """An edition of the ring. ``keys`` are those that were not ``revoked``, whatever the store says."""

    stored: StoredRing
    keys: tuple[StoredKey, ...]
    revoked: frozenset[str]

    @property
    def needs_repair(self) -> bool:
        """Whether keys are missing, or the store still holds revoked ones."""
        return missing(self.keys) > 0 or len(self.keys) < len(self.stored.keys)


@dataclass(frozen=True, slots=True)
class ChangedRing:
    """The keys as they are now, and whether this was our doing."""

    keys: tuple[StoredKey, ...]
    by_us: bool


Decide = Callable[[ReadRing, datetime], frozenset[str] | None]
"""Which keys retire, none of them where only what is missing is filled; None for no change at all."""


class Ring:
    """Whoever changes it does so on the edition it has read, or begins again. ``revoked`` is what the ledger
    last said, also where the store could not be read after it."""

    def __init__(
        self, store: KeyStore, ledger: KeyLedger, maker: KeyMaker, clock: Clock, policy: RingPolicy
    ) -> None:
        self.ledger = ledger
        self.maker = maker
        self.policy = policy
        self.place = store.place
        self.revoked: frozenset[str] = frozenset()
        self._store = store
        self._clock = clock

    async def read(self) -> ReadRing:
        """Raises KeyStoreUnavailable, KeyStoreInvalid, DatabaseUnavailable."""
        revoked = self.revoked = frozenset(key.kid for key in await self.ledger.revoked())
        stored = await self._store.load()
        keys = without(stored.keys, revoked)
        try:
            check_ring(keys, revoked=revoked)
        except RingFault as fault:
            raise KeyStoreInvalid(f"{self.place}: {fault}") from None
        return ReadRing(stored, keys, revoked)

    async def change(self, decide: Decide) -> ChangedRing:
        """Retire what ``decide`` says, fill what is missing, and try again with what another writer left.
        Raises what ``read`` raises, and Contended when others were always faster."""
        spare: list[StoredKey] = []
        for _ in range(TRIES):
            seen = await self.read()
            retire = decide(seen, self._clock.now())
            if retire is None:
                return ChangedRing(seen.keys, by_us=False)
            now = moment_of_change(seen.stored.keys, self._clock.now())
            left = retiring(seen.keys, retire, self.policy, now)
            while len(spare) < missing(left):
                spare.append(await self.maker.make(self.policy.algorithm))
            keys = completed(left, spare[: missing(left)], now)
            if await self._store.replace(seen.stored, keys):
                return ChangedRing(keys, by_us=True)
            await asyncio.sleep(between(0, _LONGEST_PAUSE_SECONDS))
        raise Contended(f"{self.place}: others changed the key ring {TRIES} times in a row")

    async def repaired(self) -> ChangedRing:
        """The ring with everything a ring has, and nothing that was revoked. Raises what ``change``
        raises."""
        return await self.change(lambda seen, _: frozenset() if seen.needs_repair else None)
