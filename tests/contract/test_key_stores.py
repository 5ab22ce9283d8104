"""The promises that every store of signing keys keeps: the database, a file, AWS Secrets Manager, Vault, and
each of them with its sealed copy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.key_stores import HELD, SECRET_PART, Place, in_aws, in_file, in_vault, key, ring
from tests.servers import openbao as real
from tests.servers.key_value import in_vault_environment
from tests.servers.ports import loopback_port
from watchword.auth.backed_store import BackedKeyStore
from watchword.auth.clock import SystemClock
from watchword.auth.key_ports import KeyStore, StoredRing
from watchword.auth.ring_json import MAX_RING_BYTES
from watchword.auth.sealing import Sealer
from watchword.errors import KeyStoreInvalid, KeyStoreUnavailable
from watchword.storage import open_database
from watchword.vault.vault_key_store import VaultKeyStore

OUTSIDE = ["file", "aws-secrets-manager", "vault"]
SEALER = Sealer(bytes(32))


def _outside(request: pytest.FixtureRequest, name: str) -> Place:
    if name == "file":
        return in_file(Path(str(request.getfixturevalue("tmp_path"))) / "keys")
    if name == "vault":
        return in_vault(request.getfixturevalue("key_value"))
    if name == "openbao":
        patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        in_vault_environment(patch, request.getfixturevalue("openbao"), real.TOKEN)
        path = f"secret/{HELD}/{loopback_port()}"
        return Place("vault", lambda: VaultKeyStore(path))
    patch = request.getfixturevalue("monkeypatch")
    return in_aws(
        request.getfixturevalue("aws"),
        lambda: patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{loopback_port()}"),
    )


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgres),
        *OUTSIDE,
        pytest.param("openbao", marks=pytest.mark.soak),
        "backed file",
        "backed vault",
        pytest.param("backed aws-secrets-manager", marks=pytest.mark.soak),
    ]
)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """Every place there is, empty."""
    kind = str(request.param)
    if kind in (*OUTSIDE, "openbao"):
        yield _outside(request, kind)
        return
    name = "postgres_url" if kind == "postgresql" else "sqlite_url"
    database = open_database(str(request.getfixturevalue(name)))
    if kind.startswith("backed "):
        inner = _outside(request, kind.removeprefix("backed "))

        def backed() -> KeyStore:
            return BackedKeyStore(inner.open(), database.key_ledger, SEALER, SystemClock())

        yield replace(inner, open=backed, fault=None)
    else:
        yield Place("database", lambda: database.keys)
    await database.close()


@pytest.fixture(params=OUTSIDE)
def outside(request: pytest.FixtureRequest) -> Place:
    """A place outside the database, empty."""
    return _outside(request, str(request.param))


async def test_no_ring_is_an_empty_edition(place: Place) -> None:
    """Before the first start there is nothing to load, which is no error."""
    assert await place.open().load() == StoredRing("", ())


async def test_a_store_says_which_it_is_and_where(place: Place) -> None:
    """Operators read it, and the ledger tells stores apart by it."""
    assert place.open().place.startswith(place.name)


async def test_every_field_comes_back_newest_first(place: Place) -> None:
    """Sealed bytes, times to the microsecond and the public key, at once and for another process."""
    store, kept = place.open(), ring()
    assert await store.replace(await store.load(), tuple(reversed(kept))) is True
    for reader in (store, place.open()):
        loaded = await reader.load()
        assert loaded.keys == kept
        assert loaded.version


async def test_of_many_first_rings_one_is_kept(place: Place) -> None:
    """However many replicas start at once: one wins, and all others load its ring."""
    stores = [place.open() for _ in range(3)]
    empty = StoredRing("", ())
    won = await asyncio.gather(
        *(store.replace(empty, ring(10 * number)) for number, store in enumerate(stores))
    )
    assert sorted(won) == [False] * 2 + [True]
    winner = ring(10 * won.index(True))
    assert [(await store.load()).keys for store in stores] == [winner] * 3


async def test_of_many_rotations_one_is_kept(place: Place) -> None:
    """Whoever replaces an edition that is not the current one any more changes nothing and is told."""
    stores = [place.open() for _ in range(3)]
    assert await stores[0].replace(StoredRing("", ()), ring(age_seconds=60))
    seen = await stores[0].load()
    won = await asyncio.gather(
        *(store.replace(seen, (*ring(10 * n + 10), seen.keys[-1])) for n, store in enumerate(stores))
    )
    assert sorted(won) == [False] * 2 + [True]
    current = await stores[0].load()
    assert current.keys == (*ring(10 * won.index(True) + 10), seen.keys[-1])
    assert await place.open().replace(seen, ring(90)) is False
    assert await place.open().load() == current


async def test_each_edition_has_a_version_of_its_own(place: Place) -> None:
    """Many in a row, back to the same keys included: none can be taken for another."""
    store = place.open()
    versions = []
    for number in (0, 10, 20):
        assert await store.replace(await store.load(), ring(number, age_seconds=60 - number))
        versions.append((await store.load()).version)
    assert len({*versions, ""}) == 4


async def test_a_ring_that_was_sealed_anew_is_another_edition(place: Place) -> None:
    """Sealed parts change alone, when SECRET_KEY does."""
    store = place.open()
    assert await store.replace(await store.load(), ring())
    before = await store.load()
    anew = tuple(replace(each, sealed_private=b"sealed anew") for each in before.keys)
    assert await store.replace(before, anew)
    after = await store.load()
    assert after.keys == anew
    assert after.version != before.version


async def test_a_ring_that_fits_no_store_is_refused_before_it_is_written(outside: Place) -> None:
    """64 KB is what AWS takes; what was there stays."""
    store = outside.open()
    assert await store.replace(await store.load(), ring())
    seen = await store.load()
    large = tuple(replace(key(100 + number, "retired"), sealed_private=b"x" * 16_000) for number in range(5))
    with pytest.raises(KeyStoreInvalid, match=f"takes {MAX_RING_BYTES}"):
        await store.replace(seen, large)
    assert await store.load() == seen


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"format":2,"keys":[]}',
        b'{"format":1,"keys":[]}',
        b"-----BEGIN hunter2",
        b"x" * 70_000,
    ],
)
async def test_what_is_no_ring_is_refused_and_left_alone(outside: Place, content: bytes) -> None:
    """The place and the fault are named, nothing of the content is; reading and writing change nothing."""
    assert outside.spoil is not None
    outside.spoil(content)
    store = outside.open()
    for _ in range(2):
        with pytest.raises(KeyStoreInvalid) as refused:
            await store.load()
        assert store.place in refused.value.detail
        assert "hunter2" not in refused.value.detail
        assert await store.replace(StoredRing("", ()), ring()) is False


async def test_a_store_that_is_away_says_so(outside: Place, caplog: pytest.LogCaptureFixture) -> None:
    """Loading and replacing both: the store is named, its cause, and nothing that is secret."""
    store = outside.open()
    assert await store.replace(await store.load(), ring())
    seen = await store.load()
    assert outside.fault is not None
    outside.fault()
    fresh = outside.open()
    told = caplog.text + repr(seen) + repr(fresh)
    for ask in (fresh.load(), fresh.replace(seen, ring(10))):
        with pytest.raises(KeyStoreUnavailable) as away:
            await ask
        assert fresh.place in away.value.detail
        told += away.value.detail + str(away.value)
    for secret in (SECRET_PART.decode(), "hunter2", *outside.never_in_messages):
        assert secret not in told


async def test_a_loser_goes_on_with_what_the_winner_left(place: Place) -> None:
    """Read, change, write, again on losing: every writer's key ends up in the ring, none is lost."""
    assert await place.open().replace(StoredRing("", ()), ring(age_seconds=60))

    async def add(number: int) -> None:
        store = place.open()
        for _ in range(20):
            seen = await store.load()
            if await store.replace(seen, (*seen.keys, key(50 + number, "retired"))):
                return
        raise AssertionError("never won")

    await asyncio.gather(*(add(number) for number in range(2)))
    kids = {each.kid for each in (await place.open().load()).keys}
    assert kids >= {key(50 + number, "retired").kid for number in range(2)}
