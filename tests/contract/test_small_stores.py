"""Promises of single-use values, the revocation feed and the audit trail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from tests.contract.samples import MICROSECOND, NOW, change, count, opened, rows, session_id
from watchword.auth.audit_events import AuditName
from watchword.auth.audit_ports import AuditEvent
from watchword.errors import DatabaseUnavailable
from watchword.storage import SqlDatabase, open_database


async def test_a_value_is_claimed_once(database: SqlDatabase) -> None:
    """The first claim wins, every later one loses, even after the value would have expired."""
    assert await database.single_use.claim("attempt", b"x" * 32, expires_at=NOW) is True
    assert await database.single_use.claim("attempt", b"x" * 32, expires_at=NOW) is False
    later = NOW + timedelta(days=400)
    assert await database.single_use.claim("attempt", b"x" * 32, expires_at=later) is False


async def test_kinds_and_digests_are_claimed_apart(database: SqlDatabase) -> None:
    """The same digest of another kind is another value, and bytes are compared exactly."""
    for kind, value in [("a", b"\0"), ("b", b"\0"), ("a", b"\0\0"), ("a", b"\xff" * 64), ("A", b"\0")]:
        assert await database.single_use.claim(kind, value, expires_at=NOW) is True


@pytest.mark.parametrize(
    ("kind", "value"), [("a", b""), ("a", b"x" * 65), ("k" * 33, b"x"), ("nul\0", b"x"), ("\ud800", b"x")]
)
async def test_a_claim_no_caller_should_make_is_its_mistake(
    database: SqlDatabase, kind: str, value: bytes
) -> None:
    """It is a ValueError on both databases."""
    with pytest.raises(ValueError, match="must"):
        await database.single_use.claim(kind, value, expires_at=NOW)


async def revoke(database: SqlDatabase, number: int, *, now: datetime, expire: datetime) -> None:
    await opened(database, number)
    await database.sessions.end(session_id(number), reason="logout", now=now, tokens_expire_at=expire)


@pytest.mark.parametrize(("at", "told"), [(NOW - MICROSECOND, 1), (NOW, 0), (NOW + MICROSECOND, 0)])
async def test_the_feed_holds_what_can_still_concern_a_token(
    database: SqlDatabase, at: datetime, told: int
) -> None:
    """An entry counts until the end of the last token it speaks of, to the microsecond."""
    await revoke(database, 1, now=NOW - timedelta(minutes=1), expire=NOW)
    assert len(await database.revocations.unexpired(now=at)) == told


async def test_the_feed_goes_on_after_a_sequence_and_repeats_the_last_while(database: SqlDatabase) -> None:
    """What came after is told, and once more what is recent: a commit may come late."""
    for number in (1, 2, 3):
        at = NOW + timedelta(seconds=number)
        await revoke(database, number, now=at, expire=NOW + timedelta(hours=1))
    first, second, third = await database.revocations.unexpired(now=NOW)
    assert first.sequence < second.sequence < third.sequence
    feed = database.revocations
    assert list(await feed.since(third.sequence, again_from=NOW + timedelta(hours=1))) == []
    assert list(await feed.since(first.sequence, again_from=NOW + timedelta(hours=1))) == [second, third]
    assert list(await feed.since(third.sequence, again_from=second.created_at)) == [second, third]
    assert list(await feed.since(third.sequence, again_from=second.created_at + MICROSECOND)) == [third]
    assert list(await feed.since(0, again_from=NOW)) == [first, second, third]


@pytest.mark.postgres
async def test_the_feed_tells_what_was_passed_over_whatever_its_age(postgres_url: str) -> None:
    """By number, in order with the rest: a transaction may commit long after a later-numbered one. On
    SQLite, where writers come one after the other, none can."""
    database = open_database(postgres_url)
    for number in (1, 2, 3, 4):
        await revoke(database, number, now=NOW, expire=NOW + timedelta(hours=1))
    first, _, third, fourth = await database.revocations.unexpired(now=NOW)
    missing = [third.sequence, first.sequence, 10**12]
    later = NOW + timedelta(hours=1)
    found = await database.revocations.since(third.sequence, missing=missing, again_from=later)
    assert list(found) == [first, third, fourth]
    await database.close()


async def test_a_sequence_is_never_given_twice(database: SqlDatabase) -> None:
    """Not even after the newest entries were cleaned up: readers would miss the new one."""
    await revoke(database, 1, now=NOW, expire=NOW + timedelta(hours=1))
    (first,) = await database.revocations.unexpired(now=NOW)
    await change(database, "DELETE FROM ww_revocations")
    await revoke(database, 2, now=NOW, expire=NOW + timedelta(hours=1))
    (second,) = await database.revocations.unexpired(now=NOW)
    assert second.sequence > first.sequence


@pytest.mark.parametrize(
    "values",
    [
        "'session', NULL, NULL, NULL",
        "'generation', NULL, NULL, NULL",
        "'subject', NULL, NULL, 'v'",
        "'x', NULL, NULL, 'v'",
    ],
)
async def test_an_entry_without_what_its_kind_needs_cannot_be_stored(
    database: SqlDatabase, values: str
) -> None:
    """A replica never meets an entry it cannot act on."""
    moment = "timestamptz '2026-01-01'" if database.engine.dialect.name == "postgresql" else "'2026'"
    columns = "kind, generation, issuer, value, created_at, expires_at"
    with pytest.raises(DatabaseUnavailable):
        await change(
            database, f"INSERT INTO ww_revocations ({columns}) VALUES ({values}, {moment}, {moment})"
        )


@pytest.mark.parametrize(
    ("details", "stored"),
    [
        (None, None),
        ({}, {}),
        ({"reason": "replay", "n": 1, "list": ["a"], "in": {"b": None}}, None),
        ({"agent": "a\0b\ud800", "in": {"c\0": ["\x07d"]}}, {"agent": "a b\N{REPLACEMENT CHARACTER}"}),
        ({"agent": "x" * 100_000}, {"agent": "x" * 1000}),
    ],
)
async def test_the_trail_keeps_what_it_can_of_any_text(
    database: SqlDatabase, details: Mapping[str, Any] | None, stored: Mapping[str, Any] | None
) -> None:
    """Foreign text in an event never makes its recording fail."""
    await database.audit.record(AuditEvent("sign_in", NOW, ip="2001:db8::\0", details=details))
    row = (await rows(database, "SELECT details, ip FROM ww_audit_events"))[0]
    read = json.loads(row.details) if isinstance(row.details, str) else row.details
    assert row.ip == "2001:db8::"
    if stored is None:
        assert read == details
    else:
        assert {name: read[name] for name in stored} == stored


endless: dict[str, Any] = {}
endless["again"] = endless


@pytest.mark.parametrize(
    "event",
    [
        AuditEvent("sign_in", NOW.replace(tzinfo=None)),
        AuditEvent(cast("AuditName", "x" * 65), NOW),
        AuditEvent("sign_in", NOW, details={"when": NOW}),
        AuditEvent("sign_in", NOW, details={"n": float("inf")}),
        AuditEvent("sign_in", NOW, details=endless),
        AuditEvent("sign_in", NOW, details={str(n): "x" * 1000 for n in range(20)}),
    ],
)
async def test_an_event_no_caller_should_record_is_its_mistake(
    database: SqlDatabase, event: AuditEvent
) -> None:
    """It is a ValueError or TypeError on both databases, and nothing is kept."""
    with pytest.raises((ValueError, TypeError)):
        await database.audit.record(event)
    assert await count(database, "ww_audit_events") == 0


async def test_the_trail_outlives_the_account(database: SqlDatabase) -> None:
    """Deleting an account deletes its sessions and identities, and no line of the trail."""
    await opened(database)
    await change(database, "DELETE FROM ww_users")
    tables = ("ww_users", "ww_identities", "ww_sessions", "ww_audit_events")
    assert [await count(database, table) for table in tables] == [0, 0, 0, 1]
