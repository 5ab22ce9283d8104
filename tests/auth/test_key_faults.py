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
from watchword.errors import KeyStoreInvalid, RotationTooSoon
from watchword.protocol.key_ring import ANNOUNCE_SECONDS
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


class RevokedMeanwhile(MemoryKeyStore):
    """Right after the next reading, somebody revokes its key in a state."""

    def __init__(self, ledger: MemoryLedger, clock: FakeClock) -> None:
        super().__init__()
        self.ledger = ledger
        self.clock = clock
        self.state: str | None = None

    async def load(self) -> StoredRing:
        ring = await super().load()
        if self.state is not None:
            gone = [key for key in ring.keys if key.state == self.state]
            self.state = None
            now = self.clock.now()
            await self.ledger.revoke(gone, by="cli", now=now, tokens_expire_at=now)
        return ring


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("state", ["active", "next"])
async def test_a_rotation_beside_a_revocation_leaves_a_whole_ring(state: str, at_once: bool) -> None:
    """Whichever key is taken from it: the announced one signs, or a fresh one is announced first."""
    ledger, clock = MemoryLedger(), FakeClock()
    store = RevokedMeanwhile(ledger, clock)
    manager = manager_of(store, ledger, SEALER, clock)
    await manager.ring.repaired()
    before: dict[str, str] = {key.state: key.kid for key in store.keys}
    clock.advance(ANNOUNCE_SECONDS)
    store.state = state
    if state == "next" and not at_once:
        with pytest.raises(RotationTooSoon, match="rotate in 390 seconds"):
            await manager.rotate()
    else:
        rotated = await manager.rotate(at_once=at_once)
        assert rotated.active not in {before[state], before["active"]}
    after = {key.state: key.kid for key in store.keys if key.state != "retired"}
    assert after.keys() == {"active", "next"}
    assert {gone.kid for gone in ledger.gone}.isdisjoint(after.values())
