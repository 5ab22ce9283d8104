"""Promises of what the database keeps of keys, whatever their store."""

from __future__ import annotations

import json
from datetime import timedelta

from tests.contract.keys import NO_RING, key
from tests.contract.samples import MICROSECOND, NOW, at_once, rows
from watchword.auth.key_ports import KeyUse, RevokedKey, RingCopy, StoredKey
from watchword.storage import SqlDatabase
from watchword.storage.key_ledger import NO_PRIVATE_PART, USES_KEPT

LATER = NOW + timedelta(hours=1)


async def revoke(database: SqlDatabase, *keys: StoredKey) -> None:
    await database.key_ledger.revoke(keys, by="cli", now=NOW, tokens_expire_at=LATER)


async def trail(database: SqlDatabase) -> list[tuple[str, object]]:
    found = await rows(database, "SELECT event, details FROM ww_audit_events ORDER BY id")
    return [
        (row.event, json.loads(row.details) if isinstance(row.details, str) else row.details) for row in found
    ]


async def test_a_revoked_key_leaves_the_ring_and_is_told_everywhere(database: SqlDatabase) -> None:
    """Record, feed and trail together."""
    active, announced = key("a", "active", age_seconds=10), key("b", "next")
    await database.keys.replace(NO_RING, [active, announced])
    await revoke(database, active)
    assert list((await database.keys.load()).keys) == [announced]
    assert list(await database.key_ledger.revoked()) == [
        RevokedKey("a", "ES256", active.public_jwk, active.created_at, NOW)
    ]
    told = await database.revocations.unexpired(now=NOW)
    assert [(entry.kind, entry.issuer, entry.value, entry.expires_at) for entry in told] == [
        ("key", None, "a", LATER)
    ]
    assert await trail(database) == [("keys_revoked", {"by": "cli", "keys": ["a"]})]


async def test_keys_of_rings_elsewhere_become_known(database: SqlDatabase) -> None:
    """Newest revocation first; no ring of the database has them."""
    await revoke(database, key("x", "active"))
    await database.key_ledger.revoke(
        [key("y", "retired")], by="cli", now=NOW + MICROSECOND, tokens_expire_at=LATER
    )
    assert [gone.kid for gone in await database.key_ledger.revoked()] == ["y", "x"]
    assert await database.keys.load() == NO_RING


async def test_nothing_private_is_left_of_a_revoked_key(database: SqlDatabase) -> None:
    """Not even sealed, under whatever secret key: neither of the ring's own nor of one kept elsewhere."""
    await database.keys.replace(NO_RING, [key("a", "active"), key("b", "next")])
    await revoke(database, key("a", "active"), key("x", "retired"))
    found = await rows(database, "SELECT kid, sealed_private FROM ww_signing_keys ORDER BY kid")
    assert [(row.kid, bytes(row.sealed_private)) for row in found] == [
        ("a", NO_PRIVATE_PART),
        ("b", key("b", "next").sealed_private),
        ("x", NO_PRIVATE_PART),
    ]


async def test_revoking_again_tells_nothing_again(database: SqlDatabase) -> None:
    """The time of the first stays; keys that are new to it are revoked."""
    await revoke(database, key("x", "active"))
    await database.key_ledger.revoke(
        [key("x", "active"), key("y", "next")],
        by="cli",
        now=LATER,
        tokens_expire_at=LATER + timedelta(hours=1),
    )
    assert [(gone.kid, gone.revoked_at) for gone in await database.key_ledger.revoked()] == [
        ("y", LATER),
        ("x", NOW),
    ]
    assert [entry.value for entry in await database.revocations.unexpired(now=NOW)] == ["x", "y"]
    assert len(await trail(database)) == 2


async def test_a_key_revoked_by_many_at_once_is_told_once(database: SqlDatabase) -> None:
    """Whoever was first."""
    await database.keys.replace(NO_RING, [key("a", "active"), key("b", "next")])
    await at_once(*[lambda: revoke(database, key("a", "active"), key("z", "next")) for _ in range(5)])
    assert sorted(entry.value or "" for entry in await database.revocations.unexpired(now=NOW)) == ["a", "z"]


async def test_a_rotation_is_told_and_written_down(database: SqlDatabase) -> None:
    """The feed tells of it for a while, in a form that is no key's id."""
    await database.key_ledger.note_rotation(by="schedule", now=NOW, active="b", next_="c", retired="a")
    (entry,) = await database.revocations.unexpired(now=NOW)
    assert (entry.kind, entry.issuer, entry.value) == ("key", None, "ring:c")
    assert entry.expires_at <= LATER
    assert await trail(database) == [
        ("keys_rotated", {"by": "schedule", "active": "b", "next": "c", "retired": "a"})
    ]


async def test_a_copy_is_kept_for_each_place_and_never_an_older_one(database: SqlDatabase) -> None:
    """Whoever writes last with an older one changes nothing."""
    first, second = RingCopy("file:/a", "1", b"one", NOW), RingCopy("file:/a", "2", b"two", LATER)
    assert await database.key_ledger.copy("file:/a") is None
    await database.key_ledger.keep_copy(first)
    assert await database.key_ledger.copy("file:/a") == first
    await database.key_ledger.keep_copy(second)
    await database.key_ledger.keep_copy(first)
    assert await database.key_ledger.copy("file:/a") == second
    assert await database.key_ledger.copy("file:/b") is None


async def test_the_later_use_of_a_key_wins(database: SqlDatabase) -> None:
    """Signing and verifying apart, in whatever order replicas tell."""
    ledger = database.key_ledger
    await ledger.note_uses({})
    await ledger.note_uses({"a": KeyUse(NOW, None), "b": KeyUse(None, LATER)})
    await ledger.note_uses({"a": KeyUse(NOW - MICROSECOND, NOW), "b": KeyUse(NOW, NOW)})
    assert await ledger.uses() == {"a": KeyUse(NOW, NOW), "b": KeyUse(NOW, LATER)}
    await ledger.note_uses({"a": KeyUse(LATER, None)})
    assert (await ledger.uses())["a"] == KeyUse(LATER, NOW)


async def test_keys_that_nobody_used_for_a_year_are_forgotten(database: SqlDatabase) -> None:
    """As soon as another one is used; one that still verifies is not."""
    ledger, old = database.key_ledger, NOW - USES_KEPT - MICROSECOND
    await ledger.note_uses({"gone": KeyUse(old, None), "new": KeyUse(old, old), "kept": KeyUse(old, old)})
    await ledger.note_uses({"kept": KeyUse(None, NOW - USES_KEPT), "new": KeyUse(NOW, None)})
    assert set(await ledger.uses()) == {"new", "kept"}
