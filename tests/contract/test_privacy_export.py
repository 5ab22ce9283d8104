"""Promises of an export: all that is marked as the person's to see, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.accounts import ACT, NOBODY
from tests.contract.people import canary, plant, plantable, somebody
from tests.contract.samples import change, identity, new_session
from watchword.auth.account_ports import RoleChange
from watchword.auth.audit_ports import AuditEvent
from watchword.auth.privacy_manager import PrivacyManager
from watchword.models import AuditRecord
from watchword.models.privacy import PRIVACY
from watchword.protocol.terms import terms_of
from watchword.storage import SqlDatabase
from watchword.testing import FakeClock


def as_text(planted: Any) -> str:
    """A canary as an export would show it."""
    if isinstance(planted, bytes):
        return planted.hex()
    return planted if isinstance(planted, str) else str(next(iter(planted)))


async def test_ses_90_the_export_holds_what_its_marks_say(database: SqlDatabase) -> None:
    """A canary in every column: each that is marked as exported is in it, and none of the others."""
    live = await somebody(database, 1)
    await plant(database, live)
    found = await database.privacy.export(live.user_id, max_rows=100)
    assert found is not None
    text = json.dumps({"account": found.account, **found.lists})
    for table, column, mark in plantable():
        assert (as_text(canary(table, column)) in text) is mark.exported, column
    assert found.complete


async def test_ses_90_every_list_has_the_columns_of_its_table(database: SqlDatabase) -> None:
    """Also those that hold no free text: times, counts, ids."""
    live = await somebody(database, 1)
    found = await database.privacy.export(live.user_id, max_rows=100)
    assert found is not None
    for name, entries in {"users": [found.account], **found.lists}.items():
        (table,) = (each for each in AuditRecord.metadata.sorted_tables if each.name == f"ww_{name}")
        exported = {each.name for each in table.columns if each.info[PRIVACY].exported}
        assert entries, name
        assert [set(each) for each in entries] == [exported] * len(entries), name


async def test_nothing_of_others_is_in_it(database: SqlDatabase) -> None:
    """Who acted is told as the person, a client, the schedule or an operator; what else an event holds may
    be about somebody else, and is left out."""
    alice, bob = await somebody(database, 1), await somebody(database, 2)
    await database.accounts.change_roles(alice.user_id, RoleChange(grant=frozenset({"x"})), act=ACT)
    details = {"by": "user", "watched_by": str(bob.user_id), "reason": "seen"}
    await database.audit.record(AuditEvent("account_disabled", ACT.now, alice.user_id, details=details))
    found = await database.privacy.export(alice.user_id, max_rows=100)
    assert found is not None
    text = json.dumps({"account": found.account, **found.lists})
    assert "person-2" not in text
    assert str(bob.user_id) not in text
    told = {each["event"]: each["details"] for each in found.lists["audit_events"]}
    assert told["roles_changed"] == {"by": "operator", "granted": ["x"]}
    assert told["account_disabled"] == {"by": "user", "reason": "seen"}


async def test_a_list_without_end_is_cut_and_says_so(database: SqlDatabase) -> None:
    """The newest entries stay."""
    live = await somebody(database, 1)
    await database.sessions.open(identity(subject=live.subject), new_session(2))
    await change(database, "DELETE FROM ww_audit_events")
    found = await database.privacy.export(live.user_id, max_rows=1)
    assert found is not None
    assert not found.complete
    assert len(found.lists["sessions"]) == 1
    whole = await database.privacy.export(live.user_id, max_rows=2)
    assert whole is not None
    assert whole.complete


async def test_nobody_has_no_export(database: SqlDatabase) -> None:
    """An id that was never given to anybody."""
    assert await database.privacy.export(NOBODY, max_rows=10) is None


async def test_ses_90_terms_come_with_what_they_said(database: SqlDatabase) -> None:
    """As it was accepted, whatever is in force now; where the text is not on record any more, without it."""
    live = await somebody(database, 1)
    terms = terms_of("2026-12", b"Be kind.", "https://example.org/terms")
    await database.terms.accept(live.user_id, terms, now=ACT.now, session_id=None)
    manager = PrivacyManager(
        database.privacy,
        database.terms,
        database.audit,
        clock=FakeClock(),
        service="https://app.example.org",
        tokens_live_seconds=60,
        by="user",
    )
    told = (await manager.export(live.user_id))["terms_acceptances"]
    assert [(each["version"], each["url"], each["text"]) for each in told] == [
        ("2026-12", "https://example.org/terms", "Be kind."),
        ("2026-11", None, None),
    ]
    assert told[0]["digest"] == terms.digest.hex()
