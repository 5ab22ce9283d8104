"""Promises of opening a session: one account an identity, its profile and roles as of now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.samples import (
    ABSOLUTE,
    IDLE,
    ISSUER,
    NOW,
    change,
    count,
    identity,
    new_session,
    opened,
    rotation,
    rows,
    session_id,
)
from watchword.errors import DatabaseUnavailable, UserDisabled
from watchword.storage import SqlDatabase, open_database


async def test_a_first_sign_in_makes_account_identity_and_session(database: SqlDatabase) -> None:
    """Everything that was handed over comes back, with the account behind it."""
    live = await database.sessions.open(identity(), new_session())
    assert live == await database.sessions.find(session_id(1), now=NOW)
    assert (live.session_id, live.client_id, live.generation) == (session_id(1), "browser", 1)
    assert live.scopes == frozenset({"orders", "profile"})
    assert live.roles == frozenset({"admin", "orders:read"})
    assert (live.issuer, live.subject, live.provider_id) == (ISSUER, "alice", "dev")
    assert (live.email, live.name) == ("Alice@Example.org", "Alice Ångström")
    assert (live.created_at, live.auth_time) == (NOW, NOW - timedelta(seconds=5))
    assert (live.idle_ends_at, live.absolute_ends_at) == (NOW + IDLE, NOW + ABSOLUTE)
    assert [await count(database, table) for table in ("ww_users", "ww_identities", "ww_sessions")] == [
        1,
        1,
        1,
    ]


@pytest.mark.parametrize("asserted", [True, False])
async def test_who_said_when_the_sign_in_was_stays_known(database: SqlDatabase, asserted: bool) -> None:
    """Opened, looked up and rotated, a session knows whether its auth_time is the provider's word."""
    live = await database.sessions.open(identity(), new_session(auth_time_asserted=asserted))
    found = await database.sessions.find(session_id(1), now=NOW)
    rotated = await database.sessions.rotate(rotation())
    assert found is not None
    assert rotated is not None
    assert [each.auth_time_asserted for each in (live, found, rotated)] == [asserted] * 3


async def test_a_second_sign_in_finds_the_same_account(database: SqlDatabase) -> None:
    """The same issuer and subject are the same person, in another session."""
    first = await opened(database, 1)
    second = await opened(database, 2)
    assert first.user_id == second.user_id
    assert [await count(database, table) for table in ("ww_users", "ww_identities", "ww_sessions")] == [
        1,
        1,
        2,
    ]


@pytest.mark.parametrize("changed", [{"issuer": "https://other.example.org"}, {"subject": "ALICE"}])
async def test_another_issuer_or_subject_is_another_account(
    database: SqlDatabase, changed: dict[str, str]
) -> None:
    """Identity is issuer and subject, letter by letter, never e-mail (OpenID Connect Core §5.7)."""
    first = await opened(database, 1)
    second = await database.sessions.open(identity(**changed), new_session(2))
    assert first.user_id != second.user_id


async def test_profile_and_provider_are_taken_over_at_each_sign_in(database: SqlDatabase) -> None:
    """The account shows what the provider said last."""
    await opened(database, 1)
    changed = identity(email="new@example.org", name="Alice B.", provider_id="dev2")
    live = await database.sessions.open(changed, new_session(2))
    assert (live.email, live.name, live.provider_id) == ("new@example.org", "Alice B.", "dev2")
    again = await database.sessions.find(session_id(1), now=NOW)
    assert again is not None
    assert (again.email, again.name) == ("new@example.org", "Alice B.")


async def test_a_provider_that_says_nothing_changes_nothing(database: SqlDatabase) -> None:
    """A sign-in without e-mail and name leaves those of the account."""
    await opened(database, 1)
    live = await database.sessions.open(identity(email=None, name=None), new_session(2))
    assert (live.email, live.name) == ("Alice@Example.org", "Alice Ångström")


@pytest.mark.parametrize(("verified", "kept"), [(True, "alice@example.org"), (False, None)])
async def test_only_a_verified_address_may_ever_link(
    database: SqlDatabase, verified: bool, kept: str | None
) -> None:
    """The address linking will look at is set when the provider says it is verified, in lower case."""
    await database.sessions.open(identity(email_verified=verified), new_session())
    assert (await rows(database, "SELECT verified_email FROM ww_identities"))[0][0] == kept


async def test_the_same_roles_leave_earlier_sessions_alone(database: SqlDatabase) -> None:
    """Signing in again without a change refuses no token."""
    await opened(database, 1)
    await opened(database, 2)
    assert await database.revocations.unexpired(now=NOW) == []
    assert (await rows(database, "SELECT version FROM ww_users"))[0][0] == 1


