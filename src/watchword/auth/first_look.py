"""Finding out how a provider does that nobody has asked for anything yet."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from watchword.auth.deadline import operation
from watchword.auth.oauth_client import OAuthClient
from watchword.auth.ports import Clock
from watchword.errors import ProviderCircuitOpen, WatchwordError
from watchword.protocol.breaker import DEFAULT_POLICY

PAUSE_SECONDS: Final = 0.5
LOOK_AGAIN_SECONDS: Final = 30.0
_ATTEMPTS: Final = DEFAULT_POLICY.failures_in_a_row + 1
"""So many that the breaker of a provider that is down is open after them."""


class FirstLook:
    """Fetches metadata and keys of providers of which nothing is known, because somebody wants to know
    how they do: a process that starts in an outage shows it soon, and one that does not has what its
    first sign-in needs."""

    def __init__(
        self, clients: Mapping[str, OAuthClient], clock: Clock, *, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._clients = clients
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._began_at: dict[str, float] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Ask in the background, each provider once in half a minute at most; waits for nothing."""
        now = self._clock.monotonic()
        for provider_id, client in self._clients.items():
            began_at = self._began_at.get(provider_id)
            recently = began_at is not None and now - began_at < LOOK_AGAIN_SECONDS
            if recently or client.health().metadata_age_seconds is not None:
                continue
            self._began_at[provider_id] = now
            task = asyncio.create_task(self._meet(client), name="watchword first look")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def settled(self) -> None:
        """Wait until every look that was begun is over."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()
        await self.settled()

    async def _meet(self, client: OAuthClient) -> None:
        """Until it has answered, or its breaker is open and looked at by others."""
        for _ in range(_ATTEMPTS):
            try:
                with operation():
                    metadata = await client.metadata()
                    if metadata.jwks_uri:
                        await client.keys.current(metadata.jwks_uri, "provider")
                return
            except ProviderCircuitOpen:
                return
            except WatchwordError:
                await asyncio.sleep(self._pause_seconds)
