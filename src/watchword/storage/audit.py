"""The audit trail in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.audit_ports import MAX_EVENTS, AuditEvent, AuditQuery, RecordedEvent
from watchword.models import AuditRecord
from watchword.models.session import MAX_IP_CHARS
from watchword.models.types import require_utc
from watchword.protocol.uuid7 import RANDOM_BYTES, uuid7
from watchword.storage.rows import new_id
from watchword.storage.storable import shown_text, storable_details
from watchword.storage.transactions import Transactions

_ADD = insert(AuditRecord)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


async def add_audit_event(connection: AsyncConnection, event: AuditEvent) -> None:
    """Append ``event`` in the transaction of what it tells about."""
    await connection.execute(_ADD, audit_row(event))


async def add_audit_events(connection: AsyncConnection, events: Sequence[AuditEvent]) -> None:
    if events:
        await connection.execute(_ADD, [audit_row(event) for event in events])


def audit_row(event: AuditEvent) -> dict[str, Any]:
    """``event`` as its table holds it."""
    return {
        "id": new_id(event.occurred_at),
        "event": event.event,
        "occurred_at": event.occurred_at,
        "user_id": event.user_id,
        "session_id": event.session_id,
        "ip": shown_text(event.ip, MAX_IP_CHARS),
        "details": storable_details(event.details),
    }


class SqlAuditLog:
    """``AuditLog`` over ``ww_audit_events``."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def record(self, event: AuditEvent) -> None:
        """Raises ValueError for an event name or details that are no short text and JSON."""
        await self._transactions.write(
            "record an audit event", lambda connection: add_audit_event(connection, event)
        )

    async def record_once(self, event: AuditEvent, *, within: timedelta) -> bool:
        """See the port, and ``record``. Two at the same moment may both be written."""
        same = (
            AuditRecord.user_id == event.user_id,
            AuditRecord.session_id == event.session_id,
            AuditRecord.event == event.event,
            AuditRecord.occurred_at > event.occurred_at - within,
        )

        async def work(connection: AsyncConnection) -> bool:
            if (await connection.execute(select(AuditRecord.id).where(*same).limit(1))).first() is not None:
                return False
            await add_audit_event(connection, event)
            return True

        return await self._transactions.write("record an audit event", work)

    async def events(self, asked: AuditQuery) -> Sequence[RecordedEvent]:
        """See the port. Raises ValueError for a time that is not in UTC and a limit below one."""
        statement = wanted_events(asked)

        async def work(connection: AsyncConnection) -> list[RecordedEvent]:
            return [_recorded(row) for row in await connection.execute(statement)]

        return await self._transactions.read("read the audit trail", work)


def wanted_events(asked: AuditQuery) -> Select[Any]:
    """In the order of the primary key, which is that of time to the millisecond: a page ends where the
    next one goes on, whatever was added or deleted meanwhile, and neither is counted nor sorted."""
    if asked.limit < 1:
        raise ValueError("at least one event must be asked for")
    statement = select(AuditRecord.__table__).order_by(AuditRecord.id.desc())
    return statement.where(*_filters(asked)).limit(min(asked.limit, MAX_EVENTS))


def _filters(asked: AuditQuery) -> Iterator[ColumnElement[bool]]:
    """Times are looked for by the key first, which is exact to the millisecond, and then by themselves."""
    if asked.user_id is not None:
        yield AuditRecord.user_id == asked.user_id
    if asked.session_id is not None:
        yield AuditRecord.session_id == asked.session_id
    if asked.events:
        yield AuditRecord.event.in_(sorted(asked.events))
    if asked.leave_out:
        yield AuditRecord.event.not_in(sorted(asked.leave_out))
    if asked.since is not None:
        yield AuditRecord.occurred_at >= require_utc(asked.since)
        yield AuditRecord.id >= _first_id(asked.since, 0)
    if asked.until is not None:
        yield AuditRecord.occurred_at < require_utc(asked.until)
        yield AuditRecord.id < _first_id(asked.until, 1)
    if asked.before is not None:
        yield AuditRecord.id < asked.before


def _first_id(moment: datetime, later_ms: int) -> UUID:
    """Below every id of that millisecond, or so many later; nothing is older than 1970."""
    unix_ms = (moment - _EPOCH) // _MILLISECOND + later_ms
    return uuid7(max(0, unix_ms), bytes(RANDOM_BYTES))


def _recorded(row: Row[Any]) -> RecordedEvent:
    return RecordedEvent(
        event_id=row.id,
        event=row.event,
        occurred_at=row.occurred_at,
        user_id=row.user_id,
        session_id=row.session_id,
        ip=row.ip,
        details=row.details or {},
    )
