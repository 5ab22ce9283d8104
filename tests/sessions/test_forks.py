"""Processes forked after a database was used and a service started, as a server does that loads first."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from typing import Any

import httpx2
from starlette.applications import Starlette

from tests.servers.forked import FORKS
from tests.sessions.callers import Place, Post, post
from tests.sessions.parts import ISSUER, person
from watchword import Settings, Watchword
from watchword.auth.grants import BROWSER, ClientContext, Grant

WAIT_SECONDS = 60
CHILDREN = 2
SESSIONS = 20
"""Each process has so many; it finds each of them three times, and refreshes it, all at once."""
Work = Callable[[int], Coroutine[Any, Any, None]]


def forked(work: Work) -> int:
    """A child of this very process that does ``work``; it ends with 0 where that went well."""
    pid = os.fork()
    if pid:
        return pid
    signal.alarm(WAIT_SECONDS)
    code = 1
    try:
        asyncio.run(work(os.getpid()))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def in_three_processes(loop: asyncio.AbstractEventLoop, work: Callable[[int], Work]) -> list[int]:
    """``work`` of 1 and 2 in children, then ``work`` of 0 here and at the same time; how children ended."""
    children = [forked(work(number)) for number in range(1, CHILDREN + 1)]
    loop.run_until_complete(work(0)(os.getpid()))
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]


def run_apart(target: Callable[..., None], url: str) -> list[int]:
    """What ``target`` sends from a process of its own, in which nothing else was started."""
    here, there = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=target, args=(url, there), daemon=True)
    process.start()
    there.close()
    try:
        assert here.poll(WAIT_SECONDS), "somebody waits for an answer that another process has read"
        codes: list[int] = here.recv()
        return codes
    finally:
        process.kill()
        process.join()
        here.close()


def fork_with_a_used_database(url: str, results: Connection) -> None:
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()

    async def begin() -> tuple[Post, list[list[Grant]]]:
        here = await post(Place(url), stack)
        opened = [
            [await here.replica.open(f"{process}-{each}") for each in range(SESSIONS)]
            for process in range(CHILDREN + 1)
        ]
        refreshed = [[await here.replica.manager.refresh(each.refresh_token) for each in of] for of in opened]
        manager = here.replica.manager
        await asyncio.gather(*(manager.find(each.session.session_id) for each in refreshed[0]))
        return here, refreshed

    here, grants = loop.run_until_complete(begin())

    async def use(grant: Grant) -> None:
        manager, session = here.replica.manager, grant.session
        found = await asyncio.gather(*(manager.find(session.session_id) for _ in range(3)))
        assert [each and each.user_id for each in found] == [session.user_id] * 3
        refreshed = await manager.refresh(grant.refresh_token)
        assert (refreshed.session.session_id, refreshed.session.generation) == (session.session_id, 3)

    def work(number: int) -> Work:
        async def run(_: int) -> None:
            await asyncio.gather(*(use(grant) for grant in grants[number]))

        return run

    codes = in_three_processes(loop, work)
    loop.run_until_complete(stack.aclose())
    results.send(codes)


def test_ses_53_forked_processes_share_no_connection(database_url: str) -> None:
    """Three processes ask at once through one engine that was opened, and used, before they parted:
    each gets the answers to its own questions, and nobody waits for a thread that was left behind."""
    assert run_apart(fork_with_a_used_database, database_url) == [0] * CHILDREN


def fork_with_a_started_service(url: str, results: Connection) -> None:
    loop = asyncio.new_event_loop()
    auth = Watchword(Settings(base_url=ISSUER, database_url=url))
    app = Starlette()
    auth.install(app)

    async def sign_in() -> Grant:
        return await (await auth.services()).sessions.open(
            person("alice"),
            client_id=BROWSER,
            scopes=frozenset(),
            auth_time=auth.now(),
            provider_sid=None,
            client=ClientContext(),
        )

    grants = [loop.run_until_complete(sign_in()) for _ in range(CHILDREN + 1)]
    started = loop.run_until_complete(auth.services())
    parent = os.getpid()

    def work(number: int) -> Work:
        async def run(pid: int) -> None:
            bearer = {"authorization": f"Bearer {grants[number].access.text}"}
            token = {"refresh_token": grants[number].refresh_token}
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=ISSUER) as client:
                assert (await client.get("/auth/me", headers=bearer)).status_code == 200
                assert (await client.post("/auth/refresh", json=token)).status_code == 200
            assert (await auth.services() is started) == (pid == parent)
            if pid != parent:
                await auth.stop()

        return run

    codes = in_three_processes(loop, work)
    loop.run_until_complete(auth.stop())
    results.send(codes)


def test_ses_53_a_service_that_was_started_before_a_fork_starts_anew_in_each_child(
    database_url: str,
) -> None:
    """With connections, threads and a view of the feed of its own; the one of the parent goes on, and
    stops after them: SQLite in it knows nothing of connections that its children opened by themselves,
    and would take their log away."""
    assert run_apart(fork_with_a_started_service, database_url) == [0] * CHILDREN
