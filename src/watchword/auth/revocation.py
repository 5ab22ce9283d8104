"""The revocation feed: what has ended, known in memory on every replica without asking.

The database's append-only table is read once a second by sequence. Numbers that were passed over are
asked for again at every reading, because transactions commit late, and what is a few seconds old is read
again, because a server that took over may give numbers twice. An announcement, where the database can make
one, only hastens the next reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from watchword.auth.logs import tell
from watchword.auth.outages import Outages
from watchword.auth.ports import AND_EARLIER, Announcements, Clock, Revocation, RevocationLog
from watchword.auth.revoked import Revoked
from watchword.auth.sequence_gaps import SequenceGaps
from watchword.auth.tombstones import ERASED_ISSUER
from watchword.auth.verified_tokens import VerifiedTokens
from watchword.errors import DatabaseUnavailable
from watchword.protocol.principal import Principal

POLL_SECONDS: Final = 1.0
FRESH_SECONDS: Final = 3.0
"""An older view is not trusted without asking the database."""

_READ_AGAIN = timedelta(seconds=60)
READ_AGAIN_EVERY_SECONDS: Final = 15.0
OVERLAP: Final = timedelta(seconds=5)
_SWEEP_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 1.0


class RevocationFeed:
    """This process's view of the feed. ``on_key_news`` gets what is said of signing keys of ours: the id
    of every one that was revoked, also of those from before this process started, and that others rotated.
    ``verified`` lets go of the tokens that an entry is about, and of expired ones. ``foreign`` are those of
    providers' own tokens. ``on_purged`` gets issuer and value of every purge of a provider, once."""

    def __init__(
        self,
        log: RevocationLog,
        clock: Clock,
        *,
        announcements: Announcements | None = None,
        on_key_news: Callable[[str], None] | None = None,
        on_purged: Callable[[str, str], None] | None = None,
        verified: VerifiedTokens | None = None,
        foreign: Sequence[VerifiedTokens] = (),
    ) -> None:
        self._log = log
        self._clock = clock
        self._announcements = announcements
        self._on_key_news = on_key_news
        self._on_purged = on_purged
        self._verified = VerifiedTokens() if verified is None else verified
        self._foreign = tuple(foreign)
        self._all_verified = (self._verified, *foreign)
        self._revoked = Revoked()
        self._gaps = SequenceGaps()
        self._read_at: float | None = None
        self._again_at: float | None = None
        self._minute_again_at: float | None = None
        self._failed_at: float | None = None
        self._swept_at = clock.monotonic()
        self._reading: asyncio.Task[None] | None = None
        self.outages = Outages(clock)

    @property
    def age_seconds(self) -> float:
        """How old the view is; infinite before the first reading."""
        return float("inf") if self._read_at is None else self._clock.monotonic() - self._read_at

    def is_revoked(self, caller: Principal) -> bool:
        """Whether the token behind a caller was ended, as far as this view knows."""
        return self._revoked.covers(caller)

    def is_superseded(self, caller: Principal) -> bool:
        """Whether a revoked token's session itself goes on, so that a refresh brings another."""
        return self._revoked.is_superseded(caller)

    def ended_with_all(self, session_id: UUID) -> bool:
        """Whether a session is one of those that ended all at once, whatever its row says so far."""
        return self._revoked.ended_with_all(str(session_id))

    def note_session(self, session_id: UUID, expires_at: datetime) -> None:
        """Take over an ending of this process without waiting for the next reading."""
        self._revoked.end_session(str(session_id), expires_at)
        self._verified.evict_session(str(session_id))

    def note_token(self, token_id: str, expires_at: datetime) -> None:
        """The same for one token that no session stands behind."""
        self._revoked.end_token(token_id, expires_at)

    async def load(self) -> None:
        """Everything unexpired: read before this replica is ready and after it was cut off."""
        asked_at = self._clock.monotonic()
        self._take_all(await self._log.unexpired(now=self._clock.now()), asked_at)

    async def poll(self) -> None:
        """Read what came since. After half a minute without an answer, read it all."""
        if self.age_seconds > _READ_AGAIN.total_seconds() / 2:
            await self.load()
        else:
            asked_at, gaps = self._clock.monotonic(), self._gaps
            reach = self._reach(asked_at)
            again_from = self._clock.now() - reach
            entries = await self._log.since(gaps.highest, missing=gaps.missing, again_from=again_from)
            self._take_all(entries, asked_at)
            self._was_read_again(reach, asked_at)
        if self._clock.monotonic() - self._swept_at >= _SWEEP_SECONDS:
            self._revoked.forget_expired(self._clock.now())
            for verified in self._all_verified:
                verified.forget_expired(self._clock.now_seconds())
            self._swept_at = self._clock.monotonic()

    def _reach(self, asked_at: float) -> timedelta:
        """How far back is read again: five seconds more than since that was last done, once a second, however
        often endings are announced; now and then a minute, for clocks that lie behind. Else nothing."""
        last, minute = self._again_at, self._minute_again_at
        if last is None or minute is None or asked_at - minute >= READ_AGAIN_EVERY_SECONDS:
            return _READ_AGAIN
        if asked_at - last < POLL_SECONDS:
            return timedelta(0)
        return min(_READ_AGAIN, OVERLAP + timedelta(seconds=asked_at - last))

    def _was_read_again(self, reach: timedelta, asked_at: float) -> None:
        """Only now: a reading that failed has read nothing again."""
        if reach:
            self._again_at = asked_at
        if reach == _READ_AGAIN:
            self._minute_again_at = asked_at

    async def catch_up(self) -> None:
        """Bring a view that is too old up to date: one reading for all who ask for it meanwhile.

        Nobody waits longer than a second, and for a second after that nobody asks again. Raises
        DatabaseUnavailable.
        """
        if self._failed_at is not None and self._clock.monotonic() - self._failed_at < POLL_SECONDS:
            raise DatabaseUnavailable("the revocation feed could not be read a moment ago")
        reading = self._read()
        done, _ = await asyncio.wait({reading}, timeout=_PATIENCE_SECONDS)
        if not done or reading.cancelled():
            self._failed_at = self._clock.monotonic()
            raise DatabaseUnavailable("the revocation feed could not be read in time")
        reading.result()

    async def follow(self) -> None:
        """Read for ever, whatever fails; one log line when the database goes away and one when it is
        back."""
        away = False
        while True:
            await self._pause()
            try:
                await self._read()
            except Exception as error:
                if not away:
                    tell("feed_away", "revocation feed: the database does not answer: %s", error=error)
                away = True
            else:
                if away:
                    tell("feed_back", "revocation feed: the database answers again")
                away = False

    async def _pause(self) -> None:
        if self._announcements is None:
            await asyncio.sleep(POLL_SECONDS)
        else:
            await self._announcements.wait(timeout_seconds=POLL_SECONDS)

    def _read(self) -> asyncio.Task[None]:
        """The reading under way, or a new one."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self.poll(), name="watchword revocation feed reading")
            self._reading.add_done_callback(self._was_read)
        return self._reading

    def _was_read(self, reading: asyncio.Task[None]) -> None:
        if self._reading is reading:
            self._reading = None
        failed = reading.cancelled() or reading.exception() is not None
        self._failed_at = self._clock.monotonic() if failed else None
        if failed:
            self.outages.failed()
        else:
            self.outages.answered()

    def _take_all(self, entries: Sequence[Revocation], asked_at: float) -> None:
        for entry in entries:
            self._take(entry)
        self._gaps.note([entry.sequence for entry in entries], at=asked_at)
        self._read_at = asked_at

    def _take(self, entry: Revocation) -> None:
        if self._revoked.take(entry):
            self._evict(entry)
        of_ours = entry.kind == "key" and entry.issuer is None
        if of_ours and entry.value is not None and self._on_key_news is not None:
            self._on_key_news(entry.value)

    def _evict(self, entry: Revocation) -> None:
        match entry.kind:
            case "session" if entry.value == AND_EARLIER:
                self._verified.clear()
            case "session" | "generation" if entry.session_id is not None:
                self._verified.evict_session(str(entry.session_id))
            case "subject" if entry.issuer == ERASED_ISSUER:
                for verified in self._foreign:
                    verified.clear()
            case "subject" if entry.issuer is not None and entry.value is not None:
                for verified in self._all_verified:
                    verified.evict(entry.issuer, entry.value)
            case "key" if entry.issuer is not None and entry.value is not None:
                if self._on_purged is not None:
                    self._on_purged(entry.issuer, entry.value)
            case _:
                return
