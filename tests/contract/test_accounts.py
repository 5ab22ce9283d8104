"""Promises of looking at accounts and changing them: search, roles, status."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.accounts import ACT, HOSTILE, NOBODY, account_of, fed, listed, names, trail
from tests.contract.samples import (
    ISSUER,
    NOW,
    at_once,
    change,
    count,
    identity,
    new_session,
    opened,
    rotation,
    rows,
    session_id,
)
from watchword.auth.account_ports import Account, AccountStatus, RoleChange
from watchword.auth.ports import LiveSession
from watchword.errors import DatabaseUnavailable, TooManyRoles, UserDisabled
from watchword.storage import SqlDatabase


async def test_an_account_is_shown_with_identities_and_role_sets(database: SqlDatabase) -> None:
    """All an operator needs to know."""
    live = await opened(database)
    account = await account_of(database, live)
    assert (account.user_id, account.status) == (live.user_id, "active")
    assert (account.email, account.name) == ("Alice@Example.org", "Alice Ångström")
    assert account.identity_roles == account.roles == names("admin", "orders:read")
    assert (account.granted_roles, account.denied_roles) == (names(), names())
    assert (account.created_at, account.last_sign_in_at) == (NOW, NOW)
    (one,) = account.identities
    assert (one.provider_id, one.issuer, one.subject) == ("dev", ISSUER, "alice")
    assert (one.email, one.last_sign_in_at) == ("Alice@Example.org", NOW)
    assert await database.accounts.find(NOBODY) is None


async def test_accounts_are_listed_in_pages(database: SqlDatabase) -> None:
    """In the order they were made, each page after the last id of the one before."""
    made = [
        (await database.sessions.open(identity(subject=f"s{n}"), new_session(n))).user_id for n in range(1, 4)
    ]
    assert {each.user_id for each in await database.accounts.search(limit=10)} == set(made)
    first = await database.accounts.search(limit=2)
    rest = await database.accounts.search(limit=2, after=first[-1].user_id)
    assert sorted(each.user_id for each in (*first, *rest)) == [each.user_id for each in (*first, *rest)]
    assert len(first) + len(rest) == 3
    assert first[0].identities == ()


@pytest.mark.parametrize("text", ["alice@", "EXAMPLE.ORG", "alice Å", "e Å", "Ångström"])
async def test_accounts_are_found_by_a_part_of_email_or_name(database: SqlDatabase, text: str) -> None:
    """In either case of ASCII letters; others depend on the database's locale."""
    await opened(database)
    await database.sessions.open(identity(subject="bob", email="bob@example.net", name="Bob"), new_session(2))
    found = [each.email for each in await database.accounts.search(text, limit=10)]
    assert found == ["Alice@Example.org"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_ses_91_a_search_is_text_and_nothing_else(database: SqlDatabase, text: str) -> None:
    """No wildcard, no quote, no length makes it find what does not hold it, or fail."""
    await opened(database)
    assert await database.accounts.search(text, limit=10) == []


async def test_wildcards_find_themselves(database: SqlDatabase) -> None:
    """A percent sign and an underscore are letters like others."""
    await database.sessions.open(identity(name=r"100 %_\ sure"), new_session(1))
    for text in ("%", "_", "\\", "%_\\"):
        assert len(await database.accounts.search(text, limit=10)) == 1


async def test_granted_and_denied_roles_are_kept_apart(database: SqlDatabase) -> None:
    """Three stored sets; what an account may do follows from them (contract, Roles)."""
    live = await opened(database)
    for step, roles in (
        (RoleChange(grant=names("extra", "admin")), names("admin", "extra", "orders:read")),
        (RoleChange(deny=names("admin")), names("extra", "orders:read")),
        (RoleChange(ungrant=names("admin", "extra")), names("orders:read")),
        (RoleChange(undeny=names("admin")), names("admin", "orders:read")),
        (RoleChange(ungrant=names("never"), undeny=names("ever")), names("admin", "orders:read")),
    ):
        account = await database.accounts.change_roles(live.user_id, step, act=ACT)
        assert account is not None
        assert account.roles == roles
        again = await database.sessions.find(session_id(1), now=NOW)
        assert again is not None
        assert again.roles == roles
    told = await trail(database, "roles_changed")
    assert len(told) == 4
    for line in [
        {"by": "cli", "granted": ["admin", "extra"]},
        {"by": "cli", "denied": ["admin"]},
        {"by": "cli", "no_longer_granted": ["admin", "extra"]},
        {"by": "cli", "no_longer_denied": ["admin"]},
    ]:
        assert line in told


async def test_ses_61_changed_roles_reach_the_tokens_given_out(database: SqlDatabase) -> None:
    """The feed refuses the generations so far, the next rotation brings what holds now."""
    live = await opened(database, 1)
    await database.sessions.rotate(rotation(1))
    await opened(database, 2)
    await database.sessions.end(session_id(2), reason="logout", now=NOW, tokens_expire_at=NOW)
    await database.accounts.change_roles(live.user_id, RoleChange(deny=names("admin")), act=ACT)
    assert await fed(database) == {("generation", session_id(1), 2), ("subject", None, 2)}
    told = await database.revocations.unexpired(now=NOW)
    (entry,) = [each for each in told if each.kind == "generation"]
    assert (entry.created_at, entry.expires_at) == (ACT.now, ACT.tokens_expire_at)
    rotated = await database.sessions.rotate(rotation(1, generation=2))
    assert rotated is not None
    assert rotated.roles == names("orders:read")


async def test_a_change_without_effect_disturbs_nobody(database: SqlDatabase) -> None:
    """Granting what the provider says already is kept, and no token is refused for it."""
    live = await opened(database)
    account = await database.accounts.change_roles(live.user_id, RoleChange(grant=names("admin")), act=ACT)
    assert account is not None
    assert account.granted_roles == names("admin")
    assert await fed(database) == set()
    assert await rows(database, "SELECT version FROM ww_users") == [(1,)]


async def test_the_admin_role_counts_only_where_granted(database: SqlDatabase) -> None:
    """Whatever a provider says (contract, ``watchword-admin``); at sign-in, rotation and look-up."""
    admin = "watchword-admin"
    live = await database.sessions.open(identity(roles=names(admin, "x")), new_session())
    rotated = await database.sessions.rotate(rotation())
    assert rotated is not None
    assert live.roles == rotated.roles == names("x")
    account = await database.accounts.change_roles(live.user_id, RoleChange(grant=names(admin)), act=ACT)
    assert account is not None
    assert account.roles == names(admin, "x")
    again = await database.sessions.find(session_id(1), now=NOW)
    assert again is not None
    assert again.roles == names(admin, "x")


async def test_no_set_grows_without_bound(database: SqlDatabase) -> None:
    """One role too many is refused, and the set stays as it was."""
    live = await opened(database)
    most = frozenset(f"role-{n}" for n in range(1000))
    assert await database.accounts.change_roles(live.user_id, RoleChange(deny=most), act=ACT)
    with pytest.raises(TooManyRoles):
        await database.accounts.change_roles(live.user_id, RoleChange(deny=names("one-more")), act=ACT)
    assert (await account_of(database, live)).denied_roles == most


async def test_a_disabled_account_has_no_session_and_gets_none(database: SqlDatabase) -> None:
    """All end at once, with feed and trail; sign-in is refused."""
    live = await opened(database, 1)
    await opened(database, 2)
    account = await database.accounts.set_status(live.user_id, "disabled", act=ACT)
    assert account is not None
    assert account.status == "disabled"
    assert await listed(database) == []
    assert await database.sessions.rotate(rotation(1)) is None
    assert await fed(database) == {
        ("session", session_id(1), None),
        ("session", session_id(2), None),
        ("subject", None, None),
    }
    assert await trail(database, "account_disabled") == [{"by": "cli", "sessions_ended": 2}]
    assert await trail(database, "session_ended") == [{"reason": "disabled", "by": "cli"}] * 2
    with pytest.raises(UserDisabled):
        await opened(database, 3)


async def test_a_disabled_account_is_told_by_its_identities_too(database: SqlDatabase) -> None:
    """For the access tokens of its provider, which live for a day at most."""
    live = await opened(database)
    await database.accounts.set_status(live.user_id, "disabled", act=ACT)
    entries = await database.revocations.unexpired(now=NOW)
    (told,) = (entry for entry in entries if entry.kind == "subject")
    assert (told.issuer, told.value) == (ISSUER, "alice")
    assert told.expires_at >= ACT.now + timedelta(hours=24)


async def test_an_enabled_account_signs_in_again_and_revives_nothing(database: SqlDatabase) -> None:
    """What ended stays ended."""
    live = await opened(database, 1)
    await database.accounts.set_status(live.user_id, "disabled", act=ACT)
    account = await database.accounts.set_status(live.user_id, "active", act=ACT)
    assert account is not None
    assert account.status == "active"
    assert await database.sessions.rotate(rotation(1)) is None
    assert await listed(database) == []
    assert (await opened(database, 2)).user_id == live.user_id
    assert await trail(database, "account_enabled") == [{"by": "cli", "sessions_ended": 0}]


async def test_the_same_status_twice_is_told_once(database: SqlDatabase) -> None:
    """Nothing to do is done too."""
    live = await opened(database)
    statuses: list[AccountStatus] = ["active", "disabled", "disabled"]
    for status in statuses:
        assert await database.accounts.set_status(live.user_id, status, act=ACT)
    assert len(await trail(database, "account_disabled")) == 1
    assert await trail(database, "account_enabled") == []


async def test_an_unknown_or_erased_account_cannot_be_changed(database: SqlDatabase) -> None:
    """It is not found, and nothing is written."""
    live = await opened(database)
    await change(database, "UPDATE ww_users SET status = 'erased'")
    for user_id in (live.user_id, NOBODY):
        assert await database.accounts.find(user_id) is None
        assert await database.accounts.set_status(user_id, "active", act=ACT) is None
        assert await database.accounts.change_roles(user_id, RoleChange(grant=names("x")), act=ACT) is None
    assert await database.accounts.search(limit=10) == []
    assert await count(database, "ww_audit_events") == 1


@pytest.mark.parametrize("table", ["ww_revocations", "ww_audit_events"])
async def test_a_change_that_cannot_be_told_does_not_happen(database: SqlDatabase, table: str) -> None:
    """Account, sessions, feed and trail change together or not at all."""
    live = await opened(database)
    before = await account_of(database, live)
    await change(database, f"ALTER TABLE {table} RENAME TO gone")
    deny = RoleChange(deny=names("admin"))
    for attempt in await at_once(
        lambda: database.accounts.set_status(live.user_id, "disabled", act=ACT),
        lambda: database.accounts.change_roles(live.user_id, deny, act=ACT),
        lambda: database.accounts.end_sessions(live.user_id, reason="logout", act=ACT),
        lambda: database.accounts.end_session(session_id(1), owner=live.user_id, reason="logout", act=ACT),
    ):
        assert isinstance(attempt, DatabaseUnavailable)
    assert await account_of(database, live) == before
    assert await listed(database) == [session_id(1)]


async def test_ses_05_nothing_slips_past_a_disabling(database: SqlDatabase) -> None:
    """Rotations and sign-ins beside it come before it or not at all."""
    live = await opened(database, 1)
    answers = await at_once(
        lambda: database.accounts.set_status(live.user_id, "disabled", act=ACT),
        *(lambda n=n: opened(database, n) for n in range(2, 8)),
        lambda: database.sessions.rotate(rotation(1)),
        lambda: database.accounts.end_sessions(live.user_id, reason="logout", act=ACT),
    )
    assert all(
        isinstance(each, Account | LiveSession | list | UserDisabled) or each is None for each in answers
    )
    assert await listed(database) == []
    told = {entry.session_id for entry in await database.revocations.unexpired(now=NOW)}
    assert {row[0] for row in await rows(database, "SELECT count(*) FROM ww_sessions")} == {
        len(told - {None})
    }
