"""Promises of signing keys where several things go wrong at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.auth.rings import MemoryKeyStore, MemoryLedger, keyring_of, manager_of
from watchword.auth.key_ports import KeyUse, StoredRing
from watchword.auth.key_watch import WRITE_USES_SECONDS, KeyWatch
from watchword.auth.sealing import Sealer
from watchword.errors import KeyStoreInvalid
from watchword.testing import FakeClock

SEALER = Sealer(bytes(32))


class Spoilt(MemoryKeyStore):
    """Holds something that is no ring, from ``spoilt`` on."""

    spoilt = False

    async def load(self) -> StoredRing:
        if self.spoilt:
            raise KeyStoreInvalid("no ring of ours")
        return await super().load()


async def test_a_revocation_counts_although_the_store_holds_no_ring() -> None:
    """Also where the feed has nothing to say of it any more: the ledger is read before the store."""
    store, ledger, clock = Spoilt(), MemoryLedger(), FakeClock()
    keyring = keyring_of(store, SEALER, clock, ledger)
    await keyring.load()
    active, announced = sorted(store.keys, key=lambda key: key.state)
    await ledger.revoke([active], by="cli", now=clock.now(), tokens_expire_at=clock.now())
    store.spoilt = True
    assert not await keyring.reload()
    assert not keyring.verifying.knows(active.kid)
    assert keyring.active.kid == announced.kid


async def test_times_at_the_end_of_all_time_stop_no_watch(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever can write to the store, and lacks our secret, spoils the ring and not the replicas."""
    store, ledger, clock = MemoryKeyStore(), MemoryLedger(), FakeClock()
    keyring = keyring_of(store, SEALER, clock, ledger)
    await keyring.load()
    active, keys = keyring.active.kid, store.keys
    watch = KeyWatch(keyring, manager_of(store, ledger, SEALER, clock), clock)
    store.keys = tuple(replace(key, created_at=datetime.max.replace(tzinfo=UTC)) for key in keys)
    await watch.look()
    assert keyring.active.kid == active
    assert "is of a year after 9000" in caplog.text
    store.keys = keys
    assert await keyring.reload()


async def test_no_fault_of_the_ledger_stops_the_watch() -> None:
    """What was noted is written down by the next look that can."""

    class Odd(MemoryLedger):
        odd = True

        async def note_uses(self, uses: Mapping[str, KeyUse]) -> None:
            if self.odd:
                raise RuntimeError("of no kind that was expected")
            await super().note_uses(uses)

    store, ledger, clock = MemoryKeyStore(), Odd(), FakeClock()
    keyring = keyring_of(store, SEALER, clock, ledger)
    await keyring.load()
    watch = KeyWatch(keyring, manager_of(store, ledger, SEALER, clock), clock)
    keyring.uses.signed("a", clock.now())
    for odd in (True, False):
        ledger.odd = odd
        clock.advance(WRITE_USES_SECONDS)
        await watch.look()
    assert list(ledger.used) == ["a"]
