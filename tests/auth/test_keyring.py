"""Promises of the key ring that a process holds, whatever becomes of its store."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.auth.rings import MemoryKeyStore, MemoryLedger, keyring_of, manager_of
from watchword.auth.key_manager import KeyManager
from watchword.auth.key_ports import KeyUse, StoredKey
from watchword.auth.key_watch import WRITE_USES_SECONDS, KeyWatch, cooldown_seconds, look_seconds
from watchword.auth.keyring import Keyring
from watchword.auth.sealing import Sealer
from watchword.errors import KeyStoreInvalid, KeyStoreUnavailable, SealBroken, SecretKeyMismatch
from watchword.testing import FakeClock

SEALER = Sealer(bytes(32))


class World:
    """One store, one ledger, one clock; any number of rings and managers over them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryKeyStore(place="vault of the test")
        self.ledger = MemoryLedger()

    def ring(self, sealer: Sealer = SEALER) -> Keyring:
        return keyring_of(self.store, sealer, self.clock, self.ledger)

    async def loaded(self) -> Keyring:
        keyring = self.ring()
        await keyring.load()
        return keyring

    def manager(self, **policy: object) -> KeyManager:
        return manager_of(self.store, self.ledger, SEALER, self.clock, **policy)

    def watch(self, keyring: Keyring) -> KeyWatch:
        return KeyWatch(keyring, self.manager(), self.clock)


@pytest.fixture
def world() -> World:
    return World()


def kid_of(keyring: Keyring, state: str) -> str:
    return next(key.kid for key in keyring.keys if key.state == state)


async def test_two_first_starts_make_one_ring(world: World) -> None:
    """Whoever is slower uses what is there."""
    rings = [world.ring() for _ in range(5)]
    await asyncio.gather(*[ring.load() for ring in rings])
    assert len({ring.active.kid for ring in rings}) == 1
    assert world.store.writes == 1


async def test_a_store_that_goes_away_takes_nothing_with_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither signing nor verifying; told once, and once more when it is back."""
    keyring = await world.loaded()
    before = keyring.active, keyring.verifying
    world.store.away = True
    assert [await keyring.reload() for _ in range(5)] == [False] * 5
    assert (keyring.active, keyring.verifying) == before
    world.store.away = False
    assert await keyring.reload()
    assert [record.message for record in caplog.records] == [
        "signing keys: vault of the test: those held go on: vault of the test does not answer",
        "signing keys: vault of the test can be read again",
    ]


async def test_a_first_start_needs_the_store(world: World) -> None:
    """There is nothing to go on with."""
    world.store.away = True
    with pytest.raises(KeyStoreUnavailable):
        await world.loaded()


async def test_key_09_no_key_left_stops_signing_alone(world: World) -> None:
    """Told with when to come back; a new ring ends it."""
    keyring = await world.loaded()
    world.store.away = True
    for key in keyring.keys:
        keyring.forget(key.kid)
    with pytest.raises(KeyStoreUnavailable) as caught:
        _ = keyring.active
    assert caught.value.retry_after_seconds is not None
    assert keyring.jwks() == {"keys": []}
    world.store.away = False
    await world.manager().revoke(None)
    assert await keyring.reload()
    assert keyring.active.kid == kid_of(keyring, "active")


async def test_key_09_the_ledger_decides_whatever_the_store_says(world: World) -> None:
    """The store was away when the key was revoked, and still calls it active: here, after a restart, and
    while it cannot be written either."""
    keyring = await world.loaded()
    active, announced = kid_of(keyring, "active"), kid_of(keyring, "next")
    keys = world.store.keys
    revoked = await world.manager().revoke({active})
    assert revoked.active == announced
    world.store.keys = keys
    assert await keyring.reload()
    assert keyring.active.kid == announced
    assert not keyring.verifying.knows(active)
    assert (await world.loaded()).active.kid == announced
    await world.manager().rotate_if_due()
    assert all(key.kid != active for key in world.store.keys)


async def test_revoking_while_the_store_is_away_says_who_signs(world: World) -> None:
    """The tokens have ended all the same."""
    keyring = await world.loaded()
    keys = keyring.keys

    world.store.read_only = True
    revoked = await world.manager().revoke({kid_of(keyring, "active")})
    assert revoked.active == kid_of(keyring, "next")
    revoked = await world.manager().revoke(None)
    assert revoked.active is None
    assert {gone.kid for gone in world.ledger.gone} == {key.kid for key in keys}
    started = await world.loaded()
    with pytest.raises(KeyStoreUnavailable):
        _ = started.active


async def test_an_older_ring_is_not_taken(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A store that was set back, or answers from before."""
    keyring = await world.loaded()
    old = world.store.keys
    world.clock.advance(1000)
    await world.manager().rotate()
    assert await keyring.reload()
    active = keyring.active.kid
    world.store.keys = old
    assert not await keyring.reload()
    assert keyring.active.kid == active
    assert "older than the one read before" in caplog.text


