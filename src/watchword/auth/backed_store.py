"""A key store with a sealed copy of its ring in the database: it may be away, and it may be changed for
another one, without a key being lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from watchword.auth.key_ports import COPY_MARK, KeyLedger, KeyStore, RingCopy, StoredKey, StoredRing
from watchword.auth.logs import tell
from watchword.auth.ports import Clock
from watchword.auth.ring_json import ring_from_json, ring_to_json
from watchword.auth.sealing import Sealer, sealed_under
from watchword.errors import (
    DatabaseUnavailable,
    KeyStoreInvalid,
    KeyStoreUnavailable,
    SealBroken,
    SecretKeyMismatch,
)
from watchword.protocol.key_ring import edition, without

NEWEST: Final = "newest ring"
"""Where the copy is kept, whatever store the ring is in: a store that is configured later goes on with it."""


class BackedKeyStore:
    """``KeyStore`` over another one. ``former`` is asked for a ring to go on with where ``store`` is empty
    and there is no copy: the database's own store, beside any other.

    While ``store`` is away ``load`` answers the copy, and ``replace`` raises. A store that is empty, or
    holds an older ring than the copy (one that was in use before, or was set back), is given the copy,
    without the keys that were revoked since.
    """

    def __init__(
        self,
        store: KeyStore,
        ledger: KeyLedger,
        sealer: Sealer,
        clock: Clock,
        *,
        former: KeyStore | None = None,
    ) -> None:
        self.place = store.place
        self._store = store
        self._ledger = ledger
        self._sealer = sealer
        self._clock = clock
        self._former = former
        self._away = False
        self._uncopied = ""

    async def load(self) -> StoredRing:
        """Also raises SecretKeyMismatch and SealBroken, where the copy is needed and does not open, and
        DatabaseUnavailable."""
        try:
            ring = await self._store.load()
        except KeyStoreUnavailable as error:
            return await self._from_copy(error)
        self._is_here()
        copy = await self._ledger.copy(NEWEST)
        kept = await self._newest_known(ring, copy)
        if _is_newer(kept, ring.keys):
            return await self._caught_up(kept)
        if copy is None or copy.version != ring.version or not kept:
            await self._keep(ring)
        return ring

    async def replace(self, known: StoredRing, keys: Sequence[StoredKey]) -> bool:
        version = known.version.removeprefix(COPY_MARK)
        if not await self._store.replace(StoredRing(version, known.keys), keys):
            return False
        try:
            await self._keep(await self._store.load())
        except (DatabaseUnavailable, KeyStoreInvalid, KeyStoreUnavailable) as error:
            message = "key store: %s: the ring was written, its copy was not: %s"
            tell("key_copy_failed", message, self.place, error=error, place=self.place)
        return True

    async def _from_copy(self, error: KeyStoreUnavailable) -> StoredRing:
        copy = await self._ledger.copy(NEWEST)
        if copy is None:
            raise KeyStoreUnavailable(
                f"{error.detail}. The database holds no sealed copy of the ring yet, so the store is needed"
            ) from None
        keys = self._opened(copy)
        if not self._away:
            self._away = True
            message = "key store: %s does not answer, the sealed copy in the database stands in: %s"
            tell("key_store_away", message, self.place, error=error, place=self.place)
        return StoredRing(COPY_MARK + copy.version, keys)

    def _is_here(self) -> None:
        if self._away:
            self._away = False
            tell("key_store_back", "key store: %s answers again", self.place, place=self.place)

    async def _newest_known(self, ring: StoredRing, copy: RingCopy | None) -> tuple[StoredKey, ...]:
        """The keys of the copy, which has to open only where the store has nothing."""
        if copy is None:
            former = None if ring.keys or self._former is None else await self._former.load()
            return () if former is None else former.keys
        try:
            return self._opened(copy)
        except (SecretKeyMismatch, SealBroken, KeyStoreInvalid) as error:
            if not ring.keys:
                raise
            if not self._is_foreign(ring):
                message = "key store: the copy of the ring is made anew: %s"
                tell("key_copy_remade", message, error=error, place=self.place)
            return ()

    async def _caught_up(self, kept: tuple[StoredKey, ...]) -> StoredRing:
        """The ring after the newer one was written to the store; where that fails, the newer one all the
        same. It is looked at again first, since whoever rotates writes the store before the copy."""
        ring = await self._store.load()
        revoked = {key.kid for key in await self._ledger.revoked()}
        left = without(kept, revoked)
        if _is_newer(left, without(ring.keys, revoked)):
            self._tell(ring, left)
            try:
                await self._store.replace(ring, left)
                ring = await self._store.load()
            except KeyStoreUnavailable as error:
                message = "key store: %s cannot be written: %s"
                tell("key_store_unwritable", message, self.place, error=error, place=self.place)
            if _is_newer(left, without(ring.keys, revoked)):
                return StoredRing(COPY_MARK + ring.version, left)
        await self._keep(ring)
        return ring

    def _tell(self, ring: StoredRing, left: Sequence[StoredKey]) -> None:
        tell(
            "key_store_behind",
            "key store: %s holds %s, so the newest ring known is written there: %s",
            self.place,
            "an older ring" if ring.keys else "no ring",
            ", ".join(f"{key.kid} ({key.state})" for key in left),
            place=self.place,
        )

    async def _keep(self, ring: StoredRing) -> None:
        """What is no ring for other stores, being too large say, is used all the same, without a copy. One
        sealed under a secret we do not have gets none, so that a good copy is not lost to a wrong secret. Its
        time is no earlier than the ring's, so that the newer of two wins whatever the clocks say."""
        if not ring.keys or self._is_foreign(ring):
            return
        try:
            text = ring_to_json(ring.keys, place=self.place).encode("ascii")
        except (KeyStoreInvalid, ValueError) as error:
            if self._uncopied != ring.version:
                self._uncopied = ring.version
                message, cause = "key store: there is no copy of this ring: %s", str(error)
                tell("key_copy_failed", message, cause, cause=cause, code=None, place=self.place)
            return
        sealed = self._sealer.seal("key-ring-copy", text, place=NEWEST.encode())
        saved_at = max(self._clock.now(), edition(ring.keys) or self._clock.now())
        await self._ledger.keep_copy(RingCopy(NEWEST, ring.version, sealed, saved_at))

    def _is_foreign(self, ring: StoredRing) -> bool:
        secrets = {sealed_under(key.sealed_private) for key in ring.keys if key.state != "retired"}
        return not secrets <= {None, *self._sealer.key_ids}

    def _opened(self, copy: RingCopy) -> tuple[StoredKey, ...]:
        text = self._sealer.open("key-ring-copy", copy.sealed, place=NEWEST.encode())
        return ring_from_json(text, place="the sealed copy of the ring in the database")


def _is_newer(keys: Sequence[StoredKey], than: Sequence[StoredKey]) -> bool:
    offered, held = edition(keys), edition(than)
    return offered is not None and (held is None or offered > held)
