"""The rows that a session begins with, written together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Insert, bindparam, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.models import AuditRecord, ProviderGrant, Session
from watchword.models.base import Base

Row = Mapping[str, Any]

_SESSION = (
    "id",
    "user_id",
    "identity_id",
    "grant_id",
    "provider_id",
    "client_id",
    "scopes",
    "user_version",
    "created_at",
    "auth_time",
    "auth_time_asserted",
    "last_seen_at",
    "idle_ends_at",
    "absolute_ends_at",
    "device",
    "ip",
    "provider_sid",
    "generation",
    "refresh_digest",
    "recheck_due_at",
)
_GRANT = ("id", "identity_id", "sealed_id_token", "sealed_tokens", "created_at")
_EVENT = ("id", "event", "occurred_at", "user_id", "session_id", "ip", "details")


def _inserts(model: type[Base], columns: tuple[str, ...], prefix: str) -> Insert:
    """Its parameters are named apart, so that several fit into one statement."""
    return insert(model).values({column: bindparam(prefix + column) for column in columns})


_ADD_GRANT = _inserts(ProviderGrant, _GRANT, "grant_")
_ADD_SESSION = _inserts(Session, _SESSION, "session_")
_ADD_EVENT = _inserts(AuditRecord, _EVENT, "event_")
_AT_ONCE = _ADD_EVENT.add_cte(_ADD_SESSION.cte("opened"))
_AT_ONCE_WITH_GRANT = _ADD_EVENT.add_cte(_ADD_GRANT.cte("granted"), _ADD_SESSION.cte("opened"))
"""PostgreSQL carries changes of several tables out as one statement, and looks at foreign keys after it."""


async def add_rows(connection: AsyncConnection, *, session: Row, grant: Row | None, event: Row) -> None:
    """Insert a session with its provider's grant, where there is one, and the entry of the trail."""
    if connection.dialect.name == "postgresql":
        given = _named("session_", session) | _named("event_", event)
        if grant is None:
            await connection.execute(_AT_ONCE, given)
        else:
            await connection.execute(_AT_ONCE_WITH_GRANT, given | _named("grant_", grant))
        return
    if grant is not None:
        await connection.execute(_ADD_GRANT, _named("grant_", grant))
    await connection.execute(_ADD_SESSION, _named("session_", session))
    await connection.execute(_ADD_EVENT, _named("event_", event))


def _named(prefix: str, row: Row) -> dict[str, Any]:
    return {prefix + column: value for column, value in row.items()}
