"""A refresh token used twice, in every way that is not honest and in those that are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import select, text

from tests.sessions.callers import Call, Place, Post, post
from tests.sessions.parts import ABSOLUTE_SECONDS, IDLE_SECONDS, OVERLAP_SECONDS
from watchword.errors import DatabaseUnavailable, RefreshRefused, RefreshReplayed
from watchword.models import AuditRecord
from watchword.protocol.principal import Principal


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        yield await post(Place(database_url), stack)


async def refresh(here: Post, token: str) -> str:
    return (await here.replica.manager.refresh(token)).refresh_token


async def assert_ended(here: Post, *tokens: str) -> None:
    """None of the tokens works, and none is a replay any more: there is nothing left to end."""
    for token in tokens:
        with pytest.raises(RefreshRefused) as refused:
            await refresh(here, token)
        assert not isinstance(refused.value, RefreshReplayed)


async def execute(here: Post, *statements: str) -> None:
    async with here.database.engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def test_ses_20_the_previous_token_after_the_overlap_ends_the_session(here: Post) -> None:
    """The current token is dead, access tokens are refused, and it is on record once."""
    opened = await here.replica.open()
    second = await here.replica.manager.refresh(opened.refresh_token)
    here.replica.clock.advance(OVERLAP_SECONDS)
    with pytest.raises(RefreshReplayed):
        await refresh(here, opened.refresh_token)
    await assert_ended(here, second.refresh_token, opened.refresh_token)
    for access in (opened.access.text, second.access.text):
        assert not isinstance(await here.replica.identify(access), Principal)
    async with here.database.engine.connect() as connection:
        asked = select(AuditRecord.details).where(AuditRecord.event == "session_ended")
        details = list((await connection.execute(asked)).scalars())
    assert details == [{"reason": "replay"}]


async def test_ses_21_the_grandparent_inside_the_overlap_ends_the_session(here: Post) -> None:
    """Only the immediately previous token has an overlap."""
    first = (await here.replica.open()).refresh_token
    second = await refresh(here, first)
    third = await refresh(here, second)
    with pytest.raises(RefreshReplayed):
        await refresh(here, first)
    await assert_ended(here, first, second, third)


async def test_ses_23_the_successor_answered_twice_is_one_token(here: Post) -> None:
    """No displaced sibling exists that could be mistaken for theft."""
    first = (await here.replica.open()).refresh_token
    second = await refresh(here, first)
    assert await refresh(here, first) == second
    third = await refresh(here, second)
    assert await refresh(here, second) == third
    assert await refresh(here, third) not in (first, second, third)


async def test_ses_24_a_replay_ends_one_session_only(here: Post) -> None:
    """The person's other sessions, and everybody else's, live on."""
    stolen, other, neighbour = [
        (await here.replica.open(subject)).refresh_token for subject in ("alice", "alice", "bob")
    ]
    await refresh(here, stolen)
    here.replica.clock.advance(OVERLAP_SECONDS)
    with pytest.raises(RefreshReplayed):
        await refresh(here, stolen)
    await refresh(here, other)
    await refresh(here, neighbour)


NO_ENDING = {
    "sqlite": [
        "CREATE TRIGGER no_ending BEFORE UPDATE OF revoked_at ON ww_sessions"
        " BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION no_ending() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the disk is gone' USING ERRCODE = '58030'; END $$",
        "CREATE TRIGGER no_ending BEFORE UPDATE OF revoked_at ON ww_sessions"
        " FOR EACH ROW EXECUTE FUNCTION no_ending()",
    ],
}
ENDING_AGAIN = {
    "sqlite": ["DROP TRIGGER no_ending"],
    "postgresql": ["DROP TRIGGER no_ending ON ww_sessions"],
}


async def test_ses_25_a_database_that_fails_while_ending_is_an_outage_and_not_an_answer(here: Post) -> None:
    """503 and never a grant; the next use of the token is still detected, and ends the session."""
    first = (await here.replica.open()).refresh_token
    second = await refresh(here, first)
    third = await refresh(here, second)
    dialect = here.database.engine.dialect.name
    await execute(here, *NO_ENDING[dialect])
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await refresh(here, first)
    fourth = await refresh(here, third)
    await execute(here, *ENDING_AGAIN[dialect])
    with pytest.raises(RefreshReplayed):
        await refresh(here, first)
    await assert_ended(here, first, second, third, fourth)


async def test_ses_27_a_replay_is_known_after_every_process_restarted(database_url: str) -> None:
    """Everything that decides is in the database."""
    place = Place(database_url)
    async with AsyncExitStack() as stack:
        before = await post(place, stack)
        first = (await before.replica.open()).refresh_token
        second = await refresh(before, first)
    async with AsyncExitStack() as stack:
        late = await post(place, stack)
        late.replica.clock.advance(OVERLAP_SECONDS)
        with pytest.raises(RefreshReplayed):
            await refresh(late, first)
        await assert_ended(late, first, second)


async def test_ses_31_idle_slides_and_absolute_never_moves(here: Post) -> None:
    """A hundred rotations a few seconds apart: the session ends when it was to end from the start,
    and not a millisecond earlier."""
    grant = await here.replica.open()
    ends_at = grant.session.absolute_ends_at
    for _ in range(100):
        here.replica.clock.advance((ABSOLUTE_SECONDS - 1) / 100)
        grant = await here.replica.manager.refresh(grant.refresh_token)
        assert grant.session.absolute_ends_at == ends_at
        assert grant.session.idle_ends_at <= ends_at
    here.replica.clock.advance(0.999)
    grant = await here.replica.manager.refresh(grant.refresh_token)
    assert grant.session.idle_ends_at == ends_at
    here.replica.clock.advance(0.001)
    await assert_ended(here, grant.refresh_token)


@pytest.mark.parametrize(("seconds", "alive"), [(-0.001, True), (0, False), (0.001, False)])
async def test_ses_31_an_idle_session_ends_on_its_last_tick(here: Post, seconds: float, alive: bool) -> None:
    """One below, at and one above the edge."""
    token = (await here.replica.open()).refresh_token
    here.replica.clock.advance(IDLE_SECONDS + seconds)
    answer = await here.answer(Call("refresh", token))
    assert answer.outcome == ("granted" if alive else "refused")


async def test_ses_50_clocks_apart_do_not_make_a_session_live_longer_than_they_are_apart(
    database_url: str,
) -> None:
    """Two replicas three seconds apart serve one session; a refresh by the one behind neither
    fails nor moves the absolute end."""
    async with AsyncExitStack() as stack:
        ahead, behind = [await post(Place(database_url), stack) for _ in range(2)]
        ahead.replica.clock.advance(3)
        opened = await ahead.replica.open()
        second = await behind.replica.manager.refresh(opened.refresh_token)
        assert second.session.absolute_ends_at == opened.session.absolute_ends_at
        assert await refresh(ahead, opened.refresh_token) == second.refresh_token
        third = await ahead.replica.manager.refresh(second.refresh_token)
        assert await refresh(behind, second.refresh_token) == third.refresh_token
        behind.replica.clock.advance(2 + OVERLAP_SECONDS)
        assert await refresh(behind, second.refresh_token) == third.refresh_token
        behind.replica.clock.advance(1)
        with pytest.raises(RefreshReplayed):
            await refresh(behind, second.refresh_token)


async def test_what_is_told_never_holds_the_token(here: Post) -> None:
    """Neither error nor repr of a grant shows a secret."""
    grant = await here.replica.open()
    assert grant.refresh_token not in repr(grant)
    assert grant.access.text not in repr(grant)
    await refresh(here, await refresh(here, grant.refresh_token))
    for presented in (grant.refresh_token, grant.refresh_token[:-1], "wtr_" + "A" * 112):
        with pytest.raises(RefreshRefused) as refused:
            await refresh(here, presented)
        assert presented[10:] not in refused.value.detail + str(refused.value) + repr(refused.value)
