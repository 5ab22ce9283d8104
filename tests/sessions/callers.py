"""Callers that are parallel in truth: tasks over several pools, or processes, that start together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Literal
from uuid import UUID

from tests.servers.forked import FORKS
from tests.sessions.accounts import set_active
from tests.sessions.parts import OVERLAP_SECONDS, START, TOKENS_LIVE, Replica, replica
from watchword.auth.account_manager import AccountManager
from watchword.auth.ports import SessionStore
from watchword.errors import RefreshRefused, RefreshReplayed, WatchwordError
from watchword.storage import DatabaseLimits, SqlDatabase, open_database
from watchword.testing import FakeClock

_TOGETHER_SECONDS = 60
PATIENT = DatabaseLimits(pool_seconds=20, connect_seconds=20, statement_seconds=20, busy_seconds=20)
"""So that a slow machine shows a wrong answer, never a late one."""
Through = Callable[[SessionStore], SessionStore]


@dataclass(frozen=True, slots=True)
class Call:
    """``argument`` is a refresh token, the id of a session (``logout``, ``revoke``), the subject of a
    person (``disable``, ``sign-in``), or the id of an account."""

    kind: Literal["refresh", "sign-in", "logout", "revoke", "disable", "everywhere", "close"]
    argument: str
    after_ms: float = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """``outcome`` is ``granted``, ``refused``, ``replayed``, ``done`` or an error's code."""

    outcome: str
    refresh_token: str = ""
    access_token: str = ""
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when the callers meet: one database, at a moment that stands still."""

    url: str
    overlap_seconds: int = OVERLAP_SECONDS
    now: datetime = START


@dataclass(frozen=True, slots=True)
class Post:
    """A replica over a database of its own."""

    replica: Replica
    database: SqlDatabase

    async def answer(self, call: Call) -> Answer:
        await asyncio.sleep(call.after_ms / 1000)
        try:
            return await self._answer(call)
        except RefreshReplayed:
            return Answer("replayed")
        except RefreshRefused:
            return Answer("refused")
        except WatchwordError as error:
            return Answer(error.code)

    async def _answer(self, call: Call) -> Answer:
        manager, clock = self.replica.manager, self.replica.clock
        match call.kind:
            case "refresh":
                grant = await manager.refresh(call.argument)
            case "sign-in":
                grant = await self.replica.open(call.argument)
            case "logout":
                await manager.end(UUID(call.argument), reason="logout")
                return Answer("done")
            case "disable":
                await set_active(self.database, call.argument, False, now=clock.now())
                return Answer("done")
            case "revoke":
                await self._accounts().revoke_session(UUID(call.argument))
                return Answer("done")
            case "everywhere":
                await self._accounts().log_out_everywhere(UUID(call.argument))
                return Answer("done")
            case "close":
                await self._accounts().disable(UUID(call.argument))
                return Answer("done")
        session_id = str(grant.session.session_id)
        return Answer("granted", grant.refresh_token, grant.access.text, session_id)

    def _accounts(self) -> AccountManager:
        return AccountManager(
            self.database.accounts,
            clock=self.replica.clock,
            tokens_live_seconds=int(TOKENS_LIVE.total_seconds()),
            by="cli",
            on_ended=self.replica.feed.note_session,
        )


async def post(place: Place, stack: AsyncExitStack, *, through: Through = lambda store: store) -> Post:
    """Replicas of one database share its keys; ``through`` may put something before the store."""
    database = open_database(place.url, limits=PATIENT)
    stack.push_async_callback(database.close)
    parts = await replica(
        through(database.sessions),
        database.revocations,
        keys=database.keys,
        clock=FakeClock(place.now),
        overlap_seconds=place.overlap_seconds,
    )
    return Post(parts, database)


async def by_tasks(place: Place, groups: Sequence[Sequence[Call]]) -> list[Answer]:
    """All calls at once, each group over a connection pool of its own."""
    async with AsyncExitStack() as stack:
        posts = [await post(place, stack) for _ in groups]
        calls = [each.answer(call) for each, group in zip(posts, groups, strict=True) for call in group]
        return list(await asyncio.wait_for(asyncio.gather(*calls), _TOGETHER_SECONDS))


async def by_processes(place: Place, groups: Sequence[Sequence[Call]]) -> list[Answer]:
    """All calls at once, each group in a process of its own."""
    return await asyncio.to_thread(_by_processes, place, groups)


def _by_processes(place: Place, groups: Sequence[Sequence[Call]]) -> list[Answer]:
    barrier = FORKS.Barrier(len(groups))
    started = []
    try:
        for group in groups:
            here, there = FORKS.Pipe(duplex=False)
            process = FORKS.Process(target=_serve, args=(place, group, barrier, there), daemon=True)
            process.start()
            there.close()
            started.append((process, here))
        answers: list[Answer] = []
        for _, here in started:
            assert here.poll(_TOGETHER_SECONDS), "a caller does not come back"
            answers += here.recv()
        return answers
    finally:
        for process, here in started:
            process.kill()
            process.join()
            process.close()
            here.close()


def _serve(place: Place, group: Sequence[Call], barrier: Barrier, results: Connection) -> None:
    asyncio.run(_serve_group(place, group, barrier, results))


async def _serve_group(place: Place, group: Sequence[Call], barrier: Barrier, results: Connection) -> None:
    async with AsyncExitStack() as stack:
        here = await post(place, stack)
        await asyncio.to_thread(barrier.wait, _TOGETHER_SECONDS)
        results.send(await asyncio.gather(*(here.answer(call) for call in group)))
