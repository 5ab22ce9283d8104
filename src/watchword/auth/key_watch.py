"""Keeps a replica's signing keys up to date: read on a schedule and on news, rotated when that is due."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from watchword.auth.flight import Flight
from watchword.auth.jitter import jitter
from watchword.auth.key_manager import KeyManager
from watchword.auth.keyring import PATIENCE_SECONDS, Keyring
from watchword.auth.logs import cause_of, tell
from watchword.auth.ports import Clock
from watchword.protocol.key_ring import due

DATABASE_LOOK_SECONDS: Final = 5.0
ELSEWHERE_LOOK_SECONDS: Final = 60.0
"""How often a ring is read: of a vault, at most once a minute."""
DATABASE_COOLDOWN_SECONDS: Final = 1.0
ELSEWHERE_COOLDOWN_SECONDS: Final = 30.0
"""For how long no unknown key id makes it be read again."""
WRITE_USES_SECONDS: Final = 60.0
_STRAY: Final = 0.25
_NEWS_SECONDS: Final = 1.0
"""News, too, has it read at most once a second."""


def look_seconds(place: str) -> float:
    """How often the ring of a store is read."""
    return DATABASE_LOOK_SECONDS if place == "database" else ELSEWHERE_LOOK_SECONDS


def cooldown_seconds(place: str) -> float:
    """How often unknown key ids may have it read."""
    return DATABASE_COOLDOWN_SECONDS if place == "database" else ELSEWHERE_COOLDOWN_SECONDS


class KeyWatch:
    """``follow`` for as long as the app runs; where no lifespan runs, ``on_use`` with every request."""

    def __init__(self, keyring: Keyring, manager: KeyManager, clock: Clock) -> None:
        self._keyring = keyring
        self._manager = manager
        self._clock = clock
        self._every_seconds = look_seconds(keyring.ring.place)
        self._looking: Flight[None] = Flight()
        self._looked_at = self._wrote_at = clock.monotonic()
        self._said: str | None = None

    async def follow(self) -> None:
        """Look for ever, whatever fails."""
        while True:
            stray_seconds = self._every_seconds * _STRAY * abs(jitter())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._keyring.news.wait(), self._every_seconds + stray_seconds)
            await self.look()
            await asyncio.sleep(min(_NEWS_SECONDS, self._every_seconds))

    async def on_use(self) -> None:
        """Look, where that was not done for a while or there is news; nobody waits long for it."""
        age_seconds = self._clock.monotonic() - self._looked_at
        if age_seconds < _NEWS_SECONDS or not (
            self._keyring.news.is_set() or age_seconds >= self._every_seconds
        ):
            return
        await asyncio.wait({self._looking.begin(self.look)}, timeout=PATIENCE_SECONDS)

    async def look(self) -> None:
        """Read the ring, change it where that is due, and write down when its keys were used. Raises
        nothing, whatever fails; one log line when changing it begins to fail."""
        self._looked_at = self._clock.monotonic()
        if await self._keyring.reload():
            await self._change()
        if self._clock.monotonic() - self._wrote_at >= WRITE_USES_SECONDS:
            self._wrote_at = self._clock.monotonic()
            with suppress(Exception):
                await self._keyring.uses.write(self._keyring.ring.ledger)

    async def _change(self) -> None:
        try:
            if self._is_due() and await self._manager.rotate_if_due() is not None:
                await self._keyring.reload()
        except Exception as error:
            said = cause_of(error)
            if said != self._said:
                message = "signing keys: the rotation that is due is put off: %s"
                tell("key_rotation_put_off", message, error=error)
            self._said = said
        else:
            self._said = None

    def _is_due(self) -> bool:
        keys, policy = self._keyring.keys, self._keyring.ring.policy
        return self._keyring.needs_repair or due(keys, policy, self._clock.now()) is not None
