"""Who asks too often is told when to come back, before anything is done for them."""

from __future__ import annotations

import hmac
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol, get_args
from uuid import UUID

from watchword.config.rate_limits import LimitName, RateLimit
from watchword.errors import RateLimited
from watchword.protocol.client_ip import counted_address

REFRESHES_PER_SESSION: Final = RateLimit(60, 60)
COUNTS: Final = (*get_args(LimitName), "refresh-session", "token-client")
"""What is counted apart: each limit by address, refreshes by session, token requests by client."""
CacheState = Literal["ok", "away", "unknown"]
"""Of the server that processes count on together; unknown before it was first asked."""


class HitCounter(Protocol):
    """Counts hits of a key in a moving window; exact, also for hits that come at the same time."""

    async def hit(self, key: str, limit: RateLimit) -> float | None:
        """Count one hit: None when it fits, else the seconds until one will; then nothing is
        counted. Never raises."""

    @property
    def cache_state(self) -> CacheState | None:
        """None where each process counts by itself."""

    def look(self) -> None:
        """Find out in the background how the server that counts does, where no hit just did."""

    async def close(self) -> None: ...


class RateLimits:
    """Counts by address, by session and by client.

    Both are hashed under ``key`` first: where hits are counted, no address can be read. Replicas
    with the same key count together.
    """

    def __init__(
        self, counter: HitCounter, limit_of: Callable[[LimitName], RateLimit | None], key: bytes
    ) -> None:
        self._counter = counter
        self._limit_of = limit_of
        self._key = key
        self._refused = Counter[str](dict.fromkeys(COUNTS, 0))

    @property
    def refused(self) -> Mapping[str, int]:
        """How many requests this process has refused, by what was counted."""
        return self._refused

    def cache_state(self) -> CacheState | None:
        """As it was seen last; also begins to find out where nobody has asked for a while."""
        self._counter.look()
        return self._counter.cache_state

    async def check_address(self, name: LimitName, address: str | None) -> None:
        """Count one request. Raises RateLimited; unknown addresses share one count."""
        limit = self._limit_of(name)
        if limit is not None:
            await self._count(name, counted_address(address), limit)

    async def check_session(self, session_id: UUID) -> None:
        """Count one refresh by a token that is genuinely this session's. Raises RateLimited."""
        if self._limit_of("refresh") is not None:
            await self._count("refresh-session", session_id.hex, REFRESHES_PER_SESSION)

    async def check_client(self, client_id: str) -> None:
        """Count one token request of a client that has authenticated. Raises RateLimited."""
        limit = self._limit_of("token")
        if limit is not None:
            await self._count("token-client", client_id, limit)

    async def close(self) -> None:
        await self._counter.close()

    async def _count(self, name: str, subject: str, limit: RateLimit) -> None:
        digest = hmac.digest(self._key, f"{name}\0{subject}".encode(), "sha256").hex()[:32]
        wait_seconds = await self._counter.hit(f"{name}:{digest}", limit)
        if wait_seconds is not None:
            self._refused[name] += 1
            raise RateLimited(f"more than {limit} ({name})", retry_after_seconds=math.ceil(wait_seconds))
