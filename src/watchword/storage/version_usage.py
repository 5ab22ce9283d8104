"""The ledger of who calls which version, in SQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import case, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.version_ports import UsageOrder, VersionCalls, VersionReport
from watchword.models import User, VersionUsage
from watchword.models.types import storable_text
from watchword.models.version_usage import MAX_VERSION_CHARS
from watchword.storage.transactions import Transactions
from watchword.storage.version_report import report_statement, reports

MAX_NETWORKS: Final = 10_000
"""Networks that have rows of their own: whoever has many addresses must not fill the database."""
_COLUMNS = VersionUsage.__table__.c


class SqlVersionUsageStore:
    """``VersionUsageStore`` over ``ww_version_usage``."""

    def __init__(self, transactions: Transactions, *, max_networks: int = MAX_NETWORKS) -> None:
        self._transactions = transactions
        self._max_networks = max_networks

    async def add(self, calls: Sequence[VersionCalls]) -> None:
        """See the port. Rows are taken in the order of their keys, so that no two callers of this
        wait for each other."""

        async def work(connection: AsyncConnection) -> None:
            known = await _without_the_gone(connection, calls)
            rows = await self._within_bounds(connection, [_row(each) for each in known])
            if rows:
                await connection.execute(_upsert(connection), sorted(rows, key=_digest_of))

        await self._transactions.write("add to the usage of versions", work)

    async def forget(self, *, unseen_since: datetime, limit: int) -> int:
        """See the port. All rows are looked at for it, but not in the transaction that deletes: nobody
        waits for that."""
        doing = "forget callers of versions"
        erased = _COLUMNS.user_id.in_(select(User.id).where(User.status == "erased"))
        unseen = select(_COLUMNS.digest).where(or_(_COLUMNS.last_seen_at < unseen_since, erased))

        async def look(connection: AsyncConnection) -> list[bytes]:
            return list((await connection.execute(unseen.limit(limit))).scalars())

        async def work(connection: AsyncConnection) -> int:
            still = unseen.where(_COLUMNS.digest.in_(found)).with_for_update(skip_locked=True)
            gone = delete(VersionUsage).where(_COLUMNS.digest.in_(still.order_by(_COLUMNS.digest)))
            return (await connection.execute(gone)).rowcount

        found = await self._transactions.read(doing, look)
        return await self._transactions.write(doing, work) if found else 0

    async def report(
        self,
        *,
        version: str | None = None,
        since: datetime | None = None,
        order: UsageOrder = "last-seen",
        limit: int,
    ) -> Sequence[VersionReport]:
        if version is not None and (len(version) > MAX_VERSION_CHARS or not storable_text(version)):
            return []
        statement = report_statement(version, since, order, limit)

        async def work(connection: AsyncConnection) -> Sequence[VersionReport]:
            return reports(await connection.execute(statement))

        return await self._transactions.read("report the usage of versions", work)

    async def _within_bounds(
        self, connection: AsyncConnection, rows: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Networks that would be too many become the others of their version."""
        digests = [row["digest"] for row in rows if row["kind"] == "network"]
        if not digests:
            return rows
        stored = select(func.count()).where(_COLUMNS.kind == "network")
        room = self._max_networks - (await connection.execute(stored)).scalar_one()
        if room >= len(digests):
            return rows
        already = select(_COLUMNS.digest).where(_COLUMNS.digest.in_(digests))
        admitted = set((await connection.execute(already)).scalars())
        admitted.update([digest for digest in digests if digest not in admitted][: max(room, 0)])
        return [
            _as_others(row) if row["kind"] == "network" and row["digest"] not in admitted else row
            for row in rows
        ]


async def _without_the_gone(connection: AsyncConnection, calls: Iterable[VersionCalls]) -> list[VersionCalls]:
    """Who has no account any more is their client. The accounts of the rest stay until the commit."""
    users = sorted({each.user_id for each in calls if each.user_id is not None})
    if not users:
        return list(calls)
    statement = (
        select(User.id)
        .where(User.id.in_(users), User.status != "erased")
        .order_by(User.id)
        .with_for_update(read=True, key_share=True)
    )
    there = set((await connection.execute(statement)).scalars())
    return [
        each if each.user_id is None or each.user_id in there else replace(each, kind="client", user_id=None)
        for each in calls
    ]


def _row(calls: VersionCalls) -> dict[str, Any]:
    names = (calls.version, calls.kind, calls.user_id and str(calls.user_id), calls.client_id, calls.network)
    return asdict(calls) | {"digest": hashlib.sha256(json.dumps(names).encode()).digest()}


def _as_others(row: dict[str, Any]) -> dict[str, Any]:
    counted = {name: value for name, value in row.items() if name != "digest"}
    return _row(VersionCalls(**counted | {"kind": "others", "network": None}))


def _digest_of(row: dict[str, Any]) -> bytes:
    digest: bytes = row["digest"]
    return digest


def _upsert(connection: AsyncConnection) -> postgresql.Insert | sqlite.Insert:
    """Both databases speak of the row that could not be inserted as ``excluded``."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    insert = make(VersionUsage)
    new, old = insert.excluded, _COLUMNS
    return insert.on_conflict_do_update(
        index_elements=[old.digest],
        set_={
            "calls": old.calls + new.calls,
            "would_refuse": old.would_refuse + new.would_refuse,
            "last_refusal": func.coalesce(new.last_refusal, old.last_refusal),
            "first_seen_at": case(
                (new.first_seen_at < old.first_seen_at, new.first_seen_at), else_=old.first_seen_at
            ),
            "last_seen_at": case(
                (new.last_seen_at > old.last_seen_at, new.last_seen_at), else_=old.last_seen_at
            ),
        },
    )
