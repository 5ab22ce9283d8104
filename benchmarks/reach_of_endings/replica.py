"""One replica as a process: python -m benchmarks.reach_of_endings.replica PORT WAY, settings as usual."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI

from watchword import Settings, Watchword, require_auth
from watchword.storage import database as storage


class Deaf:
    """``Announcements`` that never come, so that only the look a second remains."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    async def wait(self, *, timeout_seconds: float) -> None:
        await asyncio.sleep(timeout_seconds)

    async def close(self) -> None:
        await self._engine.dispose()


def main(port: int, way: str) -> None:
    if way == "polled":
        vars(storage)["PostgresqlAnnouncements"] = Deaf
    app = FastAPI()
    Watchword(Settings()).install(app)

    @app.get("/private")
    @require_auth
    async def private() -> dict[str, bool]:
        return {"ok": True}

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
