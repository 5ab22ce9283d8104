"""Secrets behind references, read again while the service runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from watchword.auth.flight import Flight
from watchword.auth.jitter import jitter
from watchword.auth.logs import tell
from watchword.auth.secret_reader import SecretReader
from watchword.auth.watched_secret import WatchedSecret

LOOK_SECONDS: Final = 300.0
JITTER_SHARE: Final = 0.2


class SecretWatch:
    """Reads every secret behind a reference again, all of them at once, every five minutes, give or take a
    fifth. Whoever is refused with one asks for that one at once, which needs no task of ours."""

    def __init__(
        self,
        secrets: Sequence[WatchedSecret[Any]],
        reader: SecretReader,
        *,
        look_seconds: float = LOOK_SECONDS,
        draw: Callable[[], float] = jitter,
    ) -> None:
        self._secrets = secrets
        self._reader = reader
        self._look_seconds = look_seconds
        self._draw = draw
        self._flight: Flight[None] = Flight()

    async def follow(self) -> None:
        """Look for ever, whatever fails; the settings were read just before, so it begins by waiting."""
        while True:
            await asyncio.sleep(self._look_seconds * (1 + JITTER_SHARE * self._draw()))
            try:
                await self.look()
            except Exception as error:
                tell("secret_look_failed", "secret watch: a look failed: %s", error=error)

    async def look(self) -> None:
        """Read them now; joins a look that is under way."""
        await asyncio.shield(self._flight.begin(self._look))

    @property
    def failing(self) -> Mapping[str, bool]:
        """By setting, whether its latest reading failed, so that its last value goes on."""
        return {each.setting: each.failing for each in self._secrets if each.source is not None}

    def close(self) -> None:
        """Give up what is under way."""
        self._flight.cancel()
        for each in self._secrets:
            each.close()

    async def _look(self) -> None:
        watched = [(each, each.source.reference) for each in self._secrets if each.source is not None]
        if not watched:
            return
        answers = await self._reader.read({reference for _, reference in watched}, previous=False)
        for each, reference in watched:
            each.take(answers[reference])
