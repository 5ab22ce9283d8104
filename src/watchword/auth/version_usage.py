"""Who still calls which version of an API: counted in memory, written down behind the requests."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from watchword.auth.logs import tell
from watchword.auth.ports import Clock
from watchword.auth.version_ports import VersionUsageStore
from watchword.auth.version_tallies import Key, Tallies, version_calls
from watchword.protocol.principal import Identity, Principal

FIRST_SECONDS: Final = 2.0
FLUSH_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 5.0
BATCH: Final = 500
"""Callers written in one transaction, which is as long as other writers of SQLite wait."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class VersionUsage:
    """Counts calls of versions by caller. Counting asks and writes nothing.

    ``follow`` writes every ``flush_seconds``. Where nobody follows, a call that finds nothing
    planned plans one writing so much later. A process that is killed loses what it counted since
    the last one.
    """

    def __init__(
        self,
        store: VersionUsageStore,
        clock: Clock,
        *,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._flush_seconds = flush_seconds
        self._tallies = Tallies()
        self._plan_again_at = _LONG_AGO
        self._planned: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[bool] | None = None
        self._away = False

    def note(self, version: str, *, identity: Identity, network: str, would_refuse: str | None) -> None:
        """Count one call. Never raises, never waits.

        ``network`` is the caller's address, shortened as the privacy setting says, empty where
        none is known or kept; it is used for callers only who are nobody. ``would_refuse`` is the
        code of the refusal that observing held back.
        """
        now = self._clock.now()
        if isinstance(identity, Principal):
            key: Key = (version, identity.user_id, identity.client_id)
        else:
            key = (version, network)
        self._tallies.count(key, now, would_refuse)
        if now >= self._plan_again_at:
            self._plan(now)

    async def follow(self) -> None:
        """Write for ever, the first time soon."""
        self._plan_again_at = _NEVER
        await asyncio.sleep(min(FIRST_SECONDS, self._flush_seconds))
        while True:
            await self.flush()
            await asyncio.sleep(self._flush_seconds)

    async def flush(self) -> bool:
        """Write what was counted; False when that failed and the counts are kept. One writing for
        all who ask meanwhile; who leaves does not end it."""
        writing = self._start()
        await asyncio.wait({writing})
        return not writing.cancelled() and writing.result()

    async def close(self, *, deadline_seconds: float = CLOSE_SECONDS) -> None:
        """Write the rest, as far as that can be done in time; tell what is lost."""
        self._plan_again_at = _NEVER
        if self._planned is not None:
            self._planned.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_seconds):
                while (self._writing is not None or self._tallies.calls) and await self.flush():
                    pass
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait({self._writing})
        lost = self._tallies.calls
        if lost:
            message = "version usage: %d calls could not be written down before the end"
            tell("version_usage_lost", message, lost, calls=lost)

    def _plan(self, now: datetime) -> None:
        """One writing later on, in the running loop; a thread without one leaves it to the next call."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._plan_again_at = now + timedelta(seconds=self._flush_seconds)
        self._planned = loop.call_later(self._flush_seconds, self._start)

    def _start(self) -> asyncio.Task[bool]:
        """The writing under way, or a new one."""
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="watchword version usage writing")
            self._writing.add_done_callback(self._was_written)
        return self._writing

    def _was_written(self, writing: asyncio.Task[bool]) -> None:
        self._writing = None

    async def _write(self) -> bool:
        taken = self._tallies.take()
        keys = list(taken)
        try:
            for start in range(0, len(keys), BATCH):
                batch = keys[start : start + BATCH]
                await self._store.add([version_calls(key, taken[key]) for key in batch])
                for key in batch:
                    del taken[key]
        except Exception as error:
            self._tell(error)
            return False
        finally:
            self._tallies.put_back(taken)
        self._tell(None)
        return True

    def _tell(self, error: Exception | None) -> None:
        """One log line when writing begins to fail and one when it works again."""
        if error is not None and not self._away:
            message = "version usage: kept in memory, the database does not take it: %s"
            tell("version_usage_away", message, error=error)
        elif error is None and self._away:
            tell("version_usage_back", "version usage: the database takes it again")
        self._away = error is not None
