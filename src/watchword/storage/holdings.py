"""``HoldingsStore`` in SQL: counts over whole tables, for reports and never for requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, Row, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.cleanup_ports import CleanedTable, CleanupTarget
from watchword.auth.holdings_ports import Accepted, Overdue, People
from watchword.auth.tombstones import ERASED_ISSUER
from watchword.models import Identity, TermsAcceptance, User, VersionUsage
from watchword.protocol.retention import Edges
from watchword.protocol.terms import Terms
from watchword.storage.cleanup_statements import overdue_rows
from watchword.storage.transactions import Transactions

_DOING = "count what is held"


class SqlHoldingsStore:
    """``HoldingsStore`` over the tables of one database."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def people(self, *, dormant_before: datetime) -> People:
        last = func.coalesce(User.last_sign_in_at, User.created_at)
        by_status = select(
            User.status,
            func.count().label("all"),
            func.count().filter(last < dormant_before).label("dormant"),
        ).group_by(User.status)
        buried = select(func.count().label("counted")).where(Identity.issuer == ERASED_ISSUER)
        found = {row.status: row for row in await self._rows(by_status)}
        (tombstones,) = await self._rows(buried)
        return People(
            active=found["active"].all if "active" in found else 0,
            disabled=found["disabled"].all if "disabled" in found else 0,
            erased=found["erased"].all if "erased" in found else 0,
            tombstones=tombstones.counted,
            dormant=sum(row.dormant for status, row in found.items() if status != "erased"),
        )

    async def overdue(self, at: Edges) -> Sequence[Overdue]:
        edges: dict[CleanupTarget, datetime] = {
            "sessions": at.absolute_ends_at,
            "authorization_codes": at.expires_at,
            "single_use": at.expires_at,
            "revocations": at.expires_at,
            "audit_events": at.recorded_at,
        }
        callers = select(
            func.count().label("counted"), func.min(VersionUsage.last_seen_at).label("oldest")
        ).where(VersionUsage.last_seen_at < at.recorded_at)
        found: list[Overdue] = []
        for target, before in edges.items():
            found.append(await self._overdue(target, overdue_rows(target, before=before)))
        return [*found, await self._overdue("version_usage", callers)]

    async def accepted(self) -> Sequence[Accepted]:
        texts = (
            select(
                TermsAcceptance.version,
                TermsAcceptance.digest,
                func.count(TermsAcceptance.user_id.distinct()).label("people"),
                func.max(TermsAcceptance.accepted_at).label("last_at"),
            )
            .group_by(TermsAcceptance.version, TermsAcceptance.digest)
            .order_by(func.min(TermsAcceptance.accepted_at), TermsAcceptance.digest)
        )
        return [Accepted(row.version, row.digest, row.people, row.last_at) for row in await self._rows(texts)]

    async def not_accepted(self, terms: Terms) -> int:
        accepted = exists().where(
            TermsAcceptance.user_id == User.id,
            TermsAcceptance.version == terms.version,
            TermsAcceptance.digest == terms.digest,
        )
        (row,) = await self._rows(
            select(func.count().label("counted")).where(User.status == "active", ~accepted)
        )
        return int(row.counted)

    async def _overdue(self, table: CleanedTable, counted: Executable) -> Overdue:
        (row,) = await self._rows(counted)
        return Overdue(table, row.counted, row.oldest)

    async def _rows(self, statement: Executable) -> Sequence[Row[Any]]:
        async def work(connection: AsyncConnection) -> Sequence[Row[Any]]:
            rows: list[Row[Any]] = list(await connection.execute(statement))
            return rows

        return await self._transactions.read(_DOING, work)
