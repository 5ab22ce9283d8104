"""Everything that is held about one person, in SQL: the columns that are marked as theirs to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from watchword.auth.privacy_ports import PersonalData
from watchword.models import (
    AuditRecord,
    Base,
    Identity,
    ProviderGrant,
    Session,
    TermsAcceptance,
    User,
    VersionUsage,
)
from watchword.models.privacy import PRIVACY, Personal
from watchword.protocol.rfc3339 import rfc3339

Newest = InstrumentedAttribute[Any]
_OF_IDENTITIES: Final = select(Identity.id)
_LISTS: Final[Mapping[str, tuple[type[Base], Newest]]] = {
    "identities": (Identity, Identity.created_at),
    "sessions": (Session, Session.created_at),
    "provider_grants": (ProviderGrant, ProviderGrant.created_at),
    "terms_acceptances": (TermsAcceptance, TermsAcceptance.accepted_at),
    "audit_events": (AuditRecord, AuditRecord.occurred_at),
    "version_usage": (VersionUsage, VersionUsage.last_seen_at),
}
"""The lists of an export, and the time by which the newest of each come first."""
_SAID_OF_EVENTS: Final = frozenset(
    {
        *("by", "cause", "client", "client_id", "how", "provider", "reason", "sessions_ended"),
        *("digest", "version"),
        *("denied", "gained", "granted", "lost", "no_longer_denied", "no_longer_granted"),
    }
)
"""What the details of an event may say to the person; whatever else there is may be about others."""
_OPERATOR: Final = "operator"
_SHOWN_AS_THEY_ARE: Final = ("user", "client", "schedule", "provider")


async def export(connection: AsyncConnection, user_id: UUID, *, max_rows: int) -> PersonalData | None:
    """See ``PrivacyStore.export``."""
    this = select(User.__table__).where(User.id == user_id, User.status != "erased")
    account = (await connection.execute(this)).mappings().first()
    if account is None:
        return None
    lists: dict[str, Sequence[Mapping[str, Any]]] = {}
    complete = True
    for name, (model, newest) in _LISTS.items():
        statement = select(model.__table__).where(_of(model, user_id)).order_by(newest.desc())
        rows = (await connection.execute(statement.limit(max_rows + 1))).mappings().all()
        complete = complete and len(rows) <= max_rows
        lists[name] = [_shown(model, row) for row in rows[:max_rows]]
    return PersonalData(_shown(User, account), lists, complete)


def _of(model: type[Base], user_id: UUID) -> ColumnElement[bool]:
    if model is ProviderGrant:
        return ProviderGrant.identity_id.in_(_OF_IDENTITIES.where(Identity.user_id == user_id))
    whose: ColumnElement[bool] = model.__table__.c.user_id == user_id
    return whose


def _shown(model: type[Base], row: Mapping[Any, Any]) -> dict[str, Any]:
    return {column.name: _value(row[column.name]) for column in model.__table__.c if _is_shown(column.info)}


def _is_shown(info: Mapping[Any, Any]) -> bool:
    mark = info.get(PRIVACY)
    return isinstance(mark, Personal) and mark.exported


def _value(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return rfc3339(value)
        case bytes():
            return value.hex()
        case frozenset():
            return sorted(value)
        case Mapping():
            return {name: _said(name, said) for name, said in value.items() if name in _SAID_OF_EVENTS}
        case _:
            return value


def _said(name: str, said: Any) -> Any:
    """Who else acted is no business of the person's: an operator did."""
    return _OPERATOR if name == "by" and said not in _SHOWN_AS_THEY_ARE else said
