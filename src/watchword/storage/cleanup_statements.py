"""The statements of the cleanup. Each finds its rows by an index, and never waits for one that is held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Delete,
    Executable,
    Select,
    SQLColumnExpression,
    TextClause,
    delete,
    func,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute

from watchword.auth.cleanup_ports import CleanupTarget
from watchword.models import (
    AuditRecord,
    AuthorizationCode,
    Base,
    ProviderGrant,
    RevocationEntry,
    Session,
    SingleUse,
)
from watchword.models.single_use import WITHOUT_SESSION

_Column = InstrumentedAttribute[Any]
_EXPIRING: Final[dict[CleanupTarget, tuple[type[Base], tuple[_Column, ...], _Column]]] = {
    "sessions": (Session, (Session.id,), Session.absolute_ends_at),
    "authorization_codes": (AuthorizationCode, (AuthorizationCode.digest,), AuthorizationCode.expires_at),
    "single_use": (SingleUse, (SingleUse.kind, SingleUse.digest), SingleUse.expires_at),
    "revocations": (RevocationEntry, (RevocationEntry.sequence,), RevocationEntry.expires_at),
    "audit_events": (AuditRecord, (AuditRecord.id,), AuditRecord.occurred_at),
}
"""Table, primary key, and the time by which rows go."""
_FURTHER: Final[dict[CleanupTarget, TextClause]] = {"authorization_codes": WITHOUT_SESSION}
"""A code that was used stays as long as the session it opened: its second use ends that session."""


def oldest_expired(
    target: CleanupTarget, *, before: datetime, after: datetime | None, limit: int
) -> Executable:
    """Deletes at most ``limit`` rows and returns the time of each (``moment``), of sessions also the
    ``grant_id``. ``after`` is the last such time: what was deleted before it is not walked through again.

    The rows are chosen in an expression of their own, which runs once, whatever the planner makes of
    the rest.
    """
    model, key, _ = _EXPIRING[target]
    chosen = _oldest(target, key, before=before, after=after, limit=limit).cte("chosen")
    this: Any = key[0] if len(key) == 1 else tuple_(*key)
    return delete(model).where(this.in_(select(*chosen.c))).returning(*_told(target))


def expired_rows(
    target: CleanupTarget, *, before: datetime, after: datetime | None, limit: int
) -> Select[Any]:
    """The rows that ``oldest_expired`` would delete: their time and, from then on, their key."""
    _, key, moment = _EXPIRING[target]
    columns = (moment.label("moment"), *key)
    return _oldest(target, columns, before=before, after=after, limit=limit)


def expired_row(target: CleanupTarget, key: Sequence[Any]) -> Executable:
    """Deletes one of ``expired_rows`` and returns what ``oldest_expired`` does."""
    model, columns, _ = _EXPIRING[target]
    this = (column == value for column, value in zip(columns, key, strict=True))
    return delete(model).where(*this).returning(*_told(target))


def overdue_rows(target: CleanupTarget, *, before: datetime) -> Select[Any]:
    """How many rows ``oldest_expired`` would delete without a limit, and the time of the oldest."""
    moment = _EXPIRING[target][2]
    counted = select(func.count().label("counted"), func.min(moment).label("oldest")).where(moment < before)
    return counted.where(_FURTHER[target]) if target in _FURTHER else counted


def _oldest(
    target: CleanupTarget,
    columns: Sequence[SQLColumnExpression[Any]],
    *,
    before: datetime,
    after: datetime | None,
    limit: int,
) -> Select[Any]:
    _, _, moment = _EXPIRING[target]
    conditions: list[ColumnElement[bool] | TextClause] = [moment < before]
    if after is not None:
        conditions.append(moment >= after)
    if target in _FURTHER:
        conditions.append(_FURTHER[target])
    oldest = select(*columns).where(*conditions).order_by(moment).limit(limit)
    return oldest.with_for_update(skip_locked=True)


def _told(target: CleanupTarget) -> Sequence[SQLColumnExpression[Any]]:
    moment = _EXPIRING[target][2].label("moment")
    return (moment, Session.grant_id) if target == "sessions" else (moment,)


def next_grants(*, after: UUID | None, limit: int) -> Select[Any]:
    """The ids of the next grants in their own order."""
    ids = select(ProviderGrant.id).order_by(ProviderGrant.id).limit(limit)
    return ids if after is None else ids.where(ProviderGrant.id > after)


def grants_without_session(ids: Sequence[UUID], *, before: datetime | None = None) -> Delete:
    """Deletes those of ``ids``, made before that moment, that no session has. ``OFFSET 0`` keeps PostgreSQL
    from making a join of it, for which it may read all sessions: each grant is looked up by the index."""
    of_a_session = select(Session.id).where(Session.grant_id == ProviderGrant.id).offset(0).exists()
    orphaned = delete(ProviderGrant).where(ProviderGrant.id.in_(ids), ~of_a_session)
    return orphaned if before is None else orphaned.where(ProviderGrant.created_at < before)
