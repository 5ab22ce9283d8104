"""Processes that are killed (SIGKILL) at one step of what they do with a database.

The steps are not listed but counted, in a first life that nobody ends: each statement on SQLite, as its
own trace tells them, and on PostgreSQL each message before it is sent and its answer before it is read,
as a relay inside the process sees them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import make_url

from tests.servers.forked import FORKS
from tests.sessions.callers import Place, Post, post

DEATH_SECONDS = 60
Life = Callable[[Post, str], Awaitable[object]]


class Steps:
    """Ends this process at step ``last``, counted from 0; None lets it live."""

    def __init__(self, last: int | None) -> None:
        self.names: list[str] = []
        self._last = last
        self._counts = False

    @contextmanager
    def counted(self) -> Iterator[None]:
        self._counts = True
        self.step("begin")
        yield
        self.step("done")
        self._counts = False

    def step(self, name: str) -> None:
        if not self._counts:
            return
        self.names.append(name)
        if len(self.names) - 1 == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def steps_of(place: Place, live: Life, argument: str) -> list[str]:
    """Every step of ``live``, which takes place. ``live`` is a function of a module."""
    here, there = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_run, args=(place, live, argument, None, there), daemon=True)
    process.start()
    there.close()
    try:
        assert here.poll(DEATH_SECONDS)
        names: list[str] = here.recv()
        return names
    finally:
        process.kill()
        process.join()
        here.close()


def killed_at(place: Place, live: Life, argument: str, step: int, *, may_live: bool = False) -> None:
    """``live`` in a process that is killed at that step; ``may_live``: there may be fewer."""
    process = FORKS.Process(target=_run, args=(place, live, argument, step, None), daemon=True)
    process.start()
    process.join(DEATH_SECONDS)
    code = process.exitcode
    process.kill()
    assert code == -signal.SIGKILL or (may_live and code == 0), (step, code)


def _run(place: Place, live: Life, argument: str, last: int | None, results: Connection | None) -> None:
    steps = Steps(last)
    asyncio.run(_live(place, live, argument, steps))
    if results is not None:
        results.send(steps.names)


async def _live(place: Place, live: Life, argument: str, steps: Steps) -> None:
    _trace_sqlite(steps)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(_counted(place.url, steps))
        here = await post(Place(url, place.overlap_seconds, place.now), stack)
        await here.database.ping()
        with steps.counted():
            await live(here, argument)


def _trace_sqlite(steps: Steps) -> None:
    """Every connection that a thread opens from now on tells its statements before they run. While it is
    being made nothing can be asked of it, so that waits until ``sqlite3.connect`` returns."""
    made: list[sqlite3.Connection] = []

    def handle(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect/handle":
            made.append(arguments[0])

    def returned(frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_return" and argument is sqlite3.connect:
            made.pop().set_trace_callback(lambda statement: steps.step(statement.split()[0]))

    sys.addaudithook(handle)
    threading.setprofile(returned)


@asynccontextmanager
async def _counted(url: str, steps: Steps) -> AsyncIterator[str]:
    """The same database; what is said to a PostgreSQL and back is counted on the way."""
    given = make_url(url)
    folder = given.query.get("host")
    if folder is None:
        yield url
        return
    assert isinstance(folder, str)
    with tempfile.TemporaryDirectory(prefix="ww-steps-") as own:
        socket = Path(folder) / ".s.PGSQL.5432"

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _relay(socket, reader, writer, steps)

        server = await asyncio.start_unix_server(serve, Path(own) / ".s.PGSQL.5432")
        yield given.update_query_dict({"host": own}).render_as_string(hide_password=False)
        server.close()


async def _relay(
    socket: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, steps: Steps
) -> None:
    """An answer counts once, however many pieces it comes in."""
    there_reader, there_writer = await asyncio.open_unix_connection(socket)
    answered = True

    async def up() -> None:
        nonlocal answered
        while chunk := await reader.read(65536):
            steps.step("ask")
            answered = False
            there_writer.write(chunk)
        there_writer.close()

    async def down() -> None:
        nonlocal answered
        while chunk := await there_reader.read(65536):
            if not answered:
                answered = True
                steps.step("answer")
            writer.write(chunk)
        writer.close()

    await asyncio.gather(up(), down(), return_exceptions=True)
