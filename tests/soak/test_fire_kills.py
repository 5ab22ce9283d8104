"""SES-42 and SES-13 at length: processes killed at random, and clients that do everything at random."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import pytest

from tests.servers.own_postgres import OwnPostgres, own_postgres
from tests.sessions.callers import Call, Place, Post, post
from tests.sessions.parts import OVERLAP_SECONDS
from tests.sessions.steps import killed_at, steps_of
from tests.sessions.test_deaths import refresh
from tests.soak.fire import Client, assert_all_go_on, http_to, replicas, samples_of, signing_in, told
from tests.soak.timing import SOAK_SECONDS

pytestmark = pytest.mark.soak
MAX_ROUNDS = 500
CLIENTS = 50


@pytest.fixture
def server() -> Iterator[OwnPostgres]:
    with own_postgres() as running:
        yield running


async def outcome(there: Post, token: str) -> str:
    return (await there.answer(Call("refresh", token))).outcome


async def logout(there: Post, token: str) -> None:
    """Presented by somebody who signs out: the session of the token ends."""
    owner = await there.replica.manager.owner(token)
    assert owner is not None
    await there.replica.manager.end(owner[0], reason="logout")


async def test_ses_42_killed_at_a_random_step_of_anything(server: OwnPostgres) -> None:
    """A rotation, the same answer once more, a replay, a logout: up to five hundred deaths. Whoever holds
    an honest token goes on to one live token; an ending is done, or is done when it is asked for again."""
    random = Random(42)  # noqa: S311
    place = Place(server.url)
    done: Counter[str] = Counter()
    until = time.monotonic() + SOAK_SECONDS
    async with AsyncExitStack() as stack:
        here = await post(place, stack)
        first = (await here.replica.open()).refresh_token
        steps = len(await asyncio.to_thread(steps_of, place, refresh, first)) + 8
        while time.monotonic() < until and done.total() < MAX_ROUNDS:
            kind = random.choice(["rotation", "again", "replay", "logout"])
            await die_and_look(here, place, kind, random.randrange(steps))
            done[kind] += 1
    sys.stdout.write(f"killed: {dict(done)}\n")


async def die_and_look(here: Post, place: Place, kind: str, step: int) -> None:
    held = (await here.replica.open()).refresh_token
    tokens = [held]
    for _ in range({"again": 1, "replay": 2}.get(kind, 0)):
        tokens.append((await here.answer(Call("refresh", tokens[-1]))).refresh_token)
    life = logout if kind == "logout" else refresh
    await asyncio.to_thread(killed_at, place, life, held, step, may_live=True)
    if kind in ("rotation", "again"):
        successors = {(await here.answer(Call("refresh", held))).refresh_token for _ in range(2)}
        assert len(successors) == 1
        assert "" not in successors
        if kind == "again":
            assert successors == {tokens[1]}
        newest = (await here.answer(Call("refresh", successors.pop()))).refresh_token
        assert await outcome(here, newest) == "granted"
        return
    if kind == "replay":
        assert await outcome(here, held) in ("replayed", "refused")
    else:
        await logout(here, held)
    for token in tokens:
        assert await outcome(here, token) == "refused"


async def test_ses_42_workers_killed_under_load_sign_nobody_out(server: OwnPostgres, tmp_path: Path) -> None:
    """``kill -9`` for one of three workers after the other while fifty clients refresh as fast as they
    can: connections break, but no answer is a refusal, and everybody goes on."""
    async with signing_in(server.url) as signs_in:
        grants = [await signs_in.open(f"person-{each}") for each in range(CLIENTS)]
    clients = [Client(each.refresh_token, each.access.text) for each in grants]
    killed = 0
    with replicas(tmp_path, server.url, workers=3) as (service,):
        until = time.monotonic() + max(10.0, SOAK_SECONDS)
        async with http_to(service) as http:

            async def live(client: Client) -> None:
                while time.monotonic() < until:
                    if await client.refresh(http) != 200:
                        await asyncio.sleep(0.05)

            living = [asyncio.create_task(live(each)) for each in clients]
            random = Random(1)  # noqa: S311
            while time.monotonic() < until - 3:
                await asyncio.sleep(random.uniform(1, 3))
                workers = workers_of(service.process.pid)
                if len(workers) > 1:
                    os.kill(random.choice(workers), signal.SIGKILL)
                    killed += 1
            await asyncio.gather(*living)
            samples = samples_of(clients)
            sys.stdout.write(f"{killed} workers killed: {told(samples)}\n")
            assert killed
            assert {each.status for each in samples} <= {0, 200, 503}
            await assert_all_go_on(http, clients)


def workers_of(parent: int) -> list[int]:
    """Those that uvicorn's supervisor started, but for the one that tracks shared memory."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(each) for each in children if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]


async def test_ses_01_02_a_hundred_at_once(server: OwnPostgres) -> None:
    """Without an overlap one wins and the session ends; inside it all get one successor."""
    async with AsyncExitStack() as stack:
        strict, lenient = [
            [await post(Place(server.url, overlap_seconds=each), stack) for _ in range(2)]
            for each in (0, OVERLAP_SECONDS)
        ]
        rounds, until = 0, time.monotonic() + SOAK_SECONDS
        while time.monotonic() < until:
            for posts, granted in ((strict, 1), (lenient, 100)):
                token = (await posts[0].replica.open()).refresh_token
                calls = [posts[each % 2].answer(Call("refresh", token)) for each in range(100)]
                answers = await asyncio.gather(*calls)
                counted = Counter(each.outcome for each in answers)
                assert counted["granted"] == granted, counted
                assert counted["granted"] + counted["refused"] + counted["replayed"] == 100, counted
                given = {each.refresh_token for each in answers if each.outcome == "granted"}
                assert len(given) == 1
                alive = await outcome(posts[1], given.pop())
                assert alive == ("granted" if granted > 1 else "refused")
            rounds += 1
    sys.stdout.write(f"{rounds} rounds\n")
