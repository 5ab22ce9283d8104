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
from watchword.models.faults import is_fault

CHANNEL: Final = "ww_revocations"
_NOTIFY = text(f"NOTIFY {CHANNEL}")
_GATHER_SECONDS = 0.01
_CONNECT_AGAIN_SECONDS = 5.0


async def announce(connection: AsyncConnection) -> None:
    """Told when the transaction commits, and only then."""
    if connection.dialect.name == "postgresql":
        await connection.execute(_NOTIFY)


class PostgresqlAnnouncements:
    """``Announcements`` over one connection of its own, kept open and replaced when it breaks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._heard = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self._proxy: Any = None
        self._closed = False
        in_child(self, PostgresqlAnnouncements._begin_anew)

    async def wait(self, *, timeout_seconds: float) -> None:
        """See the port. Announcements that come close together count as one."""
        if self._connecting is None and not self._closed:
            self._connecting = asyncio.create_task(self._listen(), name="watchword announcements")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._heard.wait(), timeout_seconds)
            await asyncio.sleep(_GATHER_SECONDS)
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
        """Connect until it is done, wait until the connection breaks, and begin again."""
        while True:
            broken = asyncio.Event()
            try:
                self._proxy = await self._engine.raw_connection()
                driver: Any = self._proxy.driver_connection
                driver.add_termination_listener(lambda _, broken=broken: broken.set())
                await driver.add_listener(CHANNEL, lambda *_: self._heard.set())
            except Exception as fault:
                if not is_fault(fault):
                    raise
            else:
                self._heard.set()
                await broken.wait()
            await self._disconnect()
            await asyncio.sleep(_CONNECT_AGAIN_SECONDS)

    async def _disconnect(self) -> None:
        proxy, self._proxy = self._proxy, None
        if proxy is not None:
            proxy.driver_connection.terminate()
            await greenlet_spawn(proxy.close)
