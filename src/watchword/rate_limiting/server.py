"""Hits on a Valkey or Redis server, decided there in one step."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Final

from limits.aio.storage import RedisStorage
from valkey.asyncio import BlockingConnectionPool

from watchword.rate_limiting.counter import WindowCounter
from watchword.rate_limiting.shared import PATIENCE_SECONDS

_CONNECTIONS: Final = 8
_KEY_PREFIX: Final = "watchword"


class ServerCounter(WindowCounter):
    """Counts on the server at ``url``. A hit raises whatever keeps it from being counted, and no wait
    on a socket or for a connection is longer than ``patience_seconds``."""

    def __init__(self, url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=patience_seconds,
            socket_timeout=patience_seconds,
            socket_connect_timeout=patience_seconds,
        )
        pool: dict[str, Any] = {"connection_pool": self._pool}
        storage = RedisStorage(url, implementation="valkey", key_prefix=_KEY_PREFIX, **pool)
        super().__init__(storage, time.time)

    async def close(self) -> None:
        """Close the connections; whatever state they are in, that is no fault."""
        with contextlib.suppress(Exception):
            await self._pool.disconnect()
