"""Counting sessions by provider, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Label, and_, bindparam, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.session_count_ports import SessionCount
from watchword.models import ProviderGrant, Session
from watchword.models.types import UtcDateTime
from watchword.storage.transactions import Transactions


def _is_live() -> ColumnElement[bool]:
    now = bindparam("now", type_=UtcDateTime())
    return and_(Session.revoked_at.is_(None), Session.idle_ends_at > now, Session.absolute_ends_at > now)


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

    async def degraded(
        self, provider_ids: Collection[str], *, now: datetime, at_most: int
    ) -> Mapping[str, int]:
        statement = select(literal(0), *(_degraded(each, at_most) for each in provider_ids))

        async def work(connection: AsyncConnection) -> Mapping[str, int]:
            row = (await connection.execute(statement, {"now": now})).one()
            return dict(zip(provider_ids, row[1:], strict=True))

        return await self._transactions.read("count degraded sessions", work)

    async def by_provider(self, *, now: datetime) -> Mapping[str, SessionCount]:
        async def work(connection: AsyncConnection) -> Mapping[str, SessionCount]:
            found = await connection.execute(_BY_PROVIDER, {"now": now})
            return {
                row.provider_id: SessionCount(row.live, row.degraded, row.live - row.checkable)
                for row in found
            }

        return await self._transactions.read("count sessions", work)


def _degraded(provider_id: str, at_most: int) -> Label[int]:
    found = (
        select(literal(1))
        .where(Session.provider_id == provider_id, Session.degraded_at.is_not(None), _is_live())
        .limit(at_most)
        .subquery()
    )
    return select(func.count()).select_from(found).scalar_subquery().label(None)
