"""Promises of the ring of signing keys in SQL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.contract.keys import NO_RING, key
from tests.contract.samples import NOW, change, rows
from watchword.auth.key_ports import KeyState, StoredKey, StoredRing
from watchword.errors import DatabaseUnavailable
from watchword.storage import SqlDatabase

FIRST = [key("b", "next"), key("a", "active", age_seconds=10)]


async def stored(database: SqlDatabase, *keys: StoredKey) -> StoredRing:
    """The ring after ``keys`` became it."""
    assert await database.keys.replace(await database.keys.load(), keys) is True
    return await database.keys.load()


async def test_no_ring_is_an_empty_ring_without_a_version(database: SqlDatabase) -> None:
    """Before the first start there is nothing to load."""
    assert await database.keys.load() == NO_RING
    assert database.keys.place == "database"


async def test_a_ring_comes_back_as_it_was_newest_first(database: SqlDatabase) -> None:
    """Every field of a key survives, sealed bytes and nested JSON included."""
    ring = await stored(database, *reversed(FIRST), key("r", "retired", age_seconds=20))
    assert list(ring.keys) == [*FIRST, key("r", "retired", age_seconds=20)]


async def test_a_second_first_ring_is_refused_and_nothing_of_it_kept(database: SqlDatabase) -> None:
    """Whoever comes later uses what is there."""
    ring = await stored(database, *FIRST)
    assert await database.keys.replace(NO_RING, [key("c", "next"), key("d", "active")]) is False
    assert await database.keys.load() == ring


async def test_whoever_knows_an_older_edition_changes_nothing(database: SqlDatabase) -> None:
    """The ring is the other writer's, whole; with its edition the change is made."""
    old = await stored(database, *FIRST)
    ring = await stored(database, key("c", "next"), key("b", "active"), key("a", "retired", age_seconds=10))
    assert await database.keys.replace(old, [key("d", "next"), key("b", "active")]) is False
    assert await database.keys.load() == ring
    assert await database.keys.replace(ring, [key("d", "next"), key("b", "active")]) is True
    assert {found.kid: found.state for found in (await database.keys.load()).keys} == {
        "d": "next",
        "b": "active",
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"sealed_private": b"sealed anew"},
        {"verify_until": NOW},
        {"public_jwk": {"kty": "EC"}},
        {"algorithm": "RS256"},
    ],
)
async def test_every_field_makes_another_edition(database: SqlDatabase, changed: dict[str, Any]) -> None:
    """What was sealed anew meanwhile is not written over with what was sealed before."""
    old = await stored(database, *FIRST)
    ring = await stored(database, FIRST[0], replace(FIRST[1], **changed))
    assert ring.version != old.version
    assert await database.keys.replace(old, FIRST) is False
    assert (await stored(database, *FIRST)).version == old.version


@pytest.mark.parametrize("state", ["active", "next"])
async def test_the_table_itself_allows_one_key_of_a_state(database: SqlDatabase, state: KeyState) -> None:
    """Two keys that sign at once cannot be stored, whoever writes; the ring stays as it was."""
    ring = await stored(database, *FIRST)
    with pytest.raises(DatabaseUnavailable):
        await database.keys.replace(ring, [key("c", state), key("d", state)])
    assert await database.keys.load() == ring


async def test_a_revoked_key_is_never_loaded_and_never_comes_back(database: SqlDatabase) -> None:
    """It stays as a record only, no ring takes it in again, and no change of the ring deletes it."""
    await stored(database, *FIRST)
    await change(database, "UPDATE ww_signing_keys SET state = 'revoked' WHERE kid = 'a'")
    ring = await database.keys.load()
    assert [found.kid for found in ring.keys] == ["b"]
    assert await database.keys.replace(ring, FIRST) is False
    await stored(database, key("c", "active"), key("d", "next"))
    kept = await rows(database, "SELECT kid FROM ww_signing_keys WHERE state = 'revoked'")
    assert [row.kid for row in kept] == ["a"]


async def test_a_ring_of_revoked_keys_alone_is_no_ring(database: SqlDatabase) -> None:
    """The next one is the first again."""
    await stored(database, *FIRST)
    await change(database, "UPDATE ww_signing_keys SET state = 'revoked'")
    assert await database.keys.load() == NO_RING
    assert await database.keys.replace(NO_RING, [key("c", "active"), key("d", "next")]) is True


@pytest.mark.parametrize("jwk", [{"kid": "a\0"}, {"n": float("nan")}, {"k": object()}, {"k": "x" * 20_000}])
async def test_a_key_that_is_no_storable_json_is_the_callers_mistake(
    database: SqlDatabase, jwk: dict[str, Any]
) -> None:
    """It is a ValueError on both databases, and nothing of the ring is kept."""
    bad = replace(key("b", "next"), public_jwk=jwk)
    with pytest.raises(ValueError, match="JSON"):
        await database.keys.replace(NO_RING, [key("a", "active"), bad])
    assert await database.keys.load() == NO_RING
