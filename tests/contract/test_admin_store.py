"""Promises of what administrators see and do, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.contract.accounts import HOSTILE, LATER, NOBODY, fed, names, trail
from tests.contract.samples import NOW, identity, new_session, opened, session_id
from watchword.auth.account_ports import Account, Act, RoleChange
from watchword.auth.admin_ports import PeopleCount
from watchword.auth.ports import LiveSession
from watchword.errors import AdminRequired
from watchword.models import User
from watchword.protocol.account_search import AccountSearch
from watchword.protocol.roles import ADMIN_ROLE
from watchword.protocol.uuid7 import uuid7
from watchword.storage import SqlDatabase

EVERYBODY = AccountSearch()


async def person(database: SqlDatabase, number: int, *, subject: str, **profile: str) -> LiveSession:
    return await database.sessions.open(identity(subject=subject, **profile), new_session(number))


async def admin(database: SqlDatabase, number: int = 1, subject: str = "root") -> Act:
    """The act of somebody who was granted the role."""
    live = await person(database, number, subject=subject, email=f"{subject}@example.net", name="Root")
    act = Act(LATER, LATER + timedelta(hours=1), "admin", live.user_id)
    await database.accounts.change_roles(
        live.user_id, RoleChange(grant=names(ADMIN_ROLE)), act=replace(act, by="cli", admin_id=None)
    )
    return act


def no_sessions(ended: Sequence[UUID] | None) -> bool:
    """Done, and none ended by it."""
    return ended is not None and len(ended) == 0


async def found(database: SqlDatabase, **asked: object) -> list[str | None]:
    search = replace(EVERYBODY, **asked)  # type: ignore[arg-type]
    return [each.email for each in await database.admin.accounts(search, limit=10)]


async def test_accounts_are_found_by_id_address_and_beginning(database: SqlDatabase) -> None:
    """In either case of ASCII letters, newest first, those erased never."""
    alice = await opened(database, 1)
    bob = await person(database, 2, subject="bob", email="bob@example.net", name="Alfred")
    assert await found(database, user_id=alice.user_id) == ["Alice@Example.org"]
    assert await found(database, user_id=NOBODY) == []
    assert await found(database, email="ALICE@example.ORG") == ["Alice@Example.org"]
    assert await found(database, email="alice@example") == []
    assert sorted(map(str, await found(database, beginning="al"))) == ["Alice@Example.org", "bob@example.net"]
    assert await found(database, beginning="lice") == []
    assert await found(database, status="disabled") == []
    assert len(await found(database, status="active")) == 2
    assert len(await found(database, before=max(alice.user_id, bob.user_id))) == 1


@pytest.mark.parametrize("text", HOSTILE)
async def test_ses_91_a_search_of_administrators_is_text(database: SqlDatabase, text: str) -> None:
    """No wildcard, no quote, no length makes it find what does not begin with it, or fail."""
    await opened(database)
    assert await found(database, email=text) == []
    assert await found(database, beginning=text) == []


async def test_ten_thousand_accounts_in_pages(database: SqlDatabase) -> None:
    """By the primary key, each once, newest first, the last page short."""
    empty = names()
    rows = [
        {
            "id": uuid7(1_700_000_000_000 + number, number.to_bytes(10, "big")),
            "status": "active",
            "version": 1,
            "email": f"p{number}@example.net",
            "name": None,
            "identity_roles": empty,
            "granted_roles": empty,
            "denied_roles": empty,
            "created_at": NOW,
            "updated_at": NOW,
        }
        for number in range(10_000)
    ]

    async def fill(connection: AsyncConnection) -> None:
        await connection.execute(insert(User), rows)

    await database.transactions.write("fill", fill)
    seen: list[UUID] = []
    before: UUID | None = None
    while page := await database.admin.accounts(replace(EVERYBODY, before=before), limit=3000):
        seen += [each.user_id for each in page]
        before = seen[-1]
    assert seen == [row["id"] for row in reversed(rows)]
    assert await found(database, email="P9999@example.net") == ["p9999@example.net"]
    assert (await database.admin.people()).active == 10_000


async def test_people_are_counted(database: SqlDatabase) -> None:
    """Administrators are those who are active, granted the role and not denied it; a longer name is another
    role, and what a provider says does not count."""
    assert await database.admin.people() == PeopleCount()
    act = await admin(database, 1)
    for number, (subject, change) in enumerate(
        (
            ("denied", RoleChange(grant=names(ADMIN_ROLE), deny=names(ADMIN_ROLE))),
            ("longer", RoleChange(grant=names(f"{ADMIN_ROLE}2", f"x{ADMIN_ROLE}"))),
        ),
        start=2,
    ):
        live = await person(database, number, subject=subject)
        await database.accounts.change_roles(live.user_id, change, act=act)
    await admin(database, 4, "other")
    other = await admin(database, 5, "third")
    assert act.admin_id is not None
    assert await database.admin.set_status(act.admin_id, "disabled", act=other) == [session_id(1)]
    assert await database.admin.people() == PeopleCount(active=4, disabled=1, admins=2)


async def test_everybodys_live_sessions(database: SqlDatabase) -> None:
    """Newest first, in pages; what ended or ran out is not there."""
    for number in (1, 2, 3):
        await opened(database, number)
    await database.sessions.end(session_id(2), reason="logout", now=NOW, tokens_expire_at=NOW)
    ids = sorted([session_id(1), session_id(3)], reverse=True)
    every = await database.admin.sessions(now=NOW, before=None, limit=10)
    assert [each.session_id for each in every] == ids
    (older,) = await database.admin.sessions(now=NOW, before=ids[0], limit=10)
    assert older.session_id == ids[1]
    assert await database.admin.sessions(now=NOW + timedelta(days=400), before=None, limit=10) == []
    assert await database.admin.session(session_id(2), now=NOW) is None
    assert await database.admin.session(ids[0], now=NOW) == every[0]


async def test_ses_61_acts_are_told_with_who_did_them(database: SqlDatabase) -> None:
    """In the trail and to the feed, in one transaction."""
    act = await admin(database, 1)
    live = await opened(database, 2)
    await opened(database, 3)
    assert await database.admin.end_session(session_id(2), act=act)
    assert not await database.admin.end_session(session_id(2), act=act)
    assert await database.admin.end_sessions(live.user_id, act=act) == [session_id(3)]
    assert no_sessions(await database.admin.set_status(live.user_id, "disabled", act=act))
    assert no_sessions(await database.admin.set_status(live.user_id, "disabled", act=act))
    assert no_sessions(await database.admin.set_status(live.user_id, "active", act=act))
    assert {("session", session_id(2), None), ("session", session_id(3), None)} <= await fed(database)
    who = {"by": "admin", "admin_id": str(act.admin_id)}
    assert await trail(database, "session_ended") == [{"reason": "revoked", **who}] * 2
    assert await trail(database, "account_disabled") == [{**who, "sessions_ended": 0}]
    assert await trail(database, "account_enabled") == [{**who, "sessions_ended": 0}]


async def test_whoever_is_no_administrator_any_more_does_nothing(database: SqlDatabase) -> None:
    """Denied, disabled, unknown, or nobody at all: asked in the transaction of the act."""
    denied, disabled, acting = [await admin(database, n, f"admin{n}") for n in (1, 2, 3)]
    live = await opened(database, 4)
    assert denied.admin_id is not None
    assert disabled.admin_id is not None
    await database.accounts.change_roles(denied.admin_id, RoleChange(deny=names(ADMIN_ROLE)), act=acting)
    await database.admin.set_status(disabled.admin_id, "disabled", act=acting)
    for act in (denied, disabled, replace(acting, admin_id=NOBODY), replace(acting, admin_id=None)):
        for work in (
            database.admin.end_session(session_id(4), act=act),
            database.admin.end_sessions(live.user_id, act=act),
            database.admin.set_status(live.user_id, "disabled", act=act),
        ):
            with pytest.raises(AdminRequired):
                await work
    assert await database.sessions.find(session_id(4), now=NOW) is not None
    assert await database.admin.end_sessions(NOBODY, act=acting) is None
    assert await database.admin.set_status(NOBODY, "disabled", act=acting) is None


async def test_two_who_disable_each_other(database: SqlDatabase) -> None:
    """Locked in one order, decided on what holds then: one succeeds."""
    one, two = await admin(database, 1, "one"), await admin(database, 2, "two")
    assert one.admin_id is not None
    assert two.admin_id is not None
    outcomes = await asyncio.gather(
        database.admin.set_status(two.admin_id, "disabled", act=one),
        database.admin.set_status(one.admin_id, "disabled", act=two),
        return_exceptions=True,
    )
    assert [type(each) for each in outcomes if isinstance(each, Exception)] == [AdminRequired]
    left = [await database.accounts.find(each) for each in (one.admin_id, two.admin_id)]
    assert sorted(each.status for each in left if isinstance(each, Account)) == ["active", "disabled"]
