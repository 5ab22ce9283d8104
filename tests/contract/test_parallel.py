"""Promises under parallel callers: two engines, as two replicas have, and one truth."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import Any

import anyio
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from tests.contract.keys import NO_RING, key
from tests.contract.samples import (
    NOW,
    at_once,
    count,
    digest,
    identity,
    new_session,
    opened,
    rotation,
    rows,
    session_id,
)
from watchword.auth.ports import LiveSession
from watchword.protocol.rotation import SessionFacts
from watchword.storage import DatabaseLimits, SqlDatabase, open_database

CALLERS = 20
ROUNDS = 10
PATIENT = DatabaseLimits(pool_seconds=20, connect_seconds=20, statement_seconds=20, busy_seconds=20)
"""So that a slow machine shows a wrong answer, never a late one."""


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[tuple[SqlDatabase, SqlDatabase]]:
    one, other = open_database(database_url, limits=PATIENT), open_database(database_url, limits=PATIENT)
    yield one, other
    await one.close()
    await other.close()


Replicas = tuple[SqlDatabase, SqlDatabase]


async def test_ses_10_first_sign_ins_at_once_make_one_account(replicas: Replicas) -> None:
    """Twenty browsers of one new person: one account, one identity, twenty sessions, no error."""
    opening = [
        lambda n=n: replicas[n % 2].sessions.open(identity(), new_session(n)) for n in range(1, CALLERS + 1)
    ]
    lives = await at_once(*opening)
    assert [live for live in lives if not isinstance(live, LiveSession)] == []
    assert len({live.user_id for live in lives}) == 1
    tables = ("ww_users", "ww_identities", "ww_sessions", "ww_audit_events")
    assert [await count(replicas[0], table) for table in tables] == [1, 1, CALLERS, CALLERS]


async def test_sign_ins_at_once_with_different_roles_end_in_one_truth(replicas: Replicas) -> None:
    """Whatever order they took, account and live sessions agree on the version afterwards."""
    await opened(replicas[0], 1000)
    changing = [
        lambda n=n: replicas[n % 2].sessions.open(identity(roles=frozenset({f"role-{n}"})), new_session(n))
        for n in range(1, CALLERS + 1)
    ]
    lives = await at_once(*changing)
    assert [live for live in lives if not isinstance(live, LiveSession)] == []
    versions = await rows(
        replicas[0], "SELECT DISTINCT user_version FROM ww_sessions UNION SELECT version FROM ww_users"
    )
    assert versions == [(CALLERS + 1,)]


async def test_one_of_many_claims_wins(replicas: Replicas) -> None:
    """Twenty claims of one value: True exactly once."""
    claiming = [
        lambda n=n: replicas[n % 2].single_use.claim("attempt", digest(1), expires_at=NOW)
        for n in range(CALLERS)
    ]
    assert sorted(await at_once(*claiming)) == [False] * (CALLERS - 1) + [True]


async def test_one_of_many_first_rings_is_kept(replicas: Replicas) -> None:
    """Replicas that start at once on an empty database make one ring."""
    storing = [
        lambda n=n: replicas[n % 2].keys.replace(NO_RING, [key(f"a{n}", "active"), key(f"n{n}", "next")])
        for n in range(10)
    ]
    assert sorted(await at_once(*storing)) == [False] * 9 + [True]
    ring = (await replicas[0].keys.load()).keys
    assert sorted(stored.state for stored in ring) == ["active", "next"]
    assert len({stored.kid[1:] for stored in ring}) == 1


async def test_ses_01_one_of_many_rotations_wins(replicas: Replicas) -> None:
    """Twenty uses of one refresh token at once: one row changed, nineteen find nothing."""
    await opened(replicas[0])
    for generation in range(1, ROUNDS + 1):
        rotating = [
            lambda n=n, g=generation: replicas[n % 2].sessions.rotate(
                rotation(generation=g, sealed_successor=b"%d" % n)
            )
            for n in range(CALLERS)
        ]
        answers = await at_once(*rotating)
        won = [n for n, live in enumerate(answers) if isinstance(live, LiveSession)]
        assert len(won) == 1
        assert answers.count(None) == CALLERS - 1
        facts = await replicas[0].sessions.facts(session_id(1))
        assert facts is not None
        assert (facts.generation, facts.sealed_successor) == (generation + 1, b"%d" % won[0])


async def test_ses_03_sessions_rotate_independently(replicas: Replicas) -> None:
    """Many sessions at once: each moves by its own rotations only."""
    for number in range(1, 6):
        await opened(replicas[0], number)

    async def chain(number: int) -> None:
        for generation in range(1, ROUNDS + 1):
            live = await replicas[number % 2].sessions.rotate(rotation(number, generation=generation))
            assert live is not None
            assert (live.session_id, live.generation) == (session_id(number), generation + 1)

    answers = await at_once(*(lambda n=n: chain(n) for n in range(1, 6)))
    assert answers == [None] * 5


async def test_ses_04_nothing_rotates_after_an_end(replicas: Replicas) -> None:
    """A rotation beside an end comes before it or not at all; afterwards no token works."""
    for number in range(1, ROUNDS + 1):
        await opened(replicas[0], number)
        live, ended = await at_once(
            lambda n=number: replicas[0].sessions.rotate(rotation(n)),  # type: ignore[misc]
            lambda n=number: replicas[1].sessions.end(  # type: ignore[misc]
                session_id(n), reason="logout", now=NOW, tokens_expire_at=NOW + timedelta(hours=1)
            ),
        )
        assert ended is True
        facts = await replicas[0].sessions.facts(session_id(number))
        assert isinstance(facts, SessionFacts)
        assert facts.revoked_at == NOW
        assert facts.generation == (1 if live is None else 2)
        for generation in (1, 2):
            assert await replicas[0].sessions.rotate(rotation(number, generation=generation)) is None


async def test_ses_05_a_rotation_beside_a_change_of_roles_never_escapes_it(replicas: Replicas) -> None:
    """Its token has the new roles, or its generation is refused by the feed, or it lost and rotates
    again: no token with the old roles lives on."""
    await opened(replicas[0])
    generation = 1
    for number in range(2, ROUNDS + 2):
        role = frozenset({f"role-{number}"})
        rotated, _ = await at_once(
            lambda g=generation: replicas[0].sessions.rotate(rotation(generation=g)),  # type: ignore[misc]
            lambda n=number, r=role: replicas[1].sessions.open(  # type: ignore[misc]
                identity(roles=r), new_session(n)
            ),
        )
        generation += rotated is not None
        refused = [
            entry.generation or 0
            for entry in await replicas[0].revocations.unexpired(now=NOW)
            if entry.session_id == session_id(1)
        ]
        if rotated is not None and rotated.roles != role:
            assert rotated.generation <= max(refused)
        live = await replicas[0].sessions.rotate(rotation(generation=generation))
        assert live is not None
        assert live.roles == role
        assert live.generation > max(refused)
        generation += 1


async def _ask(question: Awaitable[Any]) -> None:
    await question


async def all_in_the_pool(engine: AsyncEngine) -> None:
    """Connections that rotations held go there by themselves as soon as none follows."""
    pool = engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    for _ in range(500):
        if pool.checkedout() == 0:
            return
        await anyio.sleep(0.01)
    raise AssertionError(pool.status())


async def test_cancelled_callers_leave_no_connection_behind(replicas: Replicas) -> None:
    """Callers that go away at any moment cost no connection, and what they began is whole."""
    database = replicas[0]
    await opened(database)
    facts = await database.sessions.facts(session_id(1))
    assert facts is not None
    for pause in range(30):
        async with anyio.create_task_group() as callers:
            callers.start_soon(_ask, database.sessions.find(session_id(1), now=NOW))
            callers.start_soon(_ask, database.sessions.rotate(rotation(generation=facts.generation)))
            callers.start_soon(_ask, database.single_use.claim("c", digest(pause), expires_at=NOW))
            callers.start_soon(_ask, database.sessions.open(identity(), new_session(pause + 10)))
            await anyio.sleep(pause / 5000)
            callers.cancel_scope.cancel()
        await database.transactions.settled()
        await database.sessions.rotate(rotation(999))
        facts = await database.sessions.facts(session_id(1))
        assert facts is not None
        assert facts.refresh_digest == digest(facts.generation)
    assert await database.sessions.rotate(rotation(generation=facts.generation)) is not None
    await all_in_the_pool(database.engine)
    sessions, events = await count(database, "ww_sessions"), await count(database, "ww_audit_events")
    assert sessions == events
