"""The report of who calls which version, as one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Select, func, or_, select

from watchword.auth.version_ports import UsageOrder, VersionCaller, VersionCalls, VersionReport
from watchword.models import User, VersionUsage

_COLUMNS = VersionUsage.__table__.c


def report_statement(
    version: str | None, since: datetime | None, order: UsageOrder, limit: int
) -> Select[Any]:
    """One statement, so that sums and callers are of the same moment."""
    first = (_COLUMNS.last_seen_at, _COLUMNS.calls)
    wanted = first if order == "last-seen" else first[::-1]
    version_name = _COLUMNS.version
    callers = (
        select(
            VersionUsage.__table__,
            User.email,
            User.name,
            func.row_number()
            .over(
                partition_by=version_name, order_by=[*(column.desc() for column in wanted), _COLUMNS.digest]
            )
            .label("place"),
            func.count().over(partition_by=version_name).label("all_callers"),
            func.sum(_COLUMNS.calls).over(partition_by=version_name).label("all_calls"),
            func.sum(_COLUMNS.would_refuse).over(partition_by=version_name).label("all_would_refuse"),
            func.max(_COLUMNS.last_seen_at).over(partition_by=version_name).label("all_last_seen_at"),
        )
        .select_from(VersionUsage)
        .outerjoin(User, User.id == _COLUMNS.user_id)
        .where(or_(_COLUMNS.user_id.is_(None), User.status != "erased"))
    )
    if version is not None:
        callers = callers.where(_COLUMNS.version == version)
    if since is not None:
        callers = callers.where(_COLUMNS.last_seen_at >= since)
    ranked = callers.subquery()
    return select(ranked).where(ranked.c.place <= limit).order_by(ranked.c.version, ranked.c.place)


def reports(rows: Iterable[Row[Any]]) -> Sequence[VersionReport]:
    """What the statement found, a report a version."""
    return [_report(list(of_one)) for _, of_one in groupby(rows, lambda row: row.version)]


def _report(rows: list[Row[Any]]) -> VersionReport:
    first = rows[0]
    return VersionReport(
        version=first.version,
        caller_count=first.all_callers,
        calls=int(first.all_calls),
        would_refuse=int(first.all_would_refuse),
        last_seen_at=first.all_last_seen_at,
        callers=tuple(VersionCaller(_calls(row), row.email, row.name) for row in rows),
    )


def _calls(row: Row[Any]) -> VersionCalls:
    return VersionCalls(
        version=row.version,
        kind=row.kind,
        calls=row.calls,
        would_refuse=row.would_refuse,
        last_refusal=row.last_refusal,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        user_id=row.user_id,
        client_id=row.client_id,
        network=row.network,
    )
