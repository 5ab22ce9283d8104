"""Promises of a key store with a sealed copy in the database: it may be away, set back, or changed for
another one (catalogue FLT-23, KEY-12)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.contract.key_stores import HELD, SECRET_PART, in_file, key, ring, set_aws_back
from tests.servers.aws import Aws
from tests.servers.key_value import KeyValueServer
from watchword.auth.backed_store import NEWEST, BackedKeyStore
from watchword.auth.key_maker import KeyMaker
from watchword.auth.key_manager import KeyManager
from watchword.auth.key_ports import KeyStore, StoredRing
from watchword.auth.keyring import Keyring
from watchword.auth.ring import Ring
from watchword.auth.sealing import Sealer
from watchword.errors import KeyStoreInvalid, KeyStoreUnavailable, SecretKeyMismatch
from watchword.protocol.key_ring import RingPolicy
from watchword.storage import SqlDatabase, open_database
from watchword.testing import FakeClock
from watchword.vault.aws_key_store import AwsKeyStore
from watchword.vault.file_store import FileKeyStore
from watchword.vault.vault_key_store import VaultKeyStore

SEALER = Sealer(bytes(32))
EMPTY = StoredRing("", ())
POLICY = RingPolicy("ES256", rotate_after_seconds=86_400, tokens_live_seconds=3660)


@dataclass
class Replica:
    """What one process has of keys."""

    store: KeyStore
    keyring: Keyring
    manager: KeyManager


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[SqlDatabase]:
    opened = open_database(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def backed(
    store: KeyStore, database: SqlDatabase, clock: FakeClock, sealer: Sealer = SEALER
) -> BackedKeyStore:
    former = None if store is database.keys else database.keys
    return BackedKeyStore(store, database.key_ledger, sealer, clock, former=former)


def replica(inner: KeyStore, database: SqlDatabase, clock: FakeClock, sealer: Sealer = SEALER) -> Replica:
    store = backed(inner, database, clock, sealer)
    maker = KeyMaker(sealer, clock)
    manager = KeyManager(
        store,
        database.key_ledger,
        sealer,
        clock,
        algorithm="ES256",
        rotate_after_seconds=POLICY.rotate_after_seconds,
        tokens_live_seconds=POLICY.tokens_live_seconds,
        by="schedule",
    )
    return Replica(store, Keyring(Ring(store, database.key_ledger, maker, clock, POLICY), clock), manager)


def vault() -> KeyStore:
    return VaultKeyStore(f"secret/{HELD}")


async def test_key_12_a_store_away_at_start_with_a_copy_is_no_reason_not_to_start(
    key_value: KeyValueServer, database: SqlDatabase, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The new process signs with the key that signed before and verifies with all, and says so once."""
    before = replica(vault(), database, clock)
    await before.keyring.load()
    key_value.sealed = True
    after = replica(vault(), database, clock)
    with caplog.at_level(logging.WARNING, "watchword"):
        await after.keyring.load()
        await after.keyring.reload()
    assert after.keyring.active.kid == before.keyring.active.kid
    assert after.keyring.jwks() == before.keyring.jwks()
    assert caplog.text.count("the sealed copy in the database stands in") == 1
    assert "unseal it" in caplog.text


async def test_key_12_a_store_away_at_the_first_start_stops_it_with_the_cause(
    key_value: KeyValueServer, database: SqlDatabase, clock: FakeClock
) -> None:
    """Nothing is known of a ring, and none of its own is made: the store and the remedy are named."""
    key_value.sealed = True
    with pytest.raises(KeyStoreUnavailable) as refused:
        await replica(vault(), database, clock).keyring.load()
    assert f"vault:secret/{HELD}: Vault is sealed" in refused.value.detail
    assert "no sealed copy" in refused.value.detail
    key_value.sealed = False
    assert await vault().load() == EMPTY


