"""Ending every session in SQL: one entry for all of them, then the rows, a few in each transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.account_ports import Act
from watchword.auth.all_sessions import EndedBatch
from watchword.auth.audit_ports import AuditEvent
from watchword.auth.clock import SystemClock
from watchword.auth.ports import AND_EARLIER, Clock
from watchword.errors import DatabaseUnavailable
from watchword.models import Session
from watchword.storage.audit import add_audit_event
from watchword.storage.cleanup_turns import MOST_AHEAD_SECONDS
from watchword.storage.ending import end_sessions, may_have_tokens
from watchword.storage.revocations import add_revocations
from watchword.storage.transactions import Transactions

POSTGRESQL_ROWS: Final = 200
POSTGRESQL_PAUSE_SECONDS: Final = 0.01
SQLITE_ROWS: Final = 50
SQLITE_PAUSE_SECONDS: Final = 0.05
"""As for the cleanup: one writer at a time, and a waiting one sleeps between its looks at the lock."""


class SqlAllSessions:
    """``AllSessionsStore`` along the primary key, which is the order that sessions were opened in. ``clock``
    is that of this process's machine."""

    def __init__(self, transactions: Transactions, clock: Clock | None = None) -> None:
        self._transactions = transactions
        self._clock = clock or SystemClock()
        self._postgresql = postgresql = transactions.dialect == "postgresql"
        self.batch_rows = POSTGRESQL_ROWS if postgresql else SQLITE_ROWS
        self.pause_seconds = POSTGRESQL_PAUSE_SECONDS if postgresql else SQLITE_PAUSE_SECONDS

    async def announce(self, last: UUID, *, opened_live: timedelta, act: Act) -> None:
        """With a clock that is far ahead of PostgreSQL's nothing is done: whoever signed in would be refused
        until that time. On SQLite there is one clock."""

        async def work(connection: AsyncConnection) -> None:
            if self._postgresql:
                await self._require_clock(connection)
            longest = (await connection.execute(select(func.max(Session.absolute_ends_at)))).scalar_one()
            ends_at = max(longest or act.now, act.now + opened_live)
            entry = {
                "kind": "session",
                "session_id": last,
                "value": AND_EARLIER,
                "created_at": act.now,
                "expires_at": ends_at + (act.tokens_expire_at - act.now),
            }
            await add_revocations(connection, [entry])
            event = AuditEvent("all_sessions_revoked", act.now, details={"by": act.by, "up_to": str(last)})
            await add_audit_event(connection, event)

        await self._transactions.write("end all sessions", work)

    async def end_batch(self, last: UUID, *, after: UUID | None, act: Act) -> EndedBatch:
        """On PostgreSQL the rows are taken in their order first, so that two commands do not lock one
        another out."""
        tokens_live = act.tokens_expire_at - act.now
        wanted = (
            select(Session.id)
            .where(Session.id <= last, may_have_tokens(act.now, tokens_live))
            .order_by(Session.id)
            .limit(self.batch_rows)
            .with_for_update()
        )
        if after is not None:
            wanted = wanted.where(Session.id > after)

        async def work(connection: AsyncConnection) -> EndedBatch:
            ids = list((await connection.execute(wanted)).scalars())
            ended = await end_sessions(
                connection,
                Session.id.in_(ids),
                reason="revoked",
                now=act.now,
                tokens_expire_at=None,
                by=act.by,
            )
            return EndedBatch(len(ended), ids[-1] if len(ids) == self.batch_rows else None)

        return await self._transactions.write("end sessions", work)

    async def _require_clock(self, connection: AsyncConnection) -> None:
        there = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
        ahead_seconds = (self._clock.now() - there).total_seconds()
        if ahead_seconds > MOST_AHEAD_SECONDS:
            raise DatabaseUnavailable(
                f"no session was ended: the clock here is {ahead_seconds:.0f} s ahead of the database's"
            )
