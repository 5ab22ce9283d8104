"""The revocation feed: what has ended, known in memory on every replica without asking.

The database's append-only table is read once a second by sequence, and the last minute again for
transactions that committed late.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from watchword.auth.ports import Clock, Revocation, RevocationLog
from watchword.errors import DatabaseUnavailable
from watchword.protocol.access_token import generation_of
from watchword.protocol.principal import Principal

POLL_SECONDS: Final = 1.0
FRESH_SECONDS: Final = 3.0
"""An older view is not trusted without asking the database."""

_READ_AGAIN = timedelta(seconds=60)
_SWEEP_SECONDS: Final = 60.0

logger = logging.getLogger("watchword")


class RevocationFeed:
    """Sessions and generations that ended, until the last token they can concern has expired."""

    def __init__(self, log: RevocationLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._sequence = 0
        self._sessions: dict[str, datetime] = {}
        self._generations: dict[str, tuple[int, datetime]] = {}
        self._read_at: float | None = None
        self._swept_at = clock.monotonic()

    @property
    def age_seconds(self) -> float:
        """How old the view is; infinite before the first reading."""
        return float("inf") if self._read_at is None else self._clock.monotonic() - self._read_at

    def is_revoked(self, caller: Principal) -> bool:
        """Whether the token behind a caller was ended, as far as this view knows."""
        if caller.session_id is None:
            return False
        if caller.session_id in self._sessions:
            return True
        limit = self._generations.get(caller.session_id)
        if limit is None:
            return False
        generation = generation_of(caller.token_id or "")
        return generation is None or generation <= limit[0]

    def note_session(self, session_id: UUID, expires_at: datetime) -> None:
        """Take over an ending of this process without waiting for the next reading."""
        self._sessions[str(session_id)] = expires_at

    async def load(self) -> None:
        """Everything unexpired: read before this replica is ready and after it was cut off."""
        asked_at = self._clock.monotonic()
        for entry in await self._log.unexpired(now=self._clock.now()):
            self._take(entry)
        self._read_at = asked_at

    async def poll(self) -> None:
        """Read what came since. After more than a minute without an answer, read it all."""
        if self.age_seconds > _READ_AGAIN.total_seconds() / 2:
            await self.load()
            return
        asked_at = self._clock.monotonic()
        again_from = self._clock.now() - _READ_AGAIN
        for entry in await self._log.since(self._sequence, again_from=again_from):
            self._take(entry)
        self._read_at = asked_at
        if asked_at - self._swept_at >= _SWEEP_SECONDS:
            self._sweep(asked_at)

    async def follow(self) -> None:
        """Poll for ever; one log line when the database goes away and one when it is back."""
        away = False
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.poll()
            except DatabaseUnavailable as error:
                if not away:
                    logger.warning("revocation feed: the database does not answer: %s", error.detail)
                away = True
            else:
                if away:
                    logger.warning("revocation feed: the database answers again")
                away = False

    def _take(self, entry: Revocation) -> None:
        self._sequence = max(self._sequence, entry.sequence)
        if entry.session_id is None:
            return
        session = str(entry.session_id)
        if entry.kind == "session":
            self._sessions[session] = entry.expires_at
        elif entry.kind == "generation" and entry.generation is not None:
            known = self._generations.get(session, (0, entry.expires_at))
            self._generations[session] = (max(known[0], entry.generation), max(known[1], entry.expires_at))

    def _sweep(self, at: float) -> None:
        now = self._clock.now()
        self._sessions = {each: ends for each, ends in self._sessions.items() if ends > now}
        self._generations = {each: known for each, known in self._generations.items() if known[1] > now}
        self._swept_at = at
