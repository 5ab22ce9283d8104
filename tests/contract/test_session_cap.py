"""Promises of opening a session within bounds: the cap, what it replaces, and who may refuse it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.contract.samples import (
    NOW,
    at_once,
    count,
    identity,
    new_session,
    opened,
    rows,
    session_id,
)
from tests.contract.test_authorization_codes import code
from watchword.auth.account_ports import OpeningTerms, SessionCap, SessionLimitPolicy
from watchword.auth.ports import LiveSession
from watchword.errors import SessionLimitReached, TooManyRoles
from watchword.storage import DatabaseLimits, SqlDatabase, open_database

CAP = 5
SIGN_INS = 50
EVICTING = OpeningTerms(SessionCap(CAP, "evict_oldest"))
REJECTING = OpeningTerms(SessionCap(CAP, "reject"))
PATIENT = DatabaseLimits(pool_seconds=30, connect_seconds=30, statement_seconds=30, busy_seconds=30)
"""So that a slow machine shows a wrong answer, never a late one."""

Replicas = tuple[SqlDatabase, SqlDatabase]


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[Replicas]:
    one, other = open_database(database_url, limits=PATIENT), open_database(database_url, limits=PATIENT)
    yield one, other
    await one.close()
    await other.close()


async def live_ids(database: SqlDatabase) -> set[UUID]:
    listed = await database.accounts.sessions(now=NOW, limit=1000)
    return {each.session_id for each in listed}


async def fill(database: SqlDatabase, sessions: int = CAP, **changes: Any) -> None:
    """Sessions 1 to ``sessions``, opened a second apart, the last of them now."""
    for number in range(1, sessions + 1):
        await opened(database, number, created_at=NOW - timedelta(seconds=sessions - number), **changes)


@pytest.mark.parametrize("policy", ["evict_oldest", "reject"])
async def test_ses_09_the_cap_is_exact_under_parallel_sign_ins(
    replicas: Replicas, policy: SessionLimitPolicy
) -> None:
    """Fifty sign-ins of one person at two replicas: five live sessions afterwards, no error but the
    policy's, and every session that is not live was told to the feed."""
    terms = OpeningTerms(SessionCap(CAP, policy))
    opening = [
        lambda n=n: replicas[n % 2].sessions.open(identity(), new_session(n, terms=terms))
        for n in range(1, SIGN_INS + 1)
    ]
    answers = await at_once(*opening)
    admitted = [each for each in answers if isinstance(each, LiveSession)]
    refused = [each for each in answers if not isinstance(each, LiveSession)]
    assert len(await live_ids(replicas[0])) == CAP
    assert len({each.user_id for each in admitted}) == 1
    assert all(isinstance(each, SessionLimitReached) for each in refused)
    assert len(admitted) == (SIGN_INS if policy == "evict_oldest" else CAP)
    told = {entry.session_id for entry in await replicas[0].revocations.unexpired(now=NOW)}
    assert told == {each.session_id for each in admitted} - await live_ids(replicas[0])


async def test_the_oldest_session_makes_room(database: SqlDatabase) -> None:
    """By the time it was opened, whatever its id; with feed and trail."""
    await fill(database)
    await opened(database, 99, created_at=NOW, terms=EVICTING)
    assert await live_ids(database) == {session_id(number) for number in (2, 3, 4, 5, 99)}
    (entry,) = await database.revocations.unexpired(now=NOW)
    assert (entry.kind, entry.session_id) == ("session", session_id(1))
    assert entry.expires_at == NOW + timedelta(hours=1)
    reasons = await rows(database, "SELECT revoked_reason FROM ww_sessions WHERE revoked_reason IS NOT NULL")
    assert reasons == [("evicted",)]
    ended = await rows(database, "SELECT 1 FROM ww_audit_events WHERE event = 'session_ended'")
    assert len(ended) == 1


async def test_below_the_cap_nobody_goes(database: SqlDatabase) -> None:
    """Four and one more are five."""
    await fill(database, CAP - 1)
    await opened(database, 9, terms=EVICTING)
    assert len(await live_ids(database)) == CAP
    assert await database.revocations.unexpired(now=NOW) == []


async def test_a_lowered_cap_holds_from_the_next_sign_in_on(database: SqlDatabase) -> None:
    """As many go as are too many."""
    await fill(database)
    await opened(database, 9, terms=OpeningTerms(SessionCap(2, "evict_oldest")))
    assert await live_ids(database) == {session_id(5), session_id(9)}


async def test_a_cap_of_one_is_legal(database: SqlDatabase) -> None:
    """The newest session is the only one."""
    for number in range(1, 4):
        terms = OpeningTerms(SessionCap(1, "evict_oldest"))
        await opened(database, number, created_at=NOW + timedelta(seconds=number), terms=terms)
    assert await live_ids(database) == {session_id(3)}


