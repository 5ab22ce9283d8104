"""Processes killed and callers gone in the middle of a refresh, on both databases."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from random import Random
from time import sleep
from typing import NoReturn

import pytest
from sqlalchemy.pool import QueuePool

from tests.servers.forked import FORKS
from tests.sessions.callers import Call, Place, Post, post
from tests.sessions.faults import Fault, FaultyStore, Moment, away
from tests.sessions.parts import OVERLAP_SECONDS
from watchword.auth.ports import SessionStore
from watchword.errors import RefreshReplayed

DEATH_SECONDS = 60
RANDOM_DEATHS = 12
MOMENTS: list[Moment] = ["before", "after"]


@pytest.fixture
async def here(database_url: str) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        yield await post(Place(database_url), stack)


async def works(here: Post, token: str) -> str:
    """The successor of a token that must work."""
    answer = await here.answer(Call("refresh", token))
    assert answer.outcome == "granted"
    return answer.refresh_token


async def assert_dead(here: Post, *tokens: str) -> None:
    for token in tokens:
        assert (await here.answer(Call("refresh", token))).outcome in ("refused", "replayed")


async def struck_post(
    place: Place, stack: AsyncExitStack, *, strike: Callable[[str], NoReturn] = away
) -> tuple[Post, FaultyStore]:
    """A replica and the faulty store it works with."""
    stores: list[FaultyStore] = []

    def through(inner: SessionStore) -> SessionStore:
        stores.append(FaultyStore(inner, strike=strike))
        return stores[0]

    return await post(place, stack, through=through), stores[0]


def die(moment: str) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError(f"still alive {moment} the call")


def refresh_and_die(place: Place, token: str, fault: Fault) -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            there, store = await struck_post(place, stack, strike=die)
            store.arm(fault)
            await there.answer(Call("refresh", token))

    asyncio.run(run())


def killed_at(place: Place, token: str, fault: Fault) -> None:
    """A process that presents ``token`` and is killed (SIGKILL) at one call of the store."""
    process = FORKS.Process(target=refresh_and_die, args=(place, token, fault), daemon=True)
    process.start()
    process.join(DEATH_SECONDS)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("moment", MOMENTS)
async def test_ses_42_killed_around_the_rotation(here: Post, database_url: str, moment: Moment) -> None:
    """Whether it was committed or not: the client goes on with the token it holds, to one live
    token; outside the overlap that was the last time."""
    held = (await here.replica.open()).refresh_token
    await asyncio.to_thread(killed_at, Place(database_url), held, Fault(0, moment))
    successor = await works(here, held)
    assert await works(here, held) == successor
    newest = await works(here, successor)
    here.replica.clock.advance(OVERLAP_SECONDS)
    with pytest.raises(RefreshReplayed):
        await here.replica.manager.refresh(successor)
    await assert_dead(here, held, successor, newest)


@pytest.mark.parametrize("call", [0, 1, 2])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_ses_42_killed_while_answering_again(
    here: Post, database_url: str, call: int, moment: Moment
) -> None:
    """The second answer got lost too; the third is still the same."""
    held = (await here.replica.open()).refresh_token
    successor = await works(here, held)
    await asyncio.to_thread(killed_at, Place(database_url), held, Fault(call, moment))
    assert await works(here, held) == successor
    await works(here, successor)


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("moment", MOMENTS)
async def test_ses_42_killed_while_a_replay_is_being_ended(
    here: Post, database_url: str, call: int, moment: Moment
) -> None:
    """Either the session has ended, or the next use of the old token ends it."""
    old = (await here.replica.open()).refresh_token
    tokens = [old, await works(here, old)]
    tokens.append(await works(here, tokens[-1]))
    await asyncio.to_thread(killed_at, Place(database_url), old, Fault(call, moment))
    expected = "refused" if (call, moment) == (2, "after") else "replayed"
    assert (await here.answer(Call("refresh", old))).outcome == expected
    await assert_dead(here, *tokens)


def refresh_for_ever(place: Place, token: str, client: Connection) -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            there = await post(place, stack)
            held = token
            while True:
                held = (await there.answer(Call("refresh", held))).refresh_token
                client.send(held)

    asyncio.run(run())


def killed_at_random(place: Place, token: str, random: Random) -> str:
    """A process that refreshes without a pause, killed somewhere; what its client received last."""
    client, server = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=refresh_for_ever, args=(place, token, server), daemon=True)
    process.start()
    server.close()
    held = token
    for _ in range(random.randrange(3)):
        assert client.poll(DEATH_SECONDS)
        held = client.recv()
    sleep(random.uniform(0, 0.01))
    process.kill()
    process.join()
    try:
        while client.poll(DEATH_SECONDS):
            held = client.recv()
    except (EOFError, OSError):
        client.close()
    return held


async def test_ses_42_killed_anywhere(here: Post, database_url: str) -> None:
    """One session outlives process after process: its client's last token, or the one a retry
    brings for it, always works."""
    random = Random(42)  # noqa: S311
    held = (await here.replica.open()).refresh_token
    for _ in range(RANDOM_DEATHS):
        held = await asyncio.to_thread(killed_at_random, Place(database_url), held, random)
        held = await works(here, held)
    here.replica.clock.advance(OVERLAP_SECONDS)
    await works(here, held)


async def settle(here: Post) -> None:
    """Let everything end that a cancelled caller left behind; no connection stays away."""
    await here.database.transactions.settled()
    pool = here.database.engine.pool
    assert isinstance(pool, QueuePool)
    for _ in range(1000):
        if pool.checkedout() == 0:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(pool.status())


async def test_ses_40_a_caller_that_left_in_mid_refresh_goes_on(here: Post) -> None:
    """Cancelled at thirty points of a rotation: the token it holds works inside the overlap, no
    connection stays away from the pool, and one token is alive."""
    held = (await here.replica.open()).refresh_token
    for turn in range(30):
        task = asyncio.ensure_future(here.replica.manager.refresh(held))
        for _ in range(turn % 10):
            await asyncio.sleep(0)
        await asyncio.sleep(turn // 10 * 0.0005)
        task.cancel()
        (left,) = await asyncio.gather(task, return_exceptions=True)
        assert not isinstance(left, Exception)
        await settle(here)
        successor = await works(here, held)
        assert await works(here, held) == successor
        held = successor


@pytest.mark.parametrize("by", ["replay", "logout"])
async def test_a_caller_that_left_does_not_hold_an_ending_up(database_url: str, by: str) -> None:
    """Once a replay is seen, or a logout has begun, the session ends whether or not somebody is
    left to be told: a closed tab does not undo a logout, nor a thief's hanging up the alarm."""
    async with AsyncExitStack() as stack:
        here, store = await struck_post(Place(database_url), stack)
        for turns in range(6):
            old = await here.replica.open()
            await works(here, await works(here, old.refresh_token))
            manager, session_id = here.replica.manager, old.session.session_id
            store.arm(None)
            task: asyncio.Future[object]
            if by == "replay":
                task = asyncio.ensure_future(manager.refresh(old.refresh_token))
            else:
                task = asyncio.ensure_future(manager.end(session_id, reason="logout"))
            await until_asked(store, "end")
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await settle(here)
            facts = await here.database.sessions.facts(session_id)
            assert facts is not None
            assert facts.revoked_at is not None


async def until_asked(store: FaultyStore, name: str) -> None:
    for _ in range(1_000_000):
        if name in store.calls:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{name} was never asked")
