"""Promises of ending a session: it, its tokens and the trail, in one transaction."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import get_args

import pytest

from tests.contract.samples import NOW, change, count, opened, rotation, rows, session_id
from watchword.auth.ports import EndReason
from watchword.errors import DatabaseUnavailable
from watchword.storage import SqlDatabase

EXPIRE = NOW + timedelta(minutes=16)


@pytest.mark.parametrize("reason", get_args(EndReason))
async def test_an_ended_session_is_ended_everywhere(database: SqlDatabase, reason: EndReason) -> None:
    """No look-up, no rotation; the feed tells the replicas, the trail tells the operator."""
    live = await opened(database)
    await database.sessions.rotate(rotation())
    assert await database.sessions.end(session_id(1), reason=reason, now=NOW, tokens_expire_at=EXPIRE) is True
    assert await database.sessions.find(session_id(1), now=NOW) is None
    assert await database.sessions.rotate(rotation(generation=2)) is None
    (entry,) = await database.revocations.unexpired(now=NOW)
    assert (entry.kind, entry.session_id, entry.created_at, entry.expires_at) == (
        "session",
        session_id(1),
        NOW,
        EXPIRE,
    )
    told = (await rows(database, "SELECT * FROM ww_audit_events WHERE event = 'session_ended'"))[0]
    details = json.loads(told.details) if isinstance(told.details, str) else told.details
    assert details == {"reason": reason}
    assert str(told.user_id).replace("-", "") == live.user_id.hex


async def test_an_ended_session_is_still_known_but_its_seal_is_gone(database: SqlDatabase) -> None:
    """A replay is told as one; the sealed successor nobody may open any more is not kept."""
    await opened(database)
    await database.sessions.rotate(rotation())
    await database.sessions.end(session_id(1), reason="replay", now=NOW, tokens_expire_at=EXPIRE)
    facts = await database.sessions.facts(session_id(1))
    assert facts is not None
    assert (facts.revoked_at, facts.sealed_successor) == (NOW, None)


async def test_ending_twice_is_told_once(database: SqlDatabase) -> None:
    """The second call says so and adds nothing; the first reason and time stay."""
    await opened(database)
    assert await database.sessions.end(session_id(1), reason="logout", now=NOW, tokens_expire_at=EXPIRE)
    later = NOW + timedelta(minutes=1)
    assert not await database.sessions.end(session_id(1), reason="replay", now=later, tokens_expire_at=EXPIRE)
    assert await count(database, "ww_revocations") == 1
    assert (await rows(database, "SELECT revoked_reason FROM ww_sessions"))[0][0] == "logout"


async def test_a_session_that_ran_out_can_still_be_ended(database: SqlDatabase) -> None:
    """Its access tokens may live a little longer, so a replay must reach them."""
    await opened(database)
    late = NOW + timedelta(days=2)
    assert await database.sessions.end(session_id(1), reason="replay", now=late, tokens_expire_at=EXPIRE)


async def test_other_sessions_go_on(database: SqlDatabase) -> None:
    """Ending one session ends one session."""
    await opened(database, 1)
    await opened(database, 2)
    await database.sessions.end(session_id(1), reason="logout", now=NOW, tokens_expire_at=EXPIRE)
    assert await database.sessions.find(session_id(2), now=NOW) is not None


@pytest.mark.parametrize("table", ["ww_revocations", "ww_audit_events"])
async def test_an_end_that_cannot_be_told_does_not_happen(database: SqlDatabase, table: str) -> None:
    """Session, feed and trail change together or not at all."""
    await opened(database)
    await change(database, f"ALTER TABLE {table} RENAME TO gone")
    with pytest.raises(DatabaseUnavailable):
        await database.sessions.end(session_id(1), reason="logout", now=NOW, tokens_expire_at=EXPIRE)
    await change(database, f"ALTER TABLE gone RENAME TO {table}")
    assert await database.sessions.find(session_id(1), now=NOW) is not None
    assert await count(database, "ww_revocations") == 0