async def test_flt_23_a_store_away_in_run_and_at_rotation_leaves_signing_as_it_is(
    key_value: KeyValueServer, database: SqlDatabase, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The rotation fails with an alarm, the active key goes on, and the first one after it makes up."""
    running = replica(vault(), database, clock)
    await running.keyring.load()
    signing, published = running.keyring.active.kid, running.keyring.jwks()
    key_value.sealed = True
    clock.advance(POLICY.rotate_after_seconds + 1)
    with pytest.raises(KeyStoreUnavailable, match="sealed"):
        await running.manager.rotate_if_due()
    with caplog.at_level(logging.WARNING, "watchword"):
        await running.keyring.reload()
    assert (running.keyring.active.kid, running.keyring.jwks()) == (signing, published)
    assert "stands in" in caplog.text
    key_value.sealed = False
    rotated = await running.manager.rotate_if_due()
    assert rotated is not None
    await running.keyring.reload()
    assert running.keyring.active.kid == rotated.active != signing
    assert running.keyring.verifying.knows(signing)
    assert "answers again" in caplog.text


async def test_flt_23_a_copy_under_another_secret_key_is_told_apart_from_an_outage(
    key_value: KeyValueServer, database: SqlDatabase, clock: FakeClock
) -> None:
    """A process with the wrong SECRET_KEY stops, whether the store is there or not; the copy stays."""
    await replica(vault(), database, clock).keyring.load()
    kept = await database.key_ledger.copy(NEWEST)
    wrong = Sealer(b"\1" * 32)
    key_value.sealed = True
    with pytest.raises(SecretKeyMismatch):
        await replica(vault(), database, clock, wrong).keyring.load()
    assert await database.key_ledger.copy(NEWEST) == kept


async def test_the_copy_holds_nothing_in_the_clear_and_opens_at_its_place_alone(
    database: SqlDatabase, clock: FakeClock, tmp_path: Path
) -> None:
    """Not even public keys, and not as a seal of another purpose or place."""
    store = backed(FileKeyStore(str(tmp_path / "keys")), database, clock)
    assert await store.replace(EMPTY, ring())
    copy = await database.key_ledger.copy(NEWEST)
    assert copy is not None
    assert SECRET_PART not in copy.sealed
    assert ring()[0].kid.encode() not in copy.sealed
    assert "sealed=" not in repr(copy)
    assert b"kid" in SEALER.open("key-ring-copy", copy.sealed, place=NEWEST.encode())


async def test_the_copy_follows_the_ring(database: SqlDatabase, clock: FakeClock, tmp_path: Path) -> None:
    """After every change by this process, and by others as soon as it is read."""
    place = in_file(tmp_path / "keys")
    store = backed(place.open(), database, clock)
    assert await store.replace(await store.load(), ring(age_seconds=60))
    elsewhere = place.open()
    assert await elsewhere.replace(await elsewhere.load(), ring(10))
    await store.load()
    assert place.fault is not None
    place.fault()
    assert (await store.load()).keys == ring(10)


async def test_nothing_is_written_while_the_copy_stands_in(
    key_value: KeyValueServer, database: SqlDatabase, clock: FakeClock
) -> None:
    """An edition from the copy replaces nothing while the store is away, and not what others wrote since."""
    store = backed(vault(), database, clock)
    assert await store.replace(EMPTY, ring(age_seconds=60))
    key_value.sealed = True
    stand_in = await store.load()
    with pytest.raises(KeyStoreUnavailable):
        await store.replace(stand_in, ring(10))
    key_value.sealed = False
    other = vault()
    assert await other.replace(await other.load(), ring(20))
    assert await store.replace(stand_in, ring(10)) is False
    assert (await store.load()).keys == ring(20)


async def test_contents_that_are_no_ring_are_not_taken_for_an_outage(
    database: SqlDatabase, clock: FakeClock, tmp_path: Path
) -> None:
    """Somebody wrote there: the copy does not hide it."""
    place = in_file(tmp_path / "keys")
    store = backed(place.open(), database, clock)
    assert await store.replace(EMPTY, ring())
    assert place.spoil is not None
    place.spoil(b"{}")
    with pytest.raises(KeyStoreInvalid, match=r"ring\.json|file:"):
        await store.load()


async def test_moving_to_another_store_and_back_keeps_every_key(
    aws: Aws, key_value: KeyValueServer, database: SqlDatabase, clock: FakeClock, tmp_path: Path
) -> None:
    """Database, file, AWS, Vault, a rotation, and back to the database, whose own ring is old by then: at
    each step the ring goes on, and no token in use is refused."""
    await replica(database.keys, database, clock).keyring.load()
    signed_with: list[str] = []
    for inner in (FileKeyStore(str(tmp_path / "keys")), AwsKeyStore(HELD), vault(), database.keys):
        moved = replica(inner, database, clock)
        await moved.keyring.load()
        assert all(moved.keyring.verifying.knows(kid) for kid in signed_with[-2:])
        assert (await inner.load()).keys
        clock.advance(1000)
        signed_with += [moved.keyring.active.kid, (await moved.manager.rotate(at_once=True)).active]
    assert len(set(signed_with)) == 5


async def test_the_first_move_away_from_the_database_needs_no_copy(
    database: SqlDatabase, clock: FakeClock, tmp_path: Path
) -> None:
    """A ring of a version that kept none is taken from where it is."""
    assert await database.keys.replace(EMPTY, ring())
    inner = FileKeyStore(str(tmp_path / "keys"))
    assert (await backed(inner, database, clock).load()).keys == ring()
    assert (await inner.load()).keys == ring()


async def test_a_store_that_was_set_back_gets_the_newest_ring_without_revoked_keys(
    aws: Aws, database: SqlDatabase, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator moved AWSCURRENT to the version before a revocation: loud, the revoked key stays out,
    and the next change finds no version in its way."""
    running = replica(AwsKeyStore(HELD), database, clock)
    await running.keyring.load()
    first = aws.client.get_secret_value(SecretId=HELD)["VersionId"]
    revoked = running.keyring.active.kid
    clock.advance(10)
    await running.manager.revoke([revoked])
    set_aws_back(aws, first)
    restarted = replica(AwsKeyStore(HELD), database, clock)
    with caplog.at_level(logging.WARNING, "watchword"):
        await restarted.keyring.load()
    assert not restarted.keyring.verifying.knows(revoked)
    assert "an older ring" in caplog.text
    assert revoked not in {each.kid for each in (await AwsKeyStore(HELD).load()).keys}
    clock.advance(10)
    assert (await restarted.manager.rotate(at_once=True)).active


async def test_a_store_that_can_only_be_read_serves_the_newest_ring(
    database: SqlDatabase, clock: FakeClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It was set back and cannot be written: the copy goes on, and the log says why."""
    place = in_file(tmp_path / "keys")
    store = backed(place.open(), database, clock)
    old, new = ring(age_seconds=60), ring(10)
    assert await store.replace(EMPTY, old)
    before = (tmp_path / "keys" / "ring.json").read_bytes()
    assert await store.replace(await store.load(), new)
    assert place.spoil is not None
    place.spoil(before)
    (tmp_path / "keys" / "ring.lock").unlink()
    (tmp_path / "keys" / "ring.lock").mkdir(mode=0o700)
    with caplog.at_level(logging.WARNING, "watchword"):
        assert (await store.load()).keys == new
    assert "cannot be written" in caplog.text


async def test_a_revoked_key_never_comes_back_by_the_copy(
    database: SqlDatabase, clock: FakeClock, tmp_path: Path
) -> None:
    """The store lost everything: its new ring is the copy, less what was revoked meanwhile."""
    place = in_file(tmp_path / "keys")
    store = backed(place.open(), database, clock)
    assert await store.replace(EMPTY, ring())
    gone = key(1, "active")
    await database.key_ledger.revoke([gone], by="cli", now=clock.now(), tokens_expire_at=clock.now())
    (tmp_path / "keys" / "ring.json").unlink()
    assert gone.kid not in {each.kid for each in (await store.load()).keys}
    assert gone.kid not in {each.kid for each in (await place.open().load()).keys}


async def test_a_ring_too_large_for_a_copy_is_used_without_one(
    database: SqlDatabase, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """In the database it has room; that it has no copy is said once."""
    store = backed(database.keys, database, clock)
    large = [replace(key(100 + n, "retired"), sealed_private=b"x" * 16_000) for n in range(5)]
    with caplog.at_level(logging.WARNING, "watchword"):
        assert await store.replace(EMPTY, (*ring(), *large))
        assert len((await store.load()).keys) == 8
    assert caplog.text.count("there is no copy of this ring") == 1
    assert await database.key_ledger.copy(NEWEST) is None
