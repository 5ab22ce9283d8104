"""Who accepted the terms in force, known without asking: an acceptance is never taken back.

An account that accepted is remembered until the process ends. One that has not is looked up again, at most
once a second, so that an acceptance at another replica counts here soon. New terms need a restart, after
which nothing is remembered.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final
from uuid import UUID

from watchword.auth.ports import Clock
from watchword.auth.terms_ports import TermsStore
from watchword.errors import AccountRequired, DatabaseUnavailable, SessionEnded, TermsChanged, TermsRequired
from watchword.protocol.principal import Identity, Principal, Rejected
from watchword.protocol.terms import Acceptance, Terms, duty

MAX_REMEMBERED: Final = 200_000
AGAIN_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 1.0


class TermsKeeper:
    """The terms in force and who accepted them. ``terms_url`` is where people accept; ``pending`` counts
    requests of people who had not, ``acceptances`` what this process recorded."""

    def __init__(
        self,
        terms: Terms,
        store: TermsStore,
        clock: Clock,
        *,
        terms_url: str,
        max_remembered: int = MAX_REMEMBERED,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.terms = terms
        self._store = store
        self._clock = clock
        self._url = terms_url
        self._max_remembered = max_remembered
        self._patience_seconds = patience_seconds
        self._accepted: dict[str, None] = {}
        self._not_before: dict[str, float] = {}
        self._looking: dict[str, asyncio.Task[bool]] = {}
        self._failed_at: float | None = None
        self.pending = 0
        self.acceptances = 0

    def remembers(self, caller: Principal) -> bool:
        """Whether the caller's account is known to have accepted."""
        return caller.user_id in self._accepted

    async def admit(self, caller: Principal) -> Identity:
        """``caller``, or refused with who is behind it: terms not accepted, or the database away while
        nothing is known of the account. Waits a second at most, and asks once for all who wait."""
        try:
            match duty(caller):
                case "none":
                    return caller
                case "accept":
                    await self.require(UUID(caller.user_id))
                    return caller
                case "have_an_account":
                    raise self._required("a person without an account here has accepted nothing")
        except TermsRequired as error:
            self.pending += 1
            return Rejected(error, behind=caller)
        except DatabaseUnavailable as error:
            return Rejected(error, behind=caller)

    async def require(self, user_id: UUID) -> None:
        """That the account has accepted. Raises TermsRequired, DatabaseUnavailable."""
        if not await self._has_accepted(str(user_id)):
            raise self._required(f"{user_id} has not accepted {self.terms.version}")

    async def accepted_at(self, user_id: UUID) -> datetime | None:
        """When the account accepted these terms, read anew. Raises DatabaseUnavailable."""
        moment = await self._store.accepted_at(user_id, self.terms)
        if moment is not None:
            self._remember(str(user_id))
        return moment

    async def accept(
        self, user_id: UUID | None, acceptance: Acceptance, *, session_id: UUID | None
    ) -> datetime:
        """Record it; when the account accepted these terms first. It counts here at once.

        Raises TermsChanged, AccountRequired, SessionEnded, DatabaseUnavailable.
        """
        if not acceptance.fits(self.terms):
            raise TermsChanged("other terms were accepted than are in force", version=self.terms.version)
        if user_id is None:
            raise AccountRequired("the caller has no account that could accept terms")
        now = self._clock.now()
        moment = await self._store.accept(user_id, self.terms, now=now, session_id=session_id)
        if moment is None:
            raise SessionEnded("the account was disabled or erased meanwhile")
        self._remember(str(user_id))
        self.acceptances += 1
        return moment

    def _required(self, cause: str) -> TermsRequired:
        return TermsRequired(cause, terms_url=self._url)

    async def _has_accepted(self, user_id: str) -> bool:
        if user_id in self._accepted:
            return True
        if self._clock.monotonic() < self._not_before.get(user_id, 0.0):
            return False
        failed_at = self._failed_at
        if failed_at is not None and self._clock.monotonic() - failed_at < AGAIN_SECONDS:
            raise DatabaseUnavailable("who accepted the terms could not be read a moment ago")
        look = self._look(user_id)
        done, _ = await asyncio.wait({look}, timeout=self._patience_seconds)
        if not done or look.cancelled():
            self._failed_at = self._clock.monotonic()
            raise DatabaseUnavailable("who accepted the terms could not be read in time")
        return look.result()

    def _look(self, user_id: str) -> asyncio.Task[bool]:
        """The look under way, or a new one."""
        look = self._looking.get(user_id)
        if look is None:
            look = asyncio.create_task(self._found(user_id), name="watchword terms")
            self._looking[user_id] = look
            look.add_done_callback(lambda done: self._looked(user_id, done))
        return look

    async def _found(self, user_id: str) -> bool:
        asked_at = self._clock.monotonic()
        if await self._store.accepted_at(UUID(user_id), self.terms) is not None:
            self._remember(user_id)
            return True
        if len(self._not_before) >= self._max_remembered:
            self._not_before.clear()
        self._not_before[user_id] = asked_at + AGAIN_SECONDS
        return user_id in self._accepted

    def _looked(self, user_id: str, look: asyncio.Task[bool]) -> None:
        """Also looks at the outcome, so that asyncio does not report one nobody waited for."""
        del self._looking[user_id]
        failed = look.cancelled() or look.exception() is not None
        self._failed_at = self._clock.monotonic() if failed else None

    def _remember(self, user_id: str) -> None:
        """Whoever was remembered first makes room."""
        self._not_before.pop(user_id, None)
        if len(self._accepted) >= self._max_remembered and user_id not in self._accepted:
            del self._accepted[next(iter(self._accepted))]
        self._accepted[user_id] = None
