"""The audit trail in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.ports import AuditEvent
from watchword.models import AuditRecord
from watchword.models.session import MAX_IP_CHARS
from watchword.storage.rows import new_id
from watchword.storage.storable import shown_text, storable_details
from watchword.storage.transactions import Transactions

_ADD = insert(AuditRecord)


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
