"""Asking providers again, in SQL: who asks, and what came of it.

Every transaction that writes under a lease touches accounts, then sessions, then the grant, and is
rolled back whole when the grant, looked at last, is not under that lease any more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.audit_events import AuditName
from watchword.auth.audit_ports import AuditEvent
from watchword.auth.grant_ports import Held, Lease, StopCause, UnaskableCause, WithdrawalCause
from watchword.auth.ports import EndReason, ProviderIdentity
from watchword.errors import UserDisabled
from watchword.models import Identity, ProviderGrant, Session, User
from watchword.storage.accounts import renew
from watchword.storage.audit import add_audit_event, add_audit_events
from watchword.storage.ending import end_sessions, is_live, may_have_tokens
from watchword.storage.storable import storable_identity
from watchword.storage.transactions import Transactions

T = TypeVar("T")
_GIVEN_BACK = {"lease_id": None, "lease_ends_at": None}
_ANSWERED = {**_GIVEN_BACK, "asking_since": None}


class _NothingWritten(Exception):
    """Rolls back: the lease is somebody else's, or there is nothing to ask for any more."""


class SqlGrantStore:
    """``GrantStore`` over the tables of accounts, sessions and grants. ``tokens_live`` is the longest
    an access token lives: how long the feed must tell a change of roles."""

    def __init__(self, transactions: Transactions, *, tokens_live: timedelta) -> None:
        self._transactions = transactions
        self._tokens_live = tokens_live

    async def take_lease(
        self, grant_id: UUID, *, session_id: UUID, lease_id: UUID, now: datetime, ends_at: datetime
    ) -> Lease | None:
        """See the port. The session is looked at once the grant's row is ours: a statement that waited
        for that row sees other tables as they were before."""

        async def work(connection: AsyncConnection) -> Lease:
            taken = await _take(connection, grant_id, lease_id, now, ends_at)
            asked = None if taken is None else await _due(connection, session_id, grant_id, now)
            if taken is None or asked is None:
                raise _NothingWritten
            sealed_tokens, asking_since = taken
            if asking_since is None:
                this = update(ProviderGrant).where(ProviderGrant.id == grant_id)
                await connection.execute(this.values(asking_since=now))
            lost = asking_since is not None
            return Lease(lease_id, grant_id, session_id, *asked, sealed_tokens, lost)

        return await self._write("take the lease on a provider's grant", work)

    async def keep(self, lease: Lease, sealed_tokens: bytes) -> bool:
        async def work(connection: AsyncConnection) -> bool:
            values: dict[str, object] = {"sealed_tokens": sealed_tokens, "asking_since": None}
            await _close(connection, lease, values, ProviderGrant.ended_at.is_(None))
            return True

        return bool(await self._write("keep a provider's refresh token", work))

    async def confirm(
        self,
        lease: Lease,
        identity: ProviderIdentity,
        *,
        sealed_tokens: bytes | None,
        now: datetime,
        due_at: datetime,
    ) -> bool:
        known = storable_identity(identity)

        async def work(connection: AsyncConnection) -> bool:
            try:
                account = await renew(connection, known, now=now, tokens_live=self._tokens_live)
            except UserDisabled:
                account = None
            if account is None:
                raise _NothingWritten
            await _go_on(connection, lease, due_at, now)
            values: dict[str, object] = {**_ANSWERED, "checked_at": now, "degraded_at": None}
            if sealed_tokens is not None:
                values["sealed_tokens"] = sealed_tokens
            whose = ProviderGrant.identity_id == account.identity_id
            await _close(connection, lease, values, whose, ProviderGrant.ended_at.is_(None))
            return True

        return bool(await self._write("write down that a provider stands by its grant", work))

    async def withdraw(
        self,
        lease: Lease,
        *,
        reason: EndReason,
        cause: WithdrawalCause | UnaskableCause,
        now: datetime,
        tokens_expire_at: datetime,
    ) -> Sequence[UUID] | None:
        async def work(connection: AsyncConnection) -> Sequence[UUID]:
            ended = await end_sessions(
                connection,
                and_(Session.grant_id == lease.grant_id, may_have_tokens(now, tokens_expire_at - now)),
                reason=reason,
                now=now,
                tokens_expire_at=tokens_expire_at,
                cause=cause,
            )
            await _close(connection, lease, {**_ANSWERED, "sealed_tokens": None})
            return ended

        return await self._write("end the sessions of a provider's grant", work)

    async def hold(self, lease: Lease, held: Held, *, now: datetime) -> bool:
        async def work(connection: AsyncConnection) -> bool:
            values: dict[str, object] = dict(_GIVEN_BACK if held.answer_may_be_lost else _ANSWERED)
            if held.sealed_tokens is not None:
                values["sealed_tokens"] = held.sealed_tokens
            if held.degraded_at is not None:
                await _degrade(connection, lease, held, now)
                values["degraded_at"] = func.coalesce(ProviderGrant.degraded_at, held.degraded_at)
            await _close(connection, lease, values, ProviderGrant.ended_at.is_(None))
            return True

        return bool(await self._write("write down that a provider did not answer", work))

    async def stop(self, session_id: UUID, *, cause: StopCause, now: datetime) -> None:
        async def work(connection: AsyncConnection) -> None:
            grant_id = (
                await connection.execute(select(Session.grant_id).where(Session.id == session_id))
            ).scalar_one_or_none()
            those = Session.id == session_id if grant_id is None else Session.grant_id == grant_id
            due = and_(those, Session.revoked_at.is_(None), Session.recheck_due_at.is_not(None))
            statement = (
                update(Session)
                .where(due)
                .values(recheck_due_at=None, degraded_at=None)
                .returning(Session.id, Session.user_id)
            )
            stopped = await connection.execute(statement)
            events = [_event("rechecks_stopped", row.id, row.user_id, now, cause=cause) for row in stopped]
            await add_audit_events(connection, events)
            if grant_id is not None:
                this = update(ProviderGrant).where(ProviderGrant.id == grant_id)
                await connection.execute(this.values(**_ANSWERED, sealed_tokens=None, degraded_at=None))

        await self._transactions.write("stop the re-checks of a session", work)

    async def _write(self, doing: str, work: Callable[[AsyncConnection], Awaitable[T]]) -> T | None:
        with suppress(_NothingWritten):
            return await self._transactions.write(doing, work)
        return None


