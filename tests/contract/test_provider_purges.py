"""A purge of a provider on its way from the database to a replica, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.auth.rings import keyring_of
from watchword.auth.provider_purge import HELD_SECONDS, PURGE_TARGETS, Purge, PurgeTarget
from watchword.auth.revocation import RevocationFeed
from watchword.auth.sealing import Sealer
from watchword.storage import SqlDatabase, open_database
from watchword.storage.provider_purges import SqlPurgeStore
from watchword.testing import FakeClock

ISSUER = "https://idp.example.test"


class Replica:
    """A feed over the database, and what it was told to purge."""

    def __init__(self, database: SqlDatabase, clock: FakeClock) -> None:
        self.purged: list[tuple[str, str]] = []
        self.feed = RevocationFeed(
            database.revocations, clock, announcements=database.announcements, on_purged=self._note
        )

    def _note(self, issuer: str, value: str) -> None:
        self.purged.append((issuer, value))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[SqlDatabase]:
    opened = open_database(database_url)
    yield opened
    await opened.close()


async def add(database: SqlDatabase, clock: FakeClock, *targets: PurgeTarget) -> None:
    told = Purge("main", ISSUER, targets or PURGE_TARGETS, at=clock.now(), by="cli")
    await SqlPurgeStore(database.transactions).add(told)


async def test_every_replica_learns_of_a_purge_once(
    database: SqlDatabase, other: SqlDatabase, clock: FakeClock
) -> None:
    """However often the feed reads its last minute again, and again in full after it was cut off; a
    second purge is another one."""
    replicas = [Replica(each, clock) for each in (database, other)]
    for replica in replicas:
        await replica.feed.load()
    await add(database, clock)
    expected = [(ISSUER, "provider:keys"), (ISSUER, "provider:metadata")]
    for seconds in (1, 1, 20, 40, 3600):
        clock.advance(seconds)
        for replica in replicas:
            await replica.feed.poll()
            assert replica.purged == expected
    await add(other, clock, "keys")
    for replica in replicas:
        await replica.feed.poll()
        assert replica.purged == [*expected, expected[0]]


@pytest.mark.parametrize("target", PURGE_TARGETS)
async def test_a_replica_that_was_cut_off_learns_of_it_while_it_could_hold_anything(
    database: SqlDatabase, clock: FakeClock, target: PurgeTarget
) -> None:
    """A day for keys, a week for metadata; after that they are dead by themselves."""
    for back_after_seconds, learns in ((HELD_SECONDS[target] - 1, True), (HELD_SECONDS[target], False)):
        replica = Replica(database, clock)
        await replica.feed.load()
        replica.purged.clear()
        await add(database, clock, target)
        clock.advance(back_after_seconds)
        await replica.feed.poll()
        assert bool(replica.purged) is learns
        clock.advance(HELD_SECONDS[target])


async def test_a_purge_revokes_no_key_of_ours(database: SqlDatabase, clock: FakeClock) -> None:
    """Neither here nor in an older release, which takes the entry for one about our own ring."""
    keyring = keyring_of(database.keys, Sealer(b"k" * 32), clock)
    await keyring.load()
    published = keyring.jwks()
    revoked: list[str] = []
    feed = RevocationFeed(database.revocations, clock, on_key_news=revoked.append)
    await add(database, clock)
    await feed.load()
    assert revoked == []
    for entry in await database.revocations.unexpired(now=clock.now()):
        assert entry.kind == "key"
        assert entry.value is not None
        keyring.forget(entry.value)
    assert keyring.jwks() == published


def test_the_feed_tells_for_as_long_as_anything_can_be_held() -> None:
    """By the caches' own hard ends."""
    assert {target: timedelta(seconds=seconds) for target, seconds in HELD_SECONDS.items()} == {
        "keys": timedelta(days=1),
        "metadata": timedelta(days=7),
    }
