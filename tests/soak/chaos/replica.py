"""A replica of the API of a chaos run: an app as anybody writes it, whose clock and resolver can be wrong.

``python -m tests.soak.chaos.replica PORT FILE`` reads ``WATCHWORD_*`` settings; FILE holds what is wrong.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from watchword import CurrentPrincipal, Watchword, require_auth
from watchword.auth.clock import SystemClock
from watchword.serving.logs import logging_config
from watchword.serving.server import options

LOOK_SECONDS: Final = 0.1
PROVIDER_HOST: Final = "localhost"


class Wrong(BaseModel):
    """The time of day is so many seconds ahead; names are found, unknown, or asked for in vain."""

    clock_seconds: float = 0.0
    names: Literal["found", "unknown", "silent"] = "found"


class WrongClock(SystemClock):
    """That of a machine whose time of day somebody sets; seconds since boot go on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.seconds)

    def now_seconds(self) -> int:
        return int(super().now_seconds() + self.seconds)


class World:
    """What this process believes of clock and names, as ``file`` says."""

    def __init__(self, file: Path) -> None:
        self.clock = WrongClock()
        self._file = file
        self._names = "found"

    def look(self) -> None:
        if self._file.exists():
            wrong = Wrong.model_validate(json.loads(self._file.read_text() or "{}"))
            self.clock.seconds, self._names = wrong.clock_seconds, wrong.names

    @asynccontextmanager
    async def watched(self, app: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        looked_up = loop.getaddrinfo

        async def getaddrinfo(host: Any, *rest: Any, **options: Any) -> Any:
            if host == PROVIDER_HOST and self._names == "unknown":
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            if host == PROVIDER_HOST and self._names == "silent":
                await asyncio.sleep(30)
            return await looked_up(host, *rest, **options)

        vars(loop)["getaddrinfo"] = getaddrinfo
        watching = asyncio.create_task(self._watch())
        yield
        watching.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()


def create_app(world: World) -> FastAPI:
    """One guarded route, and watchword's own."""
    world.look()
    app = FastAPI(lifespan=world.watched)

    @app.get("/api/thing")
    @require_auth
    async def thing(caller: CurrentPrincipal) -> dict[str, str]:
        return {"of": str(caller.user_id)}

    Watchword(clock=world.clock).install(app)
    return app


def main() -> None:
    app = create_app(World(Path(sys.argv[2])))
    uvicorn.run(
        app, loop="asyncio", log_config=logging_config("json"), **options("127.0.0.1", int(sys.argv[1]))
    )


if __name__ == "__main__":
    main()
