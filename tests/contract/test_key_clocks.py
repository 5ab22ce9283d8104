"""Promises of a ring whose writers' clocks lie apart."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.auth.rings import MemoryKeyStore, MemoryLedger, keyring_of, manager_of
from watchword.auth.backed_store import BackedKeyStore
from watchword.auth.sealing import Sealer
from watchword.errors import RotationTooSoon
from watchword.storage import open_database
from watchword.testing import FakeClock

SEALER = Sealer(bytes(32))


async def test_a_clock_that_was_ahead_keeps_no_copy_from_being_renewed(sqlite_url: str) -> None:
    """Whoever starts while the store is away signs with the newest key, which all the others know."""
    database = open_database(sqlite_url)
    vault, right, ahead = MemoryKeyStore(place="vault"), FakeClock(), FakeClock()
    ahead.advance(timedelta(hours=2).total_seconds())
    ledger = database.key_ledger
    for clock in (ahead, right):
        store = BackedKeyStore(vault, ledger, SEALER, clock)
        rotated = await manager_of(store, ledger, SEALER, clock).rotate(at_once=True)
    vault.away = True
    restarted = keyring_of(BackedKeyStore(vault, ledger, SEALER, right), SEALER, right, ledger)
    await restarted.load()
    assert restarted.active.kid == rotated.active
    await database.close()


async def test_whoever_comes_too_soon_for_a_clock_that_was_ahead_is_told_how_long() -> None:
    """The next key counts as announced from the moment its maker believed it to be."""
    store, ledger, right, ahead = MemoryKeyStore(), MemoryLedger(), FakeClock(), FakeClock()
    ahead.advance(timedelta(hours=2).total_seconds())
    await manager_of(store, ledger, SEALER, ahead).rotate(at_once=True)
    with pytest.raises(RotationTooSoon, match=r"rotate in 759\d seconds, or at once"):
        await manager_of(store, ledger, SEALER, right).rotate()
    assert (await manager_of(store, ledger, SEALER, right).rotate(at_once=True)).retired
