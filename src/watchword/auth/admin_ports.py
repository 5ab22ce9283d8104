"""What ``auth`` needs of a database to show administrators people and sessions, and to act for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from watchword.auth.account_ports import Account, AccountStatus, Act, ListedSession
from watchword.protocol.account_search import AccountSearch


@dataclass(frozen=True, slots=True)
class PeopleCount:
    """Accounts by status, those that were erased left out; ``admins`` are active and have the role."""

    active: int = 0
    disabled: int = 0
    admins: int = 0


class AdminStore(Protocol):
    """Every method is one transaction; DatabaseUnavailable when it cannot be had. An erased account is none.

    Those that change something ask, in the same transaction, whether ``act.admin_id`` is an administrator
    still, whose row they lock: two who disable each other cannot both succeed. Raises AdminRequired.
    """

    async def accounts(self, asked: AccountSearch, *, limit: int) -> Sequence[Account]:
        """Newest first, without their identities. Letters of e-mail and name count in either case."""

    async def sessions(self, *, now: datetime, before: UUID | None, limit: int) -> Sequence[ListedSession]:
        """Live sessions of everybody, newest first."""

    async def session(self, session_id: UUID, *, now: datetime) -> ListedSession | None:
        """A live session of whoever it is."""

    async def people(self) -> PeopleCount:
        """Reads every account."""

    async def end_session(self, session_id: UUID, *, act: Act) -> bool:
        """End a session of whoever it is; False when there is none to end."""

    async def end_sessions(self, user_id: UUID, *, act: Act) -> Sequence[UUID] | None:
        """End every session of an account; which those were, None for an account that there is not."""

    async def set_status(self, user_id: UUID, status: AccountStatus, *, act: Act) -> Sequence[UUID] | None:
        """Disable an account or enable it; which sessions ended, None for an account that there is not."""
