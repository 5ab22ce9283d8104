"""Counting sessions by provider, in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.session_count_ports import SessionCount
from watchword.models import ProviderGrant, Session
from watchword.models.types import UtcDateTime
from watchword.storage.transactions import Transactions


def _is_live() -> ColumnElement[bool]:
    now = bindparam("now", type_=UtcDateTime())
    return and_(Session.revoked_at.is_(None), Session.idle_ends_at > now, Session.absolute_ends_at > now)


_DEGRADED = (
    select(Session.provider_id, func.count().label("degraded"))
    .where(Session.degraded_at.is_not(None), _is_live())
    .group_by(Session.provider_id)
)
_BY_PROVIDER = (
    select(
        Session.provider_id,
        func.count().label("live"),
        func.count(Session.degraded_at).label("degraded"),
        func.count(ProviderGrant.sealed_tokens).label("checkable"),
    )
    .outerjoin(ProviderGrant, ProviderGrant.id == Session.grant_id)
    .where(_is_live())
    .group_by(Session.provider_id)
)


class SqlSessionCountStore:
    """``SessionCountStore`` over the tables of sessions and grants."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def degraded(self, *, now: datetime) -> Mapping[str, int]:
        async def work(connection: AsyncConnection) -> Mapping[str, int]:
            found = await connection.execute(_DEGRADED, {"now": now})
            return {row.provider_id: row.degraded for row in found}

        return await self._transactions.read("count degraded sessions", work)

    async def by_provider(self, *, now: datetime) -> Mapping[str, SessionCount]:
        async def work(connection: AsyncConnection) -> Mapping[str, SessionCount]:
            found = await connection.execute(_BY_PROVIDER, {"now": now})
            return {
                row.provider_id: SessionCount(row.live, row.degraded, row.live - row.checkable)
                for row in found
            }

        return await self._transactions.read("count sessions", work)
