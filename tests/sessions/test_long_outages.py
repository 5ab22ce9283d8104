"""SES-45: an answer is lost and then the database is away for longer than the overlap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import make_url

from tests.servers.line import Line, line_to
from tests.servers.postgres import PostgresServer
from tests.sessions.callers import Call, Place, Post, post
from tests.sessions.parts import OVERLAP_SECONDS
from watchword.errors import DatabaseUnavailable

AWAY_SECONDS = 60

pytestmark = pytest.mark.postgres


@pytest.fixture
async def line(postgres_server: PostgresServer) -> AsyncIterator[Line]:
    async with line_to(postgres_server.socket) as opened:
        yield opened


@pytest.fixture
async def here(line: Line, postgres_url: str) -> AsyncIterator[Post]:
    """A replica that asks by ``line``; its rotation is prepared, as it is after the first."""
    by_line = f"postgresql+asyncpg://postgres@127.0.0.1:{line.port}/{make_url(postgres_url).database}"
    async with AsyncExitStack() as stack:
        made = await post(Place(by_line), stack)
        await made.replica.manager.refresh((await made.replica.open("warm")).refresh_token)
        yield made


async def go_away(here: Post, line: Line) -> None:
    """For a minute, in which a look at the feed fails as it does every second."""
    here.replica.clock.advance(1)
    await line.close()
    with pytest.raises(DatabaseUnavailable):
        await here.replica.feed.catch_up()
    here.replica.clock.advance(AWAY_SECONDS - 1)


async def come_back(here: Post, line: Line) -> None:
    await line.open()
    await here.replica.feed.catch_up()


async def outcome(here: Post, token: str) -> str:
    return (await here.answer(Call("refresh", token))).outcome


@pytest.mark.parametrize("known", [False, True])
async def test_ses_45_whose_answer_an_outage_swallowed_goes_on_after_it(
    here: Post, line: Line, known: bool
) -> None:
    """Rotated, the answer lost, no database for a minute: the token the client holds brings the one
    successor, whether or not the process has heard that the outage is over."""
    held = (await here.replica.open()).refresh_token
    successor = (await here.replica.manager.refresh(held)).refresh_token
    await go_away(here, line)
    assert await outcome(here, held) == DatabaseUnavailable.code
    if known:
        await come_back(here, line)
    else:
        await line.open()
    here.replica.clock.advance(OVERLAP_SECONDS - 2)
    answer = await here.answer(Call("refresh", held))
    assert (answer.outcome, answer.refresh_token) == ("granted", successor)
    assert await outcome(here, successor) == "granted"


async def test_ses_45_after_the_outage_the_overlap_ends(here: Post, line: Line) -> None:
    """Its seconds without a database are made up for, and no more."""
    held = (await here.replica.open()).refresh_token
    successor = (await here.replica.manager.refresh(held)).refresh_token
    await go_away(here, line)
    await come_back(here, line)
    here.replica.clock.advance(OVERLAP_SECONDS)
    assert await outcome(here, held) == "replayed"
    assert await outcome(here, successor) == "refused"


async def test_ses_45_an_outage_hides_no_theft(here: Post, line: Line) -> None:
    """Where the successor was used, the older token is a replay as always."""
    held = (await here.replica.open()).refresh_token
    successor = (await here.replica.manager.refresh(held)).refresh_token
    newest = (await here.replica.manager.refresh(successor)).refresh_token
    await go_away(here, line)
    await line.open()
    assert await outcome(here, held) == "replayed"
    assert await outcome(here, newest) == "refused"