async def test_a_ring_sealed_under_another_secret_is_no_start(world: World) -> None:
    """Nothing is made, nothing lost."""
    await world.loaded()
    keys = world.store.keys
    with pytest.raises(SecretKeyMismatch):
        await world.ring(Sealer(b"another secret of thirty-two by.")).load()
    assert world.store.keys == keys


async def test_a_key_that_does_not_open_later_changes_nothing_here(world: World) -> None:
    """Another replica has the newer secret: this one signs with the key it has, while that counts."""
    keyring = await world.loaded()
    active = keyring.active.kid
    newer = Sealer(b"another secret of thirty-two by.", [bytes(32)])
    world.clock.advance(1000)
    manager = manager_of(world.store, world.ledger, newer, world.clock, algorithm="Ed25519")
    await manager.rotate(at_once=True)
    assert not await keyring.reload()
    assert keyring.active.kid == active
    assert keyring.verifying.knows(active)


@pytest.mark.parametrize("fault", ["public part", "sealed part", "other private part", "name"])
async def test_a_key_that_somebody_put_into_the_store_is_not_trusted(world: World, fault: str) -> None:
    """Whoever can write to the store, and lacks our secret, makes no key that counts."""
    keyring = await world.loaded()
    active, announced = sorted(world.store.keys, key=lambda key: key.state)
    forged = {
        "public part": replace(announced, public_jwk=active.public_jwk),
        "sealed part": replace(announced, sealed_private=bytes(100)),
        "other private part": replace(announced, sealed_private=active.sealed_private),
        "name": replace(announced, kid="my-own-name"),
    }[fault]
    world.store.keys = (forged, active)
    assert not await keyring.reload()
    assert keyring.active.kid == active.kid
    assert [key.kid for key in keyring.keys] == [active.kid]
    with pytest.raises((KeyStoreInvalid, SealBroken)):
        await world.loaded()


async def retired_one(world: World) -> StoredKey:
    """A ring of three, after a rotation."""
    await world.loaded()
    world.clock.advance(1000)
    await world.manager().rotate(at_once=True)
    return next(key for key in world.store.keys if key.state == "retired")


