"""Promises of linking: one identity, one account, whoever comes first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.samples import (
    ABSOLUTE,
    NOW,
    at_once,
    change,
    count,
    identity,
    new_session,
    rows,
    session_id,
)
from watchword.auth.account_ports import EmailLink, OpeningTerms
from watchword.auth.ports import LiveSession, ProviderIdentity
from watchword.errors import IdentityLinkedElsewhere, LinkSessionEnded, TooManyRoles, UserDisabled
from watchword.storage import DatabaseLimits, SqlDatabase, open_database

PATIENT = DatabaseLimits(pool_seconds=20, connect_seconds=20, statement_seconds=20, busy_seconds=20)
"""So that a slow machine shows a wrong answer, never a late one."""

ELSEWHERE = "https://other.example.org"
PEOPLE = 6

Replicas = tuple[SqlDatabase, SqlDatabase]


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[Replicas]:
    one, other = open_database(database_url, limits=PATIENT), open_database(database_url, limits=PATIENT)
    yield one, other
    await one.close()
    await other.close()


def second(**changes: Any) -> ProviderIdentity:
    """The identity that is linked: the same subject, name and address at another issuer."""
    return identity(
        **{"provider_id": "other", "issuer": ELSEWHERE, "roles": frozenset({"editor"}), **changes}
    )


async def linked(database: SqlDatabase, number: int, *, to: int, **terms: Any) -> LiveSession:
    """Session ``number``, opened by linking ``second`` to the account of session ``to``."""
    asked = OpeningTerms(replaces=session_id(to), link=True, **terms)
    return await database.sessions.open(second(), new_session(number, terms=asked))


async def test_linking_gives_the_account_one_more_identity(replicas: Replicas) -> None:
    """The roles of both count, the session it began in ends, live tokens learn of it."""
    database = replicas[0]
    first = await database.sessions.open(identity(), new_session(1))
    other = await database.sessions.open(identity(), new_session(2))
    live = await linked(database, 3, to=1)
    assert live.user_id == first.user_id == other.user_id
    assert (live.issuer, live.provider_id) == (ELSEWHERE, "other")
    assert live.roles == frozenset({"admin", "orders:read", "editor"})
    assert await database.sessions.find(session_id(1), now=NOW) is None
    assert [await count(database, table) for table in ("ww_users", "ww_identities")] == [1, 2]
    told = {(each.kind, each.session_id) for each in await database.revocations.unexpired(now=NOW)}
    assert {("session", session_id(1)), ("generation", session_id(2))} <= told
    again = await database.sessions.open(second(), new_session(4))
    assert again.user_id == first.user_id


async def test_linking_without_new_roles_is_told_as_well(replicas: Replicas) -> None:
    """Whoever came by the other provider's own token was nobody's caller until now, and is remembered."""
    database = replicas[0]
    await database.sessions.open(identity(), new_session(1))
    asked = OpeningTerms(replaces=session_id(1), link=True)
    await database.sessions.open(replace(second(), roles=frozenset()), new_session(2, terms=asked))
    told = [each for each in await database.revocations.unexpired(now=NOW) if each.kind == "subject"]
    assert {(each.issuer, each.generation) for each in told} == {(identity().issuer, 1), (ELSEWHERE, 1)}


async def test_one_identity_wanted_by_many_goes_to_one(replicas: Replicas) -> None:
    """People who link it at once, and its own first sign-in: one account has it, the others are told
    and keep what they had; no error of any other kind, nothing left behind."""
    for number in range(1, PEOPLE + 1):
        await replicas[0].sessions.open(identity(subject=f"person-{number}"), new_session(number))
    calls = [lambda n=n: linked(replicas[n % 2], 100 + n, to=n) for n in range(1, PEOPLE + 1)]
    answers = await at_once(*calls, lambda: replicas[0].sessions.open(second(), new_session(200)))
    opened = [each for each in answers if isinstance(each, LiveSession)]
    refused = [each for each in answers if isinstance(each, IdentityLinkedElsewhere)]
    assert len(opened) + len(refused) == PEOPLE + 1
    owners = await rows(replicas[0], f"SELECT user_id FROM ww_identities WHERE issuer = '{ELSEWHERE}'")
    assert len(owners) == 1
    assert len({live.user_id for live in opened}) == 1
    assert await count(replicas[0], "ww_identities") == PEOPLE + 1


async def test_linking_twice_at_once_links_once(replicas: Replicas) -> None:
    """Two tabs: one of them replaces the session both began in, the other comes too late."""
    await replicas[0].sessions.open(identity(), new_session(1))
    answers = await at_once(*(lambda n=n: linked(replicas[n], 10 + n, to=1) for n in (0, 1)))
    assert sorted(type(each).__name__ for each in answers) == ["LinkSessionEnded", "LiveSession"]
    assert [await count(replicas[0], table) for table in ("ww_users", "ww_identities")] == [1, 2]


async def test_nothing_is_linked_without_a_live_session(replicas: Replicas) -> None:
    """Unknown, ended, run out, or of somebody who was disabled (LK-5): no row changes."""
    database = replicas[0]
    await database.sessions.open(identity(), new_session(1))
    await database.sessions.open(identity(), new_session(2))
    await database.sessions.end(session_id(2), reason="logout", now=NOW, tokens_expire_at=NOW + ABSOLUTE)
    for gone in (2, 99):
        with pytest.raises(LinkSessionEnded):
            await linked(database, 3, to=gone)
    late = OpeningTerms(replaces=session_id(1), link=True)
    later = new_session(3, created_at=NOW + ABSOLUTE, absolute_ends_at=NOW + 2 * ABSOLUTE, terms=late)
    with pytest.raises(LinkSessionEnded):
        await database.sessions.open(second(), later)
    await change(database, "UPDATE ww_users SET status = 'disabled'")
    with pytest.raises(UserDisabled):
        await linked(database, 3, to=1)
    assert [await count(database, table) for table in ("ww_users", "ww_identities")] == [1, 1]


async def test_a_session_that_is_refused_links_nothing(replicas: Replicas) -> None:
    """More roles than a cookie can carry: neither identity nor session, and the old one goes on."""

    def refuse(_: LiveSession) -> None:
        raise TooManyRoles("for the test")

    database = replicas[0]
    await database.sessions.open(identity(), new_session(1))
    with pytest.raises(TooManyRoles):
        await linked(database, 2, to=1, admit=refuse)
    assert await count(database, "ww_identities") == 1
    assert await database.sessions.find(session_id(1), now=NOW) is not None


async def test_ses_10_first_sign_ins_at_once_link_by_address_once(replicas: Replicas) -> None:
    """Many browsers of one person whose address has an account: one identity more, all of them in."""
    link = EmailLink("Alice@example.org", lambda provider_id, *_: provider_id == "dev")
    first = await replicas[0].sessions.open(identity(), new_session(1))
    answers = await at_once(
        *(
            lambda n=n: replicas[n % 2].sessions.open(
                second(), new_session(10 + n, terms=OpeningTerms(email_link=link))
            )
            for n in range(PEOPLE)
        )
    )
    assert [each for each in answers if not isinstance(each, LiveSession)] == []
    assert {live.user_id for live in answers} == {first.user_id}
    assert [await count(replicas[0], table) for table in ("ww_users", "ww_identities")] == [1, 2]


async def test_an_address_links_to_one_account_that_has_it_from_another_issuer(replicas: Replicas) -> None:
    """The same issuer says by another subject that it is somebody else; two with the address are none."""
    database = replicas[0]
    first = await database.sessions.open(identity(), new_session(1))
    terms = OpeningTerms(email_link=EmailLink("Alice@example.org", lambda *_: True))
    successor = await database.sessions.open(identity(subject="bob"), new_session(3, terms=terms))
    assert successor.user_id != first.user_id
    ambiguous = await database.sessions.open(second(), new_session(4, terms=terms))
    assert ambiguous.user_id not in (first.user_id, successor.user_id)
