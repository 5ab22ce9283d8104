"""PostgreSQL tells its clients that the revocation feed has grown, so that none waits for its next look.

Only a hint: it does not pass a pooler in transaction mode, and one that is lost costs a second.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import greenlet_spawn

from watchword.auth.forks import in_child
from watchword.auth.logs import tell
from watchword.models.faults import is_fault
from watchword.models.poolers import POOLED

CHANNEL: Final = "ww_revocations"
_NOTIFY = text(f"NOTIFY {CHANNEL}")
_GATHER_SECONDS = 0.01
_CONNECT_AGAIN_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 300.0
"""Behind a pooler, which may be taken away."""
PROBE_SECONDS: Final = 30.0
BEHIND_A_POOLER: Final = "a pooler is in between, so endings are looked for once a second"


async def announce(connection: AsyncConnection) -> None:
    """Told when the transaction commits, and only then."""
    if connection.dialect.name == "postgresql":
        await connection.execute(_NOTIFY)


class PostgresqlAnnouncements:
    """``Announcements`` over one connection of its own, kept open and replaced when it breaks.

    A connection that hears nothing may be one that a firewall forgot, so it is tried every
    ``probe_seconds``. Through a pooler nothing is heard reliably, and none is kept.
    """

    def __init__(self, engine: AsyncEngine, *, probe_seconds: float = PROBE_SECONDS) -> None:
        self._engine = engine
        self._probe_seconds = probe_seconds
        self._heard = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self._proxy: Any = None
        self._closed = False
        self._told_at = 0.0
        self._logged: set[str] = set()
        in_child(self, PostgresqlAnnouncements._begin_anew)

    async def wait(self, *, timeout_seconds: float) -> None:
        """See the port. The first announcement is told at once, those that follow closely as one."""
        if self._connecting is None and not self._closed:
            self._connecting = asyncio.create_task(self._listen(), name="watchword announcements")
        now = asyncio.get_running_loop().time
        with suppress(TimeoutError):
            await asyncio.wait_for(self._heard.wait(), timeout_seconds)
            await asyncio.sleep(max(0.0, self._told_at + _GATHER_SECONDS - now()))
            self._told_at = now()
        self._heard.clear()

    async def close(self) -> None:
        self._closed = True
        connecting, self._connecting = self._connecting, None
        if connecting is not None:
            connecting.cancel()
            await asyncio.wait({connecting})
        await self._disconnect()
        await self._engine.dispose()

    def _begin_anew(self) -> object:
        left = self._heard, self._connecting, self._proxy
        self._heard, self._connecting, self._proxy = asyncio.Event(), None, None
        return left

    async def _listen(self) -> None:
        """Connect until it is done, wait until the connection breaks, and begin again: at once, but not
        more often than once a second."""
        now = asyncio.get_running_loop().time
        while True:
            again_at = now() + _CONNECT_AGAIN_SECONDS
            try:
                self._proxy = await self._engine.raw_connection()
                if self._proxy.info.get(POOLED):
                    self._log(BEHIND_A_POOLER)
                    again_at = now() + _LOOK_AGAIN_SECONDS
                else:
                    await self._hear(self._proxy.driver_connection)
            except Exception as fault:
                if not is_fault(fault):
                    self._log(f"not to be had: {type(fault).__name__}")
            await self._disconnect()
            await asyncio.sleep(max(0.0, again_at - now()))

    async def _hear(self, driver: Any) -> None:
        """Returns when the connection broke, raises when it does not answer."""
        broken = asyncio.Event()
        driver.add_termination_listener(lambda _: broken.set())
        await driver.add_listener(CHANNEL, lambda *_: self._heard.set())
        self._heard.set()
        while not broken.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(broken.wait(), self._probe_seconds)
            if not broken.is_set():
                await driver.execute("SELECT")

    def _log(self, what: str) -> None:
        """Once."""
        if what not in self._logged:
            self._logged.add(what)
            tell("announcements_off", "announcements of the database: %s", what, cause=what)

    async def _disconnect(self) -> None:
        proxy, self._proxy = self._proxy, None
        if proxy is not None:
            proxy.driver_connection.terminate()
            await greenlet_spawn(proxy.close)
