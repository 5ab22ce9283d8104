"""SES-52: two versions on one database, an upgrade under way, and the way back, while people refresh."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.contract import next_version
from tests.contract.schemas import Schema
from tests.sessions.callers import Call, Place, Post, post
from watchword.migrations import runner, scripts

SESSIONS, ROUNDS, WAIT_SECONDS = 4, 3, 60


@dataclass
class Refreshes:
    """People who refresh without a pause, each time at the next replica; ``failed`` has whatever was not a
    new token."""

    replicas: Sequence[Post]
    counts: list[int] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    over: bool = False
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def go_on(self, token: str) -> None:
        number = len(self.counts)
        self.counts.append(0)
        while not self.over:
            place = (number + self.counts[number]) % len(self.replicas)
            answer = await self.replicas[place].answer(Call("refresh", token))
            if answer.outcome != "granted" or answer.refresh_token == token:
                self.failed.append(answer.outcome)
                self.over = True
            token = answer.refresh_token
            self.counts[number] += 1
            self.moved.set()

    async def some_more(self) -> None:
        """Until everybody has refreshed some times more."""
        enough = [count + ROUNDS for count in self.counts]
        while not self.failed and any(have < need for have, need in zip(self.counts, enough, strict=True)):
            self.moved.clear()
            await self.moved.wait()
        assert self.failed == []

    @asynccontextmanager
    async def running(self, tokens: Sequence[str]) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.go_on(token)) for token in tokens]
        try:
            await asyncio.sleep(0)
            async with asyncio.timeout(WAIT_SECONDS):
                yield
        finally:
            self.over = True
            await asyncio.gather(*tasks)


async def as_the_next_version_writes(url: str) -> None:
    """Values in everything that this version does not know."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE ww_sessions SET place = 'here', bound = true"))
        await connection.execute(text("INSERT INTO ww_session_notes SELECT id, 'new' FROM ww_sessions"))
    await engine.dispose()


async def test_ses_52_nobody_loses_a_refresh_through_upgrade_and_rollback(
    database_url: str, schema: Schema
) -> None:
    """The next version's migration, its rows, a replica of this version that starts on its schema, and the
    migration back, all while replicas of this version refresh: no refresh fails, and the schema is the one
    from before, to the letter."""
    before, place = schema(database_url), Place(database_url)
    async with AsyncExitStack() as stack:
        replicas = [await post(place, stack) for _ in range(2)]
        grants = [await replicas[0].replica.open(f"person-{each}") for each in range(SESSIONS)]
        load = Refreshes(replicas)
        async with load.running([each.refresh_token for each in grants]):
            await load.some_more()
            await next_version.upgrade(database_url)
            await load.some_more()
            await as_the_next_version_writes(database_url)
            await load.some_more()
            await runner.require_up_to_date(database_url)
            replicas.append(await post(place, stack))
            assert (await replicas[-1].answer(Call("sign-in", "somebody new"))).outcome == "granted"
            await load.some_more()
            await next_version.downgrade(database_url)
            await load.some_more()
        assert load.failed == []
    assert schema(database_url) == before
    assert (await runner.status(database_url)).current == scripts.head()
