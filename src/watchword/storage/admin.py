"""What administrators see and do, in SQL: keyset pages along the primary keys, which are in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, String, and_, cast, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from watchword.auth.account_ports import Account, AccountStatus, Act, ListedSession
from watchword.auth.admin_ports import PeopleCount
from watchword.errors import AdminRequired
from watchword.models import Session, User
from watchword.models.types import storable_text
from watchword.protocol.account_search import AccountSearch
from watchword.protocol.roles import ADMIN_ROLE, effective_roles
from watchword.storage.account_changes import end_by, set_status, that_may_have_tokens
from watchword.storage.account_lookup import lock_user
from watchword.storage.account_store import ACCOUNTS, listed_session, shown_account
from watchword.storage.ending import is_live
from watchword.storage.transactions import Transactions

_ESCAPE: Final = "\\"


class SqlAdminStore:
    """``AdminStore`` over the tables of accounts and sessions."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def accounts(self, asked: AccountSearch, *, limit: int) -> Sequence[Account]:
        wanted = [text for text in (asked.email, asked.beginning) if text is not None]
        if not all(storable_text(text) for text in wanted):
            return []
        statement = ACCOUNTS.where(*_filters(asked)).order_by(User.id.desc()).limit(limit)
        return [shown_account(row) for row in await self._read("look for accounts", statement)]

    async def sessions(self, *, now: datetime, before: UUID | None, limit: int) -> Sequence[ListedSession]:
        statement = select(Session.__table__).where(is_live(now)).order_by(Session.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(Session.id < before)
        return [listed_session(row) for row in await self._read("list all sessions", statement)]

    async def session(self, session_id: UUID, *, now: datetime) -> ListedSession | None:
        statement = select(Session.__table__).where(Session.id == session_id, is_live(now))
        rows = await self._read("find a session", statement)
        return listed_session(rows[0]) if rows else None

    async def people(self) -> PeopleCount:
        active = User.status == "active"
        admin = and_(active, _has(User.granted_roles), ~_has(User.denied_roles))
        disabled = User.status == "disabled"
        counted = [func.count().filter(which) for which in (active, disabled, admin)]
        statement = select(*counted).select_from(User)
        (row,) = await self._read("count people", statement)
        return PeopleCount(*row)

    async def end_session(self, session_id: UUID, *, act: Act) -> bool:
        async def work(connection: AsyncConnection) -> bool:
            await _locked(connection, act)
            return bool(await end_by(connection, Session.id == session_id, "revoked", act))

        return await self._transactions.write("end a session for an administrator", work)

    async def end_sessions(self, user_id: UUID, *, act: Act) -> Sequence[UUID] | None:
        async def work(connection: AsyncConnection) -> Sequence[UUID] | None:
            if await _locked(connection, act, user_id) is None:
                return None
            return await end_by(connection, that_may_have_tokens(user_id, act), "revoked", act)

        return await self._transactions.write("end the sessions of an account for an administrator", work)

    async def set_status(self, user_id: UUID, status: AccountStatus, *, act: Act) -> Sequence[UUID] | None:
        async def work(connection: AsyncConnection) -> Sequence[UUID] | None:
            user = await _locked(connection, act, user_id)
            if user is None:
                return None
            return [] if user.status == status else await set_status(connection, user, status, act)

        return await self._transactions.write("change the status of an account for an administrator", work)

    async def _read(self, doing: str, statement: Select[*tuple[Any, ...]]) -> list[Row[Any]]:
        async def work(connection: AsyncConnection) -> list[Row[Any]]:
            return list(await connection.execute(statement))

        return await self._transactions.read(doing, work)


async def _locked(connection: AsyncConnection, act: Act, user_id: UUID | None = None) -> Row[Any] | None:
    """The account of ``user_id``, if there is one, locked together with the administrator's, in one order
    whoever acts on whom. Raises AdminRequired."""
    wanted = {each for each in (act.admin_id, user_id) if each is not None}
    rows = {each: await lock_user(connection, each) for each in sorted(wanted)}
    admin = None if act.admin_id is None else rows[act.admin_id]
    if admin is None or not _may_administer(admin):
        raise AdminRequired(f"account {act.admin_id} is no administrator any more")
    user = None if user_id is None else rows[user_id]
    return None if user is None or user.status == "erased" else user


def _may_administer(user: Row[Any]) -> bool:
    roles = effective_roles(user.identity_roles, user.granted_roles, user.denied_roles)
    return user.status == "active" and ADMIN_ROLE in roles


def _filters(asked: AccountSearch) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = []
    if asked.user_id is not None:
        filters.append(User.id == asked.user_id)
    if asked.email is not None:
        filters.append(func.lower(User.email) == func.lower(asked.email))
    if asked.beginning is not None:
        filters.append(or_(_begins(User.email, asked.beginning), _begins(User.name, asked.beginning)))
    if asked.status is not None:
        filters.append(User.status == asked.status)
    if asked.before is not None:
        filters.append(User.id < asked.before)
    return filters


def _begins(column: InstrumentedAttribute[str | None], text: str) -> ColumnElement[bool]:
    """Its ``%`` and ``_`` mean themselves."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return column.ilike(literal(f"{escaped}%", String()), escape=_ESCAPE)


def _has(column: InstrumentedAttribute[frozenset[str]]) -> ColumnElement[bool]:
    """Whether the set, which is a list of quoted names at rest, holds the role."""
    return cast(column, String()).like(f'%"{ADMIN_ROLE}"%')
