"""Port to the audit trail: what is added to it, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from watchword.auth.audit_events import AuditName

MAX_EVENTS: Final = 1000
"""How many events one reading gives at most."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the audit trail; ``details`` holds no secret and nothing personal."""

    event: AuditName
    occurred_at: datetime
    user_id: UUID | None = None
    session_id: UUID | None = None
    ip: str | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which events: all that fit every filter that is set. Times are aware UTC, ``since`` included and
    ``until`` not; ``before`` is the id of an event, of which only earlier ones are wanted; ``leave_out``
    names events that are not."""

    user_id: UUID | None = None
    session_id: UUID | None = None
    events: frozenset[str] = frozenset()
    leave_out: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    before: UUID | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it was written, maybe by another release, whose names this one need not know. The
    ``user_id`` of somebody who was erased names nobody any more."""

    event_id: UUID
    event: str
    occurred_at: datetime
    user_id: UUID | None
    session_id: UUID | None
    ip: str | None
    details: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """What programs are told of it; ``occurred_at`` is RFC 3339 in UTC, to the millisecond."""
        return {
            "id": str(self.event_id),
            "event": self.event,
            "occurred_at": self.occurred_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "user_id": None if self.user_id is None else str(self.user_id),
            "session_id": None if self.session_id is None else str(self.session_id),
            "ip": self.ip,
            "details": dict(self.details),
        }


class AuditLog(Protocol):
    async def record(self, event: AuditEvent) -> None:
        """Append it. Raises DatabaseUnavailable."""

    async def record_once(self, event: AuditEvent, *, within: timedelta) -> bool:
        """Append it unless the same event was told of the same account and session in the time ``within``
        before it; whether it was. Raises DatabaseUnavailable."""

    async def events(self, asked: AuditQuery) -> Sequence[RecordedEvent]:
        """Newest first, at most ``MAX_EVENTS``. An event keeps its place: whoever goes on ``before`` the
        last one that was given misses none and gets none twice. Raises DatabaseUnavailable."""
