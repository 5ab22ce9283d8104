"""An ending of all sessions beside refreshes and sign-ins, at replicas that know nothing of each other."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from random import Random

from tests.sessions.callers import Call, Place, post
from watchword.auth.all_sessions import AllSessions
from watchword.protocol.principal import Principal
from watchword.storage.all_sessions import SqlAllSessions

SESSIONS = 12


async def test_ses_05_nothing_survives_an_ending_of_all_beside_refreshes(database_url: str) -> None:
    """Two replicas refresh every session while a third ends them in batches of two. Then no refresh token
    works and no access token counts, those given out meanwhile included, before any feed is read as well as
    after; every row says so, once. Who signs in later stays."""
    place, random = Place(database_url), Random("all")  # noqa: S311
    async with AsyncExitStack() as stack:
        here, there, operator = [await post(place, stack) for _ in range(3)]
        grants = [await here.replica.open(f"person-{each}") for each in range(SESSIONS)]
        store = SqlAllSessions(operator.database.transactions)
        store.batch_rows, store.pause_seconds = 2, 0.001
        every = AllSessions(
            store, operator.replica.clock, tokens_live_seconds=3660, absolute_seconds=300, by="cli"
        )
        calls = [Call("refresh", each.refresh_token, random.uniform(0, 15)) for each in grants]
        answers, ended = await asyncio.gather(
            asyncio.gather(*(each.answer(call) for each in (here, there) for call in calls)), every.end()
        )
        assert {each.outcome for each in answers} <= {"granted", "refused"}
        assert ended == SESSIONS
        granted = [each for each in answers if each.outcome == "granted"]
        tokens = [each.refresh_token for each in grants] + [each.refresh_token for each in granted]
        for replica in (here, there):
            assert {(await replica.answer(Call("refresh", each))).outcome for each in tokens} == {"refused"}
            await replica.replica.feed.poll()
            for access in [each.access.text for each in grants] + [each.access_token for each in granted]:
                assert not isinstance(await replica.replica.identify(access), Principal)
            replica.replica.clock.advance(6)
        later = await there.replica.open("person-0")
        assert isinstance(await there.replica.identify(later.access.text), Principal)
        assert (await there.answer(Call("refresh", later.refresh_token))).outcome == "granted"
        assert await every.end() == 0
