"""A server that a benchmark drives: one uvicorn worker with a bare route and a guarded one.

``python -m benchmarks.subjects.serve MODULE:FUNCTION CREDENTIALS h11|httptools``

The first line on standard output tells port, versions and credentials. Each line on standard input
is answered with the CPU seconds this process has used; its end stops the server.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TextIO

import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from benchmarks.subjects.subject import BARE_PATH, HELLO, Subject

FRAMEWORK = ("fastapi", "starlette", "uvicorn")
_KEEP_ALIVE_SECONDS = 3600


def bare_app() -> FastAPI:
    """The route that nobody guards, in an app that knows nothing of authentication."""
    app = FastAPI()

    @app.get(BARE_PATH)
    async def bare() -> dict[str, str]:
        return HELLO

    return app


class SideBySide:
    """Both apps in one process. Lifespan is the guarded one's."""

    def __init__(self, guarded: FastAPI) -> None:
        self._guarded = guarded
        self._bare = bare_app()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._bare if scope.get("path") == BARE_PATH else self._guarded
        await app(scope, receive, send)


async def serve(subject: Subject, count: int, http: str, channel: TextIO) -> None:
    """Serve until standard input ends.

    The socket names its protocol: asyncio switches Nagle's algorithm off for those only, and uvicorn
    writes head and body of an answer apart, so that the second would wait for the client's delayed
    acknowledgement of the first.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            SideBySide(subject.app),
            http="httptools" if http == "httptools" else "h11",
            lifespan="on",
            access_log=False,
            log_level="warning",
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
        )
    )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            if serving.done():
                raise SystemExit("the app did not start")
            await asyncio.sleep(0.01)
        ready = {
            "port": listening.getsockname()[1],
            "versions": {name: version(name) for name in (*subject.packages, *FRAMEWORK)},
            "credentials": await subject.credentials(count),
        }
        _say(channel, ready)
        asyncio.get_running_loop().add_reader(0, _obey, server, channel)
        await serving


def _obey(server: uvicorn.Server, channel: TextIO) -> None:
    asked = os.read(0, 1024)
    if not asked:
        asyncio.get_running_loop().remove_reader(0)
        server.should_exit = True
    for _ in range(asked.count(b"\n")):
        _say(channel, {"cpu_seconds": time.process_time()})


def _say(channel: TextIO, what: dict[str, Any]) -> None:
    channel.write(json.dumps(what) + "\n")
    channel.flush()


def _loop_factory(http: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop goes with httptools, asyncio with h11."""
    if http == "httptools":
        factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
        return factory
    return asyncio.new_event_loop


def main() -> None:
    """Whatever the subject prints goes to standard error."""
    target, count, http = sys.argv[1:]
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, _, function = target.partition(":")
    subject: Subject = getattr(importlib.import_module(module), function)()
    with asyncio.Runner(loop_factory=_loop_factory(http)) as runner:
        runner.run(serve(subject, int(count), http, channel))


if __name__ == "__main__":
    main()
