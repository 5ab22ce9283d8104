"""Promises of an erasure: nothing is left that names the person, in any table, and they are known again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.contract.accounts import ACT, LATER, NOBODY, listed, trail
from tests.contract.people import CANARY, everything, personal_columns, plant, plantable, somebody
from tests.contract.samples import ISSUER, NOW, change, count, identity, new_session, rotation, rows
from watchword.auth.caller_ports import KnownCaller
from watchword.auth.logout_ports import ProviderLogout
from watchword.auth.sealing import Sealer
from watchword.auth.tombstones import ERASED_ISSUER
from watchword.errors import AccountErased, PepperUnreadable
from watchword.storage import SqlDatabase, open_database

SECRET = b"k" * 32
OTHER_SECRET = b"o" * 32


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[SqlDatabase]:
    opened = open_database(database_url, sealer=Sealer(SECRET))
    yield opened
    await opened.close()


async def test_ses_90_every_marked_column_is_what_its_mark_says(database: SqlDatabase) -> None:
    """A canary in every column with something personal, one person, one erasure: no table holds one of
    them afterwards, and each column is deleted, emptied or replaced as the model says."""
    live = await somebody(database, 1)
    planted = await plant(database, live)
    assert planted == {f"{table.name}.{column.name}" for table, column, _ in plantable()}
    before = await everything(database)
    assert str(before).count(CANARY) >= len(planted)
    assert await database.privacy.erase(live.user_id, act=ACT) is not None
    after = await everything(database)
    assert CANARY not in str(after)
    for table, column, mark in personal_columns():
        held = [row[column.name] for row in after[table.name]]
        was = [row[column.name] for row in before[table.name]]
        assert was, f"nothing was ever in {table.name}"
        match mark.erasure:
            case "delete" if table.name != "ww_revocations":
                assert held == [], column
            case "null":
                assert not any(held), column
            case "pseudonymise":
                assert not set(held) & set(was), column
            case _:
                continue


async def test_ses_90_a_disabled_account_is_erased_as_well(database: SqlDatabase) -> None:
    """And stays refused for being erased."""
    live = await somebody(database, 1)
    await database.accounts.set_status(live.user_id, "disabled", act=ACT)
    erased = await database.privacy.erase(live.user_id, act=ACT)
    assert erased is not None
    assert (erased.already, list(erased.sessions)) == (False, [])
    assert "person-1" not in str(await everything(database))
    with pytest.raises(AccountErased):
        await database.sessions.open(identity(subject="person-1"), new_session(2))


async def test_ses_90_nobody_else_loses_anything(database: SqlDatabase) -> None:
    """What is another person's is as it was, to the last column."""
    alice, bob = await somebody(database, 1), await somebody(database, 2)
    before = await everything(database)
    await database.privacy.erase(alice.user_id, act=ACT)
    after = await everything(database)
    for table, held in before.items():
        of_bob = [row for row in held if bob.user_id in row.values() or "person-2" in str(row)]
        assert all(row in after[table] for row in of_bob), table
        assert of_bob or table not in ("ww_users", "ww_sessions", "ww_terms_acceptances")


async def test_ses_90_sessions_end_everywhere_and_the_trail_says_so(database: SqlDatabase) -> None:
    """The feed names each session, so that every replica refuses its tokens; the trail keeps only an id."""
    live = await somebody(database, 1)
    erased = await database.privacy.erase(live.user_id, act=ACT)
    assert erased is not None
    assert (erased.already, list(erased.sessions)) == (False, [live.session_id])
    fed = await database.revocations.unexpired(now=LATER)
    assert live.session_id in {each.session_id for each in fed if each.kind == "session"}
    assert {each.issuer for each in fed if each.kind == "subject"} == {ERASED_ISSUER}
    assert await trail(database, "account_erased") == [{"by": "cli", "sessions_ended": 1}]
    assert await trail(database, "session_ended") == [{"by": "cli", "reason": "erased"}]
    assert await rows(database, "SELECT ip FROM ww_audit_events WHERE ip IS NOT NULL") == []
    assert await database.sessions.rotate(rotation(1)) is None
    assert await listed(database, user_id=live.user_id) == []