async def test_changed_roles_reach_every_live_session_and_its_tokens(database: SqlDatabase) -> None:
    """New roles bump the version on account and sessions, and refuse the tokens given out so far."""
    await opened(database, 1)
    await database.sessions.rotate(rotation(1))
    await opened(database, 2)
    live = await database.sessions.open(identity(roles=frozenset({"editor"})), new_session(3))
    assert live.roles == frozenset({"editor"})
    assert (await rows(database, "SELECT DISTINCT user_version FROM ww_sessions")) == [(2,)]
    entries = await database.revocations.unexpired(now=NOW)
    assert {(entry.kind, entry.session_id, entry.generation) for entry in entries} == {
        ("generation", session_id(1), 2),
        ("generation", session_id(2), 1),
        ("subject", None, 2),
    }
    ends = {(entry.kind, entry.expires_at) for entry in entries}
    a_day_and_the_leeway = NOW + timedelta(hours=24, seconds=60)
    assert ends == {("generation", NOW + timedelta(hours=1)), ("subject", a_day_and_the_leeway)}
    rotated = await database.sessions.rotate(rotation(1, generation=2))
    assert rotated is not None
    assert rotated.roles == frozenset({"editor"})


async def test_the_feed_tells_a_change_as_long_as_a_token_can_live(database_url: str) -> None:
    """The composition root says how long that is."""
    database = open_database(database_url, longest_access_token_seconds=7)
    await opened(database, 1)
    await database.sessions.open(identity(roles=frozenset()), new_session(2))
    entries = await database.revocations.unexpired(now=NOW)
    ends = [entry.expires_at for entry in entries if entry.kind == "generation"]
    assert ends == [NOW + timedelta(seconds=7)]
    await database.close()


async def test_a_session_that_ended_is_not_told_of_new_roles(database: SqlDatabase) -> None:
    """What ended needs no further entry in the feed."""
    await opened(database, 1)
    await database.sessions.end(session_id(1), reason="logout", now=NOW, tokens_expire_at=NOW)
    await database.sessions.open(identity(roles=frozenset()), new_session(2))
    assert {entry.kind for entry in await database.revocations.unexpired(now=NOW)} == {"subject"}


async def test_granted_roles_are_added_and_denied_ones_taken_away(database: SqlDatabase) -> None:
    """Effective roles are those of the identities and the granted, without the denied ones."""
    await opened(database, 1)
    await change(
        database,
        """UPDATE ww_users SET granted_roles = '["extra"]', denied_roles = '["admin"]', version = 2""",
    )
    live = await database.sessions.open(identity(), new_session(2))
    assert live.roles == frozenset({"orders:read", "extra"})


async def test_a_provider_role_that_is_denied_anyway_changes_nothing(database: SqlDatabase) -> None:
    """Live tokens are refused only when what the account may do really changes."""
    await database.sessions.open(identity(roles=frozenset({"reader"})), new_session(1))
    await change(database, """UPDATE ww_users SET denied_roles = '["admin"]'""")
    await database.sessions.open(identity(roles=frozenset({"reader", "admin"})), new_session(2))
    assert await database.revocations.unexpired(now=NOW) == []
    assert '"admin"' in str((await rows(database, "SELECT CAST(identity_roles AS text) FROM ww_users"))[0][0])


async def test_roles_of_every_identity_of_an_account_count(database: SqlDatabase) -> None:
    """An account with two providers has the roles of both; each sign-in replaces its own."""
    first = await opened(database, 1)
    await database.sessions.open(
        identity(issuer="https://b.example.org", roles=frozenset({"b"})), new_session(2)
    )
    await change(
        database,
        "UPDATE ww_identities SET user_id = (SELECT user_id FROM ww_sessions WHERE id = :id)"
        " WHERE issuer = 'https://b.example.org'",
        id=session_id(1).hex,
    )
    live = await database.sessions.open(
        identity(issuer="https://b.example.org", roles=frozenset({"b2"})), new_session(3)
    )
    assert live.user_id == first.user_id
    assert live.roles == frozenset({"admin", "orders:read", "b2"})


@pytest.mark.parametrize("status", ["disabled", "erased"])
async def test_a_disabled_or_erased_account_cannot_sign_in(database: SqlDatabase, status: str) -> None:
    """The refusal changes nothing: no session, no new profile, no event."""
    await opened(database, 1)
    await change(database, "UPDATE ww_users SET status = :status", status=status)
    with pytest.raises(UserDisabled):
        await database.sessions.open(identity(name="Mallory"), new_session(2))
    assert await count(database, "ww_sessions") == 1
    assert await count(database, "ww_audit_events") == 1
    assert (await rows(database, "SELECT name FROM ww_identities"))[0][0] == "Alice Ångström"


async def test_a_sign_in_is_written_down(database: SqlDatabase) -> None:
    """The audit trail says who, when, from where and by which provider."""
    live = await opened(database, 1)
    event = (await rows(database, "SELECT event, ip, user_id, session_id FROM ww_audit_events"))[0]
    assert (event.event, event.ip) == ("sign_in", "192.0.2.0")
    assert str(event.user_id).replace("-", "") == live.user_id.hex
    assert str(event.session_id).replace("-", "") == session_id(1).hex


async def test_a_failed_opening_keeps_nothing(database: SqlDatabase) -> None:
    """A second session under the same id fails as a whole: no account, no identity, no event of it."""
    await opened(database, 1)
    with pytest.raises(DatabaseUnavailable) as caught:
        await database.sessions.open(identity(subject="bob"), new_session(1))
    assert caught.value.__cause__ is not None
    tables = ("ww_users", "ww_identities", "ww_sessions", "ww_audit_events")
    assert [await count(database, table) for table in tables] == [1, 1, 1, 1]