async def test_a_broken_retired_key_stops_no_start(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Every other key signs and verifies; the log says which does not, and its tokens are refused."""
    retired = await retired_one(world)
    broken = replace(retired, sealed_private=retired.sealed_private[:-1])
    world.store.keys = tuple(broken if key is retired else key for key in world.store.keys)
    keyring = await world.loaded()
    assert [key.state for key in keyring.keys] == ["next", "active"]
    assert not keyring.verifying.knows(retired.kid)
    assert "a sealed signing-key was altered or moved" in caplog.text


async def test_a_retired_key_of_another_secret_stops_a_start(world: World) -> None:
    """Its people would be signed out for want of a setting; the key that is missing is named even where
    another one is broken."""
    retired = await retired_one(world)
    foreign = Sealer(b"another secret of thirty-two by.")
    sealed = foreign.seal("signing-key", b"key", place=retired.kid.encode())
    world.store.keys = tuple(
        replace(key, sealed_private=sealed if key is retired else bytes(100))
        for key in world.store.keys
        if key.state != "next"
    )
    with pytest.raises(SecretKeyMismatch, match=foreign.key_ids[0]):
        await world.loaded()


async def test_keys_that_are_no_ring_are_refused(world: World) -> None:
    """With what is wrong and where."""
    await world.loaded()
    world.store.keys = tuple(replace(key, state="active") for key in world.store.keys)
    with pytest.raises(KeyStoreInvalid, match="vault of the test: 2 keys are active"):
        await world.loaded()


async def test_news_of_a_change_is_acted_on_once(world: World) -> None:
    """The feed says everything more than once; what is held already is no news."""
    keyring = await world.loaded()
    keyring.hear(f"ring:{kid_of(keyring, 'next')}")
    assert not keyring.news.is_set()
    keyring.hear("ring:new")
    assert keyring.news.is_set()
    await keyring.reload()
    keyring.hear("ring:new")
    assert not keyring.news.is_set()


async def test_many_news_take_no_memory(world: World) -> None:
    """The oldest are forgotten."""
    keyring = await world.loaded()
    for number in range(3000):
        keyring.hear(f"ring:{number}")
    assert len(vars(keyring)["_heard"]) <= 1000


async def test_one_reading_for_all_who_ask(world: World) -> None:
    """A hundred requests with the key id of another replica."""
    keyring = await world.loaded()
    loads = world.store.loads
    await asyncio.gather(*[keyring.look_for("another") for _ in range(100)])
    assert world.store.loads == loads + 1


async def test_when_keys_were_used_is_written_about_once_a_minute(world: World) -> None:
    """Kept while the ledger is away, the later time of both."""
    keyring = await world.loaded()
    watch = world.watch(keyring)
    first = world.clock.now()
    keyring.uses.signed("a", first)
    await watch.look()
    assert world.ledger.used == {}
    world.clock.advance(WRITE_USES_SECONDS)
    world.ledger.away = True
    await watch.look()
    keyring.uses.verified("a", world.clock.now())
    world.ledger.away = False
    world.clock.advance(WRITE_USES_SECONDS)
    await watch.look()
    assert world.ledger.used == {"a": KeyUse(first, world.clock.now() - (world.clock.now() - first) / 2)}
    world.ledger.used.clear()
    world.clock.advance(WRITE_USES_SECONDS)
    await watch.look()
    assert world.ledger.used == {}


async def test_the_watch_rotates_when_that_is_due(world: World) -> None:
    """And puts it off, once told, while the store cannot be written."""
    keyring = await world.loaded()
    announced, watch = kid_of(keyring, "next"), world.watch(keyring)
    world.clock.advance(2_592_000)
    await watch.look()
    assert keyring.active.kid == announced
    assert world.ledger.told == [f"ring:{kid_of(keyring, 'next')}"]


async def test_a_rotation_that_cannot_be_written_is_put_off(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The keys held go on; one log line."""
    keyring = await world.loaded()
    active, watch = keyring.active.kid, world.watch(keyring)
    world.clock.advance(2_592_000)
    world.store.read_only = True
    for _ in range(3):
        await watch.look()
    assert keyring.active.kid == active
    assert caplog.text.count("is put off: read-only") == 1
    world.store.read_only = False
    await watch.look()
    assert keyring.active.kid != active


async def test_without_a_lifespan_the_ring_is_looked_at_on_use(world: World) -> None:
    """At its interval, and soon after news; not with every request."""
    keyring = await world.loaded()
    watch = world.watch(keyring)
    for _ in range(5):
        await watch.on_use()
    assert keyring.reads == 0
    keyring.hear("ring:new")
    world.clock.advance(2)
    for _ in range(5):
        await watch.on_use()
    assert keyring.reads == 1
    world.clock.advance(look_seconds("vault of the test"))
    await watch.on_use()
    assert keyring.reads == 2


async def test_whoever_follows_hears_news_at_once(world: World) -> None:
    """The interval need not run out."""
    keyring = await world.loaded()
    following = asyncio.create_task(world.watch(keyring).follow())
    keyring.hear("ring:new")
    world.store.asked.clear()
    await asyncio.wait_for(world.store.asked.wait(), 30)
    following.cancel()
    await asyncio.wait({following})
    assert look_seconds("database") < look_seconds("elsewhere")
    assert cooldown_seconds("database") < cooldown_seconds("elsewhere")