async def _take(
    connection: AsyncConnection, grant_id: UUID, lease_id: UUID, now: datetime, ends_at: datetime
) -> tuple[bytes, datetime | None] | None:
    """The sealed tokens, and since when an earlier asking went without an answer."""
    statement = (
        update(ProviderGrant)
        .where(
            ProviderGrant.id == grant_id,
            ProviderGrant.ended_at.is_(None),
            ProviderGrant.sealed_tokens.is_not(None),
            or_(ProviderGrant.lease_id.is_(None), ProviderGrant.lease_ends_at <= now),
        )
        .values(lease_id=lease_id, lease_ends_at=ends_at)
        .returning(ProviderGrant.sealed_tokens, ProviderGrant.asking_since)
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None or row.sealed_tokens is None else (row.sealed_tokens, row.asking_since)


async def _due(
    connection: AsyncConnection, session_id: UUID, grant_id: UUID, now: datetime
) -> tuple[str, str, str] | None:
    """The provider to ask, and issuer and subject to ask about, for a session that still has to."""
    statement = (
        select(Session.provider_id, Identity.issuer, Identity.subject)
        .join(User, User.id == Session.user_id)
        .join(Identity, Identity.id == Session.identity_id)
        .where(
            Session.id == session_id,
            Session.grant_id == grant_id,
            Session.recheck_due_at <= now,
            is_live(now),
            User.status == "active",
        )
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else (row.provider_id, row.issuer, row.subject)


async def _go_on(connection: AsyncConnection, lease: Lease, due_at: datetime, now: datetime) -> None:
    live = and_(Session.grant_id == lease.grant_id, Session.revoked_at.is_(None))
    degraded = select(Session.id, Session.user_id).where(live, Session.degraded_at.is_not(None))
    recovered = list(await connection.execute(degraded))
    await connection.execute(update(Session).where(live).values(recheck_due_at=due_at, degraded_at=None))
    events = [
        _event("session_recovered", row.id, row.user_id, now, provider=lease.provider_id) for row in recovered
    ]
    await add_audit_events(connection, events)


async def _degrade(connection: AsyncConnection, lease: Lease, held: Held, now: datetime) -> None:
    """Told once, at the moment the session begins to go on unconfirmed."""
    this = and_(Session.id == lease.session_id, Session.revoked_at.is_(None))
    before = select(Session.id, Session.user_id, Session.degraded_at).where(this)
    session = (await connection.execute(before)).one_or_none()
    marks = {"degraded_at": held.degraded_at, "recheck_due_at": held.due_at}
    await connection.execute(update(Session).where(this).values(**marks))
    if session is not None and session.degraded_at is None:
        details = {"provider": lease.provider_id, "cause": held.cause}
        event = _event("session_degraded", session.id, session.user_id, now, **details)
        await add_audit_event(connection, event)


async def _close(
    connection: AsyncConnection, lease: Lease, values: dict[str, object], *conditions: ColumnElement[bool]
) -> None:
    """Write what was learnt to the grant, or roll everything back."""
    ours = and_(ProviderGrant.id == lease.grant_id, ProviderGrant.lease_id == lease.lease_id)
    closed = await connection.execute(update(ProviderGrant).where(ours, *conditions).values(**values))
    if closed.rowcount != 1:
        raise _NothingWritten


def _event(name: AuditName, session_id: UUID, user_id: UUID, now: datetime, **details: str) -> AuditEvent:
    return AuditEvent(name, now, user_id, session_id, details=details)