async def test_ses_90_erasing_again_changes_nothing(database: SqlDatabase) -> None:
    """It is told as done already; an account that never was is told as unknown."""
    live = await somebody(database, 1)
    await database.privacy.erase(live.user_id, act=ACT)
    before = await everything(database)
    again = await database.privacy.erase(live.user_id, act=ACT)
    assert again is not None
    assert (again.already, list(again.sessions)) == (True, [])
    assert await everything(database) == before
    assert await database.privacy.erase(NOBODY, act=ACT) is None
    assert await database.accounts.find(live.user_id) is None
    assert await database.privacy.export(live.user_id, max_rows=10) is None


async def test_ses_90_the_erased_stay_refused_and_others_are_admitted(database: SqlDatabase) -> None:
    """By sign-in and by their provider's own token, though no row names them; whoever is another is not
    mistaken for them."""
    live = await somebody(database, 1)
    await database.privacy.erase(live.user_id, act=ACT)
    person = identity(subject="person-1")
    for _ in range(2):
        with pytest.raises(AccountErased):
            await database.sessions.open(person, new_session(2))
    with pytest.raises(AccountErased):
        await database.callers.find(person.issuer, person.subject)
    for other in (
        replace(person, subject="person-11"),
        replace(person, issuer=person.issuer + "/"),
        replace(person, issuer="https://i", subject="d.example.orgperson-1"),
    ):
        assert await database.callers.find(other.issuer, other.subject) is None
    number = 3
    newcomer = await database.sessions.open(replace(person, subject="person-3"), new_session(number))
    found = await database.callers.find(newcomer.issuer, "person-3")
    assert found == KnownCaller(newcomer.user_id, True, newcomer.roles)
    assert await count(database, "ww_peppers") == 1


async def test_ses_90_they_stay_refused_under_another_secret_key(
    database: SqlDatabase, database_url: str
) -> None:
    """As long as one that opens the pepper is listed; otherwise nobody new is admitted, who might be one of
    them, while everybody known goes on."""
    live = await somebody(database, 1)
    await somebody(database, 2)
    await database.privacy.erase(live.user_id, act=ACT)
    erased, known = identity(subject="person-1"), identity(subject="person-2")
    listed_too = open_database(database_url, sealer=Sealer(OTHER_SECRET, [SECRET]))
    with pytest.raises(AccountErased):
        await listed_too.sessions.open(erased, new_session(3))
    await listed_too.close()
    for sealer in (Sealer(OTHER_SECRET), None):
        lost = open_database(database_url, sealer=sealer)
        for person in (erased, identity(subject="newcomer")):
            with pytest.raises(PepperUnreadable):
                await lost.sessions.open(person, new_session(4))
            with pytest.raises(PepperUnreadable):
                await lost.callers.find(person.issuer, person.subject)
        with pytest.raises(PepperUnreadable):
            await lost.privacy.erase((await lost.sessions.open(known, new_session(5))).user_id, act=ACT)
        await change(lost, "DELETE FROM ww_sessions")
        await lost.close()


async def test_ses_90_a_lost_pepper_lets_nobody_in_and_is_never_replaced(database: SqlDatabase) -> None:
    """A new one would let all who were erased before come back unnoticed."""
    live, other = await somebody(database, 1), await somebody(database, 2)
    await database.privacy.erase(live.user_id, act=ACT)
    await change(database, "DELETE FROM ww_peppers")
    for subject in ("person-1", "newcomer"):
        with pytest.raises(PepperUnreadable, match="restore it from a backup"):
            await database.sessions.open(identity(subject=subject), new_session(3))
    before = await everything(database)
    with pytest.raises(PepperUnreadable):
        await database.privacy.erase(other.user_id, act=ACT)
    assert await everything(database) == before


async def test_ses_90_a_providers_logout_of_the_erased_does_nothing(database: SqlDatabase) -> None:
    """It is taken for what it is, ends nothing, and its word is used up."""
    live = await somebody(database, 1)
    await database.privacy.erase(live.user_id, act=ACT)
    before = await everything(database)
    word = ProviderLogout("dev", ISSUER, None, "person-1", b"d" * 32, LATER)
    ended = await database.provider_logouts.end_sessions(word, now=NOW, tokens_expire_at=LATER)
    assert list(ended or ()) == []
    assert {**await everything(database), "ww_single_use": []} == before


async def test_ses_90_where_nobody_was_erased_no_key_is_needed(database_url: str) -> None:
    """A database that never saw an erasure admits people whatever opens it."""
    database = open_database(database_url)
    assert (await database.sessions.open(identity(), new_session(1))).roles
    await database.close()
