"""Processes killed (SIGKILL) at every single step of a refresh and of a sign-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.sessions.callers import Call, Place, Post, post
from tests.sessions.parts import OVERLAP_SECONDS, START
from tests.sessions.steps import killed_at, steps_of
from watchword.errors import RefreshReplayed
from watchword.models import Identity, Session, User


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        yield await post(Place(database_url), stack)


@pytest.fixture
async def late(database_url: str) -> AsyncIterator[Post]:
    """A replica on whose clock the overlap is over."""
    async with AsyncExitStack() as stack:
        yield await post(Place(database_url, now=START + timedelta(seconds=OVERLAP_SECONDS)), stack)


async def refresh(there: Post, token: str) -> None:
    """As by cookie: what would come out is looked at before anything is rotated."""
    await there.replica.manager.refresh(token, admit=lambda _: None)


async def sign_in(there: Post, subject: str) -> None:
    await there.replica.open(subject)


async def works(here: Post, token: str) -> str:
    answer = await here.answer(Call("refresh", token))
    assert answer.outcome == "granted"
    return answer.refresh_token


async def test_ses_42_killed_at_any_step_of_a_refresh(here: Post, late: Post, database_url: str) -> None:
    """The client goes on with the token it holds, to one live token, the same however often it asks:
    never neither, and outside the overlap never both."""
    place = Place(database_url)
    names = await asyncio.to_thread(steps_of, place, refresh, (await here.replica.open()).refresh_token)
    for step in range(len(names)):
        held = (await here.replica.open()).refresh_token
        await asyncio.to_thread(killed_at, place, refresh, held, step)
        successor = await works(here, held)
        assert await works(here, held) == successor, names[step]
        newest = await works(here, successor)
        with pytest.raises(RefreshReplayed):
            await late.replica.manager.refresh(successor)
        assert (await late.answer(Call("refresh", newest))).outcome == "refused"


async def test_ses_43_killed_at_any_step_of_a_sign_in(here: Post, database_url: str) -> None:
    """There is everything of it or nothing, and the person signs in again."""
    place = Place(database_url)
    names = await asyncio.to_thread(steps_of, place, sign_in, "first")
    left = []
    for step in after_each_statement(names):
        before = await counted(here)
        await asyncio.to_thread(killed_at, place, sign_in, f"person-{step}", step)
        left.append([now - then for now, then in zip(await counted(here), before, strict=True)])
        await works(here, (await here.replica.open(f"person-{step}")).refresh_token)
    assert left == sorted(left)
    assert [left[0], left[-1]] == [[0, 0, 0], [1, 1, 1]]
    assert all(each in (left[0], left[-1]) for each in left)


def after_each_statement(names: list[str]) -> list[int]:
    """A message that was not sent leaves what the answer before it left."""
    return [step for step, name in enumerate(names) if name != "ask"]


async def counted(here: Post) -> list[int]:
    """How many accounts, identities and sessions there are."""
    async with here.database.engine.connect() as connection:
        return [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (User, Identity, Session)
        ]
