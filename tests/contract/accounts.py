"""What the tests of accounts share: one act, and looks at what it left behind."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.contract.samples import (
    NOW,
    rows,
)
from watchword.auth.account_ports import Account, Act
from watchword.auth.ports import LiveSession
from watchword.storage import SqlDatabase

LATER = NOW + timedelta(minutes=5)
ACT = Act(LATER, LATER + timedelta(hours=1), "cli")
NOBODY = UUID(int=7)
HOSTILE = ["%", "_", "'", '"', "\\", "' OR 1=1 --", "alice%", "\0", "\ud800", "x" * 5000, "\N{NULL}'; DROP"]


def names(*given: str) -> frozenset[str]:
    return frozenset(given)


async def listed(database: SqlDatabase, **asked: Any) -> list[UUID]:
    given: dict[str, Any] = {"now": NOW, "limit": 100, **asked}
    found = await database.accounts.sessions(**given)
    return [each.session_id for each in found]


async def trail(database: SqlDatabase, event: str) -> list[dict[str, Any]]:
    found = await rows(
        database, "SELECT details FROM ww_audit_events WHERE event = :event ORDER BY id", event=event
    )
    return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in found]


async def fed(database: SqlDatabase) -> set[tuple[str, UUID | None, int | None]]:
    entries = await database.revocations.unexpired(now=NOW)
    return {(entry.kind, entry.session_id, entry.generation) for entry in entries}


async def account_of(database: SqlDatabase, live: LiveSession) -> Account:
    found = await database.accounts.find(live.user_id)
    assert found is not None
    return found