@pytest.mark.parametrize(
    "over",
    [
        {"idle_ends_at": NOW},
        {"idle_ends_at": NOW, "absolute_ends_at": NOW},
        {"idle_ends_at": NOW - timedelta(seconds=1)},
    ],
)
async def test_sessions_that_ran_out_do_not_count(database: SqlDatabase, over: dict[str, Any]) -> None:
    """Nobody is refused or evicted because of what is over anyway."""
    await fill(database, CAP, **over)
    await opened(database, 9, terms=REJECTING)
    assert await live_ids(database) == {session_id(9)}
    assert await database.revocations.unexpired(now=NOW) == []


async def test_sessions_that_were_ended_do_not_count(database: SqlDatabase) -> None:
    """A logout makes room."""
    await fill(database)
    with pytest.raises(SessionLimitReached):
        await opened(database, 9, terms=REJECTING)
    await database.sessions.end(session_id(3), reason="logout", now=NOW, tokens_expire_at=NOW)
    await opened(database, 9, terms=REJECTING)
    assert len(await live_ids(database)) == CAP


async def test_other_people_do_not_count(database: SqlDatabase) -> None:
    """The cap is an account's."""
    await fill(database)
    await database.sessions.open(identity(subject="bob"), new_session(9, terms=REJECTING))
    assert len(await live_ids(database)) == CAP + 1


async def test_every_client_of_an_account_counts(database: SqlDatabase) -> None:
    """Browsers and first-party clients share the account's places."""
    await fill(database, CAP, client_id="app")
    with pytest.raises(SessionLimitReached):
        await opened(database, 9, terms=REJECTING)


async def test_a_session_opened_by_a_code_is_held_to_the_same_cap(database: SqlDatabase) -> None:
    """Refused, the code stays good; admitted, the oldest goes."""
    await fill(database)
    await database.codes.add(code())
    with pytest.raises(SessionLimitReached):
        await database.codes.redeem(code(), identity(), new_session(8, terms=REJECTING))
    assert await database.codes.find(code().digest) == code()
    assert await database.codes.redeem(code(), identity(), new_session(8, terms=EVICTING)) is not None
    assert await live_ids(database) == {session_id(number) for number in (2, 3, 4, 5, 8)}


async def test_a_refused_sign_in_changes_nothing(database: SqlDatabase) -> None:
    """No session, no new profile or roles, nothing in feed or trail."""
    await fill(database)
    before = [await rows(database, f"SELECT * FROM {table}") for table in ("ww_users", "ww_identities")]
    stranger = identity(name="Mallory", roles=frozenset({"other"}))
    with pytest.raises(SessionLimitReached):
        await database.sessions.open(stranger, new_session(9, terms=REJECTING))
    after = [await rows(database, f"SELECT * FROM {table}") for table in ("ww_users", "ww_identities")]
    assert after == before
    assert await count(database, "ww_sessions") == CAP
    assert await count(database, "ww_audit_events") == CAP
    assert await count(database, "ww_revocations") == 0


@pytest.mark.parametrize("terms", [EVICTING, REJECTING])
async def test_the_session_a_sign_in_replaces_does_not_count(
    database: SqlDatabase, terms: OpeningTerms
) -> None:
    """Signing in again in the same browser costs nobody else a session."""
    await fill(database)
    await opened(database, 9, terms=replace(terms, replaces=session_id(4)))
    assert await live_ids(database) == {session_id(number) for number in (1, 2, 3, 5, 9)}
    reason = await rows(database, "SELECT revoked_reason FROM ww_sessions WHERE revoked_at IS NOT NULL")
    assert reason == [("replaced",)]


async def test_a_replaced_session_may_be_somebody_elses_or_gone(database: SqlDatabase) -> None:
    """A browser changes hands; what ended before is no error."""
    await opened(database, 1)
    for number in (2, 3):
        terms = OpeningTerms(replaces=session_id(1))
        await database.sessions.open(identity(subject="bob"), new_session(number, terms=terms))
    assert await live_ids(database) == {session_id(2), session_id(3)}
    assert len(await database.revocations.unexpired(now=NOW)) == 1


async def test_whoever_admits_sees_the_session_and_may_refuse_it(database: SqlDatabase) -> None:
    """The very session that would come out; after a refusal nothing has happened, to others neither."""
    await fill(database)
    seen: list[LiveSession] = []

    def refuse(session: LiveSession) -> None:
        seen.append(session)
        raise TooManyRoles("for a test")

    with pytest.raises(TooManyRoles):
        await opened(database, 9, terms=replace(EVICTING, admit=refuse, replaces=session_id(1)))
    assert len(await live_ids(database)) == CAP
    assert await database.revocations.unexpired(now=NOW) == []
    live = await opened(database, 9, terms=replace(EVICTING, admit=seen.append))
    assert seen == [live, live]
