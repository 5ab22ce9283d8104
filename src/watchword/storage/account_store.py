"""Accounts and their sessions in SQL, as people and operators look at them and change them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, String, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from watchword.auth.account_ports import (
    Account,
    AccountIdentity,
    AccountStatus,
    Act,
    ListedSession,
    RoleChange,
)
from watchword.auth.ports import EndReason
from watchword.models import Identity, Session, User
from watchword.models.types import storable_text
from watchword.storage.account_changes import (
    change_roles,
    end_by,
    end_client,
    set_status,
    that_may_have_tokens,
)
from watchword.storage.account_lookup import lock_user
from watchword.storage.ending import is_live
from watchword.storage.transactions import Transactions

_MAX_SEARCH_CHARS = 320
ACCOUNTS = select(User.__table__).where(User.status != "erased")
"""Every account there still is."""


class SqlAccountStore:
    """``AccountStore`` over the tables of accounts and sessions."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def sessions(
        self, *, now: datetime, user_id: UUID | None = None, after: UUID | None = None, limit: int
    ) -> Sequence[ListedSession]:
        statement = select(Session.__table__).where(is_live(now)).order_by(Session.id).limit(limit)
        if user_id is not None:
            statement = statement.where(Session.user_id == user_id)
        if after is not None:
            statement = statement.where(Session.id > after)
        return [listed_session(row) for row in await self._read("list sessions", statement)]

    async def end_session(self, session_id: UUID, *, owner: UUID | None, reason: EndReason, act: Act) -> bool:
        """See the port. One statement, the same for a session that is unknown and one of others."""

        async def work(connection: AsyncConnection) -> bool:
            this = Session.id == session_id
            which = this if owner is None else this & (Session.user_id == owner)
            return bool(await end_by(connection, which, reason, act))

        return await self._transactions.write("end a session", work)

    async def end_sessions(
        self, user_id: UUID, *, keep: UUID | None = None, reason: EndReason, act: Act
    ) -> Sequence[UUID]:
        async def work(connection: AsyncConnection) -> Sequence[UUID]:
            await lock_user(connection, user_id)
            which = that_may_have_tokens(user_id, act)
            return await end_by(
                connection, which if keep is None else which & (Session.id != keep), reason, act
            )

        return await self._transactions.write("end the sessions of an account", work)

    async def end_client(self, client_id: str, *, act: Act) -> Sequence[UUID]:
        """See the port. Its sessions are looked for without an index: it is done by hand, and rarely."""

        async def work(connection: AsyncConnection) -> Sequence[UUID]:
            return await end_client(connection, client_id, act)

        return await self._transactions.write("end the tokens of a client", work)

    async def search(
        self, text: str | None = None, *, after: UUID | None = None, limit: int
    ) -> Sequence[Account]:
        statement = ACCOUNTS.order_by(User.id).limit(limit)
        if after is not None:
            statement = statement.where(User.id > after)
        if text is not None:
            if len(text) > _MAX_SEARCH_CHARS or not storable_text(text):
                return []
            statement = statement.where(or_(_holds(User.email, text), _holds(User.name, text)))
        return [shown_account(row) for row in await self._read("search accounts", statement)]

    async def find(self, user_id: UUID) -> Account | None:
        rows = await self._read("find an account", ACCOUNTS.where(User.id == user_id))
        if not rows:
            return None
        of_account = select(Identity.__table__).where(Identity.user_id == user_id).order_by(Identity.id)
        return shown_account(rows[0], await self._read("find the identities of an account", of_account))

    async def change_roles(self, user_id: UUID, change: RoleChange, *, act: Act) -> Account | None:
        async def work(connection: AsyncConnection) -> bool:
            user = await lock_user(connection, user_id)
            if user is None or user.status == "erased":
                return False
            await change_roles(connection, user, change, act)
            return True

        known = await self._transactions.write("change the roles of an account", work)
        return await self.find(user_id) if known else None

    async def set_status(self, user_id: UUID, status: AccountStatus, *, act: Act) -> Account | None:
        async def work(connection: AsyncConnection) -> bool:
            user = await lock_user(connection, user_id)
            if user is None or user.status == "erased":
                return False
            if user.status != status:
                await set_status(connection, user, status, act)
            return True

        known = await self._transactions.write("change the status of an account", work)
        return await self.find(user_id) if known else None

    async def _read(self, doing: str, statement: Select[Any]) -> list[Row[Any]]:
        async def work(connection: AsyncConnection) -> list[Row[Any]]:
            return list(await connection.execute(statement))

        return await self._transactions.read(doing, work)


def _holds(column: InstrumentedAttribute[str | None], text: str) -> ColumnElement[bool]:
    """Whether the text stands in the column; its ``%`` and ``_`` mean themselves."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return column.ilike(literal(f"%{escaped}%", String()), escape="\\")


def listed_session(row: Row[Any]) -> ListedSession:
    """A row of the sessions as people and operators see it."""
    return ListedSession(
        session_id=row.id,
        user_id=row.user_id,
        client_id=row.client_id,
        provider_id=row.provider_id,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        absolute_ends_at=row.absolute_ends_at,
        device=row.device,
        ip=row.ip,
        degraded=row.degraded_at is not None,
    )


def shown_account(row: Row[Any], identities: Sequence[Row[Any]] = ()) -> Account:
    """A row of the accounts as operators see it."""
    return Account(
        user_id=row.id,
        status=row.status,
        email=row.email,
        name=row.name,
        identity_roles=row.identity_roles,
        granted_roles=row.granted_roles,
        denied_roles=row.denied_roles,
        created_at=row.created_at,
        last_sign_in_at=row.last_sign_in_at,
        identities=tuple(
            AccountIdentity(each.provider_id, each.issuer, each.subject, each.email, each.last_sign_in_at)
            for each in identities
        ),
    )
