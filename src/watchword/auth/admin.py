"""What administrators see and do by the admin pages; the audit trail tells of all that concerns people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, Literal, TypeVar
from uuid import UUID

from watchword.auth.account_ports import Account, AccountStatus, AccountStore, Act, ListedSession, actor_told
from watchword.auth.admin_ports import AdminStore, PeopleCount
from watchword.auth.audit_ports import AuditEvent, AuditLog, AuditQuery, RecordedEvent
from watchword.auth.ports import Clock
from watchword.auth.recent_count import RecentCount
from watchword.auth.session_count_ports import SessionCount, SessionCountStore
from watchword.errors import AccountNotFound, OwnAccountKept, SessionNotFound
from watchword.protocol.account_search import AccountSearch, SearchedBy

PAGE_ROWS: Final = 50
MAX_SESSIONS_SHOWN: Final = 100
EVENTS_SHOWN: Final = 20
COUNT_AGAIN_SECONDS: Final = 30.0
"""Counting reads every account and live session, so it is done that often at most, whoever asks."""
_LONGEST_WAIT_SECONDS: Final = 1.0
_LOOKED: Final = frozenset({"account_viewed"})

Row = TypeVar("Row", Account, ListedSession)


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """One page of a list; ``before`` is where the next one goes on, None at the end."""

    rows: Sequence[Row]
    before: UUID | None


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its live sessions and the newest that the audit trail tells of it, but for who
    looked at it: twenty looks would leave no room for anything that happened."""

    account: Account
    sessions: Sequence[ListedSession]
    events: Sequence[RecordedEvent]


@dataclass(frozen=True, slots=True)
class Counts:
    """Accounts by status, live sessions by provider."""

    people: PeopleCount
    sessions: Mapping[str, SessionCount]


class AdminManager:
    """``admin_id`` is always the administrator who asks. ``on_ended`` gets each session that this process
    ended; others learn of it by the feed. Everything raises DatabaseUnavailable."""

    def __init__(
        self,
        store: AdminStore,
        accounts: AccountStore,
        trail: AuditLog,
        counting: SessionCountStore,
        *,
        clock: Clock,
        tokens_live_seconds: int,
        on_ended: Callable[[UUID, datetime], None],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._trail = trail
        self._counting = counting
        self._clock = clock
        self._tokens_live = timedelta(seconds=tokens_live_seconds)
        self._on_ended = on_ended
        self._counts = RecentCount(
            self._count,
            clock,
            again_seconds=COUNT_AGAIN_SECONDS,
            longest_wait_seconds=_LONGEST_WAIT_SECONDS,
        )

    def now(self) -> datetime:
        """Aware UTC, as everything here is measured."""
        return self._clock.now()

    # --- looking --------------------------------------------------------------------------------

    async def counts(self) -> Counts | None:
        """Of the last half minute; None where counting takes longer than a second, at first."""
        return await self._counts.latest()

    async def accounts(self, admin_id: UUID, asked: AccountSearch) -> Listing[Account]:
        """Newest first. The trail tells that somebody looked and by what, never what for."""
        found = await self._store.accounts(asked, limit=PAGE_ROWS + 1)
        rows = found[:PAGE_ROWS]
        await self._tell_listed(admin_id, "accounts", asked.by, len(rows))
        return Listing(rows, rows[-1].user_id if len(found) > PAGE_ROWS else None)

    async def sessions(self, admin_id: UUID, *, before: UUID | None) -> Listing[ListedSession]:
        """Everybody's live sessions, newest first, one more look that the trail tells of."""
        found = await self._store.sessions(now=self._clock.now(), before=before, limit=PAGE_ROWS + 1)
        rows = found[:PAGE_ROWS]
        await self._tell_listed(admin_id, "sessions", "nothing", len(rows))
        return Listing(rows, rows[-1].session_id if len(found) > PAGE_ROWS else None)

    async def person(self, admin_id: UUID, user_id: UUID) -> Person:
        """See ``account``."""
        account = await self.account(admin_id, user_id)
        sessions = await self._accounts.sessions(
            now=self._clock.now(), user_id=user_id, limit=MAX_SESSIONS_SHOWN
        )
        events = await self._trail.events(AuditQuery(user_id=user_id, leave_out=_LOOKED, limit=EVENTS_SHOWN))
        return Person(account, sessions, events)

    async def account(self, admin_id: UUID, user_id: UUID) -> Account:
        """Not shown where the trail cannot tell of it. Raises AccountNotFound."""
        account = await self._accounts.find(user_id)
        if account is None:
            raise AccountNotFound(f"there is no account {user_id}")
        details = actor_told("admin", admin_id)
        await self._trail.record(AuditEvent("account_viewed", self._clock.now(), user_id, details=details))
        return account

    async def session(self, session_id: UUID) -> ListedSession:
        """Raises SessionNotFound for one that is unknown or not live."""
        session = await self._store.session(session_id, now=self._clock.now())
        if session is None:
            raise SessionNotFound(f"there is no live session {session_id}")
        return session

    # --- acting ---------------------------------------------------------------------------------

    async def end_session(self, admin_id: UUID, session_id: UUID) -> None:
        """Raises SessionNotFound, AdminRequired."""
        act = self._act(admin_id)
        if not await self._store.end_session(session_id, act=act):
            raise SessionNotFound(f"there is no session {session_id} to end")
        self._ended([session_id], act)

    async def end_sessions(self, admin_id: UUID, user_id: UUID) -> None:
        """Every session of one person. Raises AccountNotFound, AdminRequired."""
        act = self._act(admin_id)
        self._ended(_known(await self._store.end_sessions(user_id, act=act), user_id), act)

    async def disable(self, admin_id: UUID, user_id: UUID) -> None:
        """Refuse sign-ins of a person and end all their sessions. Raises OwnAccountKept, AccountNotFound,
        AdminRequired. Whoever disables is an administrator and stays one, so one is always left."""
        if admin_id == user_id:
            raise OwnAccountKept(f"administrator {admin_id} wants to disable their own account")
        await self._set_status(admin_id, user_id, "disabled")

    async def enable(self, admin_id: UUID, user_id: UUID) -> None:
        """Let a person sign in again. Raises AccountNotFound, AdminRequired."""
        await self._set_status(admin_id, user_id, "active")

    async def _set_status(self, admin_id: UUID, user_id: UUID, status: AccountStatus) -> None:
        act = self._act(admin_id)
        self._ended(_known(await self._store.set_status(user_id, status, act=act), user_id), act)

    async def _count(self) -> Counts:
        by_provider = await self._counting.by_provider(now=self._clock.now())
        return Counts(await self._store.people(), by_provider)

    async def _tell_listed(
        self, admin_id: UUID, listed: Literal["accounts", "sessions"], searched_by: SearchedBy, found: int
    ) -> None:
        details = {"by": "admin", "listed": listed, "searched_by": searched_by, "found": found}
        await self._trail.record(AuditEvent("accounts_listed", self._clock.now(), admin_id, details=details))

    def _act(self, admin_id: UUID) -> Act:
        now = self._clock.now()
        return Act(now, now + self._tokens_live, "admin", admin_id)

    def _ended(self, sessions: Sequence[UUID], act: Act) -> None:
        for session_id in sessions:
            self._on_ended(session_id, act.tokens_expire_at)


def _known(ended: Sequence[UUID] | None, user_id: UUID) -> Sequence[UUID]:
    if ended is None:
        raise AccountNotFound(f"there is no account {user_id}")
    return ended
