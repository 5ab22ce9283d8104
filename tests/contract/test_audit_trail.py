"""Promises of the audit trail: what is found in it, in which order, and by which index."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.accounts import ACT, HOSTILE
from tests.contract.samples import MICROSECOND, NOW, count, identity, new_session, opened, session_id
from tests.contract.test_cleanup import plan, take
from watchword.auth.audit_events import AUDIT_EVENTS, AUDIT_NAMES, AuditName
from watchword.auth.audit_ports import MAX_EVENTS, AuditEvent, AuditQuery, RecordedEvent
from watchword.auth.sealing import Sealer
from watchword.storage import SqlDatabase, open_database
from watchword.storage.audit import add_audit_events, wanted_events

SECOND = timedelta(seconds=1)
ALICE, BOB = session_id(7), session_id(8)


async def written(database: SqlDatabase, *events: AuditEvent) -> None:
    for event in events:
        await database.audit.record(event)


async def found(database: SqlDatabase, **asked: Any) -> list[RecordedEvent]:
    return list(await database.audit.events(AuditQuery(**asked)))


async def names(database: SqlDatabase, **asked: Any) -> list[str]:
    return [each.event for each in await found(database, **asked)]


async def test_an_event_is_read_as_it_was_written(database: SqlDatabase) -> None:
    """Every member of it, for programs as JSON."""
    details = {"reason": "replay", "n": 1}
    await written(database, AuditEvent("session_ended", NOW, ALICE, session_id(1), "192.0.2.0", details))
    (event,) = await found(database)
    assert (event.user_id, event.session_id, event.occurred_at) == (ALICE, session_id(1), NOW)
    assert event.as_json() == {
        "id": str(event.event_id),
        "event": "session_ended",
        "occurred_at": "2026-11-23T12:00:00.123Z",
        "user_id": str(ALICE),
        "session_id": str(session_id(1)),
        "ip": "192.0.2.0",
        "details": details,
    }


async def test_an_event_about_nobody_has_no_more_than_its_name(database: SqlDatabase) -> None:
    """Members that say nothing are there, and empty."""
    await written(database, AuditEvent("keys_rotated", NOW))
    told = (await found(database))[0].as_json()
    assert (told["user_id"], told["session_id"], told["ip"], told["details"]) == (None, None, None, {})


async def test_events_that_crowd_others_out_can_be_left_out(database: SqlDatabase) -> None:
    """The limit counts those that are left."""
    looks = [AuditEvent("account_viewed", NOW + SECOND * each, ALICE) for each in range(1, 4)]
    await written(database, AuditEvent("sign_in", NOW, ALICE), *looks)
    assert await names(database, user_id=ALICE, leave_out=frozenset({"account_viewed"}), limit=1) == [
        "sign_in"
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["roles_changed", "session_ended", "sign_in"]),
        ({"user_id": ALICE}, ["session_ended", "sign_in"]),
        ({"user_id": session_id(9)}, []),
        ({"session_id": session_id(1)}, ["session_ended", "sign_in"]),
        ({"events": frozenset({"sign_in", "roles_changed"})}, ["roles_changed", "sign_in"]),
        ({"user_id": BOB, "events": frozenset({"sign_in"})}, []),
        ({"limit": 1}, ["roles_changed"]),
        ({"since": NOW}, ["roles_changed", "session_ended", "sign_in"]),
        ({"since": NOW + MICROSECOND}, ["roles_changed", "session_ended"]),
        ({"since": NOW + SECOND}, ["roles_changed", "session_ended"]),
        ({"until": NOW + SECOND}, ["sign_in"]),
        ({"until": NOW + SECOND + MICROSECOND}, ["session_ended", "sign_in"]),
        ({"until": NOW}, []),
        ({"since": NOW + SECOND, "until": NOW + 2 * SECOND}, ["session_ended"]),
        ({"since": datetime(1960, 1, 1, tzinfo=NOW.tzinfo)}, ["roles_changed", "session_ended", "sign_in"]),
        ({"until": datetime(1960, 1, 1, tzinfo=NOW.tzinfo)}, []),
    ],
)
async def test_filters_narrow_together(
    database: SqlDatabase, asked: dict[str, Any], expected: list[str]
) -> None:
    """Newest first; the first moment of a span is in it, its end is not, to the microsecond."""
    await written(
        database,
        AuditEvent("sign_in", NOW, ALICE, session_id(1)),
        AuditEvent("session_ended", NOW + SECOND, ALICE, session_id(1)),
        AuditEvent("roles_changed", NOW + 2 * SECOND, BOB),
    )
    assert await names(database, **asked) == expected


async def test_pages_neither_miss_nor_repeat_an_event(database: SqlDatabase) -> None:
    """Though all are of one moment, newer ones are added between the pages, and the one that a page ended
    with is cleaned away."""
    events = [AuditEvent(name, NOW, ALICE) for name in AUDIT_NAMES[:5]]
    await database.transactions.write("write for a test", lambda each: add_audit_events(each, events))
    seen, before = list[RecordedEvent](), None
    while page := await found(database, before=before, limit=2):
        seen += page
        before = page[-1].event_id
        await written(database, AuditEvent("keys_rotated", NOW + SECOND))
    assert sorted(each.event for each in seen) == sorted(AUDIT_NAMES[:5])
    await take(database, "audit_events", before=NOW + MICROSECOND)
    assert await names(database, before=seen[2].event_id) == []
    assert await names(database, user_id=ALICE) == []


async def test_no_reading_is_without_bound(database: SqlDatabase) -> None:
    """However much is asked for; nothing, or a time of no zone, is a mistake of the caller."""
    events = [AuditEvent("sign_in", NOW) for _ in range(MAX_EVENTS + 1)]
    await database.transactions.write("write for a test", lambda each: add_audit_events(each, events))
    assert len(await found(database, limit=10**9)) == MAX_EVENTS
    for asked in ({"limit": 0}, {"since": NOW.replace(tzinfo=None)}, {"until": NOW.replace(tzinfo=None)}):
        with pytest.raises(ValueError, match=r"asked for|UTC"):
            await found(database, **asked)


async def test_ses_91_a_name_is_never_sql(database: SqlDatabase) -> None:
    """Names are compared with what is written, whatever is in them."""
    await written(database, AuditEvent("sign_in", NOW))
    for text in HOSTILE[:7]:
        assert await names(database, events=frozenset({text})) == []
    assert await count(database, "ww_audit_events") == 1


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        (AuditQuery(), "ww_audit_events"),
        (AuditQuery(before=ALICE, since=NOW, until=NOW + SECOND), "ww_audit_events"),
        (AuditQuery(user_id=ALICE), "ix_ww_audit_events_user_id"),
    ],
)
async def test_the_trail_is_read_along_an_index(database: SqlDatabase, asked: AuditQuery, index: str) -> None:
    """Backwards along its key, so that a page is not paid for by all that is there; an account's by its own
    index where that is the shorter way."""
    told = await plan(database, wanted_events(asked))
    if database.transactions.dialect == "postgresql":
        assert "Index" in told
    else:
        assert index in told
        assert "SCAN ww_audit_events\n" not in f"{told}\n" or "TEMP B-TREE" not in told
    assert "Seq Scan" not in told


async def test_something_may_be_told_once_in_a_while(database: SqlDatabase) -> None:
    """Of each account and session for itself, and again when the while is over."""
    hour = timedelta(hours=1)

    async def told(
        at: datetime, name: AuditName = "account_exported", who: Any = ALICE, session: Any = None
    ) -> bool:
        return await database.audit.record_once(AuditEvent(name, at, who, session), within=hour)

    assert await told(NOW)
    assert not await told(NOW)
    assert not await told(NOW + hour - MICROSECOND)
    assert await told(NOW, who=BOB)
    assert await told(NOW, "roles_changed")
    assert await told(NOW, session=session_id(1))
    assert not await told(NOW, session=session_id(1))
    assert await told(NOW + hour)
    assert await count(database, "ww_audit_events") == 5


async def test_what_happened_to_the_erased_names_nobody(database_url: str) -> None:
    """The trail shows an id that leads nowhere, and no address."""
    database = open_database(database_url, sealer=Sealer(b"k" * 32))
    live = await opened(database)
    await database.privacy.erase(live.user_id, act=ACT)
    told = await found(database, user_id=live.user_id)
    assert {each.event for each in told} == {"sign_in", "session_ended", "account_erased"}
    assert [each.ip for each in told] == [None] * 3
    account = await database.accounts.find(live.user_id)
    assert account is None or (account.email, account.name, account.identities) == (None, None, ())
    await database.close()


def test_every_event_is_on_the_list_with_what_it_tells() -> None:
    """The list of names and the table of their meanings are one."""
    assert tuple(AUDIT_EVENTS) == AUDIT_NAMES
    assert all(each.meaning and len(name) <= 64 for name, each in AUDIT_EVENTS.items())


async def test_a_change_of_roles_by_the_provider_is_told(database: SqlDatabase) -> None:
    """What somebody may do now and could not before, and the other way round; no change is no event."""
    live = await opened(database)
    await database.sessions.open(identity(), new_session(2))
    assert await names(database, events=frozenset({"roles_changed"})) == []
    await database.sessions.open(identity(roles=frozenset({"admin", "billing"})), new_session(3))
    (event,) = await found(database, events=frozenset({"roles_changed"}))
    assert event.user_id == live.user_id
    assert event.details == {"by": "provider", "gained": ["billing"], "lost": ["orders:read"]}
