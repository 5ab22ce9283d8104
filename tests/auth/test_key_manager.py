"""Promises of what operators do to a ring."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.auth.rings import MemoryKeyStore, MemoryLedger, manager_of
from watchword.auth.key_manager import KeyManager
from watchword.auth.key_ports import KeyUse, StoredRing
from watchword.auth.sealing import Sealer
from watchword.errors import Contended, RotationTooSoon
from watchword.protocol.key_ring import ANNOUNCE_SECONDS
from watchword.testing import FakeClock

SEALER = Sealer(bytes(32))


class Contested(MemoryKeyStore):
    """Somebody else writes just before the first ``times`` of ours."""

    def __init__(self, other: KeyManager | None = None, *, times: int = 1) -> None:
        super().__init__()
        self.other = other
        self.times = times

    async def replace(self, known: StoredRing, keys: object) -> bool:
        if self.other is not None and self.times > 0:
            self.times -= 1
            other, self.other = self.other, None
            await other.rotate(at_once=True)
            self.other = other
        return await super().replace(known, keys)  # type: ignore[arg-type]


def manager(store: MemoryKeyStore, ledger: MemoryLedger, clock: FakeClock, **policy: object) -> KeyManager:
    return manager_of(store, ledger, SEALER, clock, by="cli", **policy)


async def test_a_list_tells_states_times_and_uses() -> None:
    """Newest first, then what was revoked."""
    store, ledger, clock = MemoryKeyStore(), MemoryLedger(), FakeClock()
    keys = manager(store, ledger, clock)
    begun = clock.now()
    await keys.ring.repaired()
    clock.advance(ANNOUNCE_SECONDS)
    rotated = await keys.rotate()
    await keys.revoke({rotated.retired})
    await ledger.note_uses({rotated.active: KeyUse(clock.now(), None)})
    listed = await keys.list()
    assert [report.kid for report in listed] == [rotated.next, rotated.active, rotated.retired]
    assert [report.state for report in listed] == ["next", "active", "revoked"]
    assert (listed[1].created_at, listed[1].activated_at) == (begun, clock.now())
    assert (listed[1].last_signed_at, listed[1].last_verified_at) == (clock.now(), None)
    assert listed[2].revoked_at == clock.now()


async def test_a_rotation_too_soon_says_when() -> None:
    """Nothing is changed; at once goes without the wait."""
    store, ledger, clock = MemoryKeyStore(), MemoryLedger(), FakeClock()
    keys = manager(store, ledger, clock)
    await keys.ring.repaired()
    clock.advance(90)
    with pytest.raises(RotationTooSoon, match="rotate in 300 seconds, or at once"):
        await keys.rotate()
    assert store.writes == 1
    rotated = await keys.rotate(at_once=True)
    assert ledger.told == [f"ring:{rotated.next}"]
    retired = next(key for key in store.keys if key.kid == rotated.retired)
    assert retired.verify_until == clock.now() + timedelta(seconds=3660 + 90)


async def test_a_rotation_to_another_algorithm_announces_it_first() -> None:
    """The next try finds it announced; asking again meanwhile begins nothing anew."""
    store, ledger, clock = MemoryKeyStore(), MemoryLedger(), FakeClock()
    await manager(store, ledger, clock).ring.repaired()
    clock.advance(ANNOUNCE_SECONDS)
    keys = manager(store, ledger, clock, algorithm="Ed25519")
    with pytest.raises(RotationTooSoon, match="390 seconds"):
        await keys.rotate()
    clock.advance(ANNOUNCE_SECONDS - 1)
    with pytest.raises(RotationTooSoon, match="rotate in 1 seconds"):
        await keys.rotate()
    clock.advance(1)
    rotated = await keys.rotate()
    active = next(key for key in store.keys if key.kid == rotated.active)
    assert active.algorithm == "Ed25519"
    assert ledger.told[-1] == f"ring:{rotated.next}"


async def test_whoever_loses_a_race_finds_the_rotation_done() -> None:
    """One new key, however many asked."""
    store, ledger, clock = Contested(), MemoryLedger(), FakeClock()
    await manager(store, ledger, clock).ring.repaired()
    clock.advance(ANNOUNCE_SECONDS)
    store.other = manager(store, ledger, clock)
    rotated = await manager(store, ledger, clock).rotate()
    assert len(store.keys) == 3
    assert {key.kid for key in store.keys} == {rotated.active, rotated.next, rotated.retired}
    assert len(ledger.told) == 1


async def test_whoever_always_loses_gives_up() -> None:
    """With an error to try again on."""
    store, ledger, clock = Contested(times=1000), MemoryLedger(), FakeClock()
    await manager(store, ledger, clock).ring.repaired()
    store.other = manager(store, ledger, clock)
    with pytest.raises(Contended):
        await manager(store, ledger, clock).ring.change(lambda seen, _: frozenset({seen.keys[0].kid}))


async def test_a_rotation_stands_although_nobody_could_be_told(caplog: pytest.LogCaptureFixture) -> None:
    """Replicas find it at their next look."""
    store, clock = MemoryKeyStore(), FakeClock()

    class Deaf(MemoryLedger):
        async def note_rotation(self, **_: object) -> None:
            self.away = True
            self._answer()

    keys = manager(store, Deaf(), clock)
    await keys.ring.repaired()
    rotated = await keys.rotate(at_once=True)
    assert next(key.kid for key in store.keys if key.state == "active") == rotated.active
    assert "changed, and nobody could be told: the ledger is away" in caplog.text
