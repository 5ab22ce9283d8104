"""Purging what replicas hold of a provider, in SQL: the feed and the trail, together or not at all."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.audit_ports import AuditEvent
from watchword.auth.provider_purge import HELD_SECONDS, Purge, feed_value
from watchword.storage.audit import add_audit_event
from watchword.storage.revocations import add_revocations
from watchword.storage.transactions import Transactions


class SqlPurgeStore:
    """``PurgeStore`` over the feed."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def add(self, purge: Purge) -> None:
        entries = [
            {
                "kind": "key",
                "issuer": purge.issuer,
                "value": feed_value(target),
                "created_at": purge.at,
                "expires_at": purge.at + timedelta(seconds=HELD_SECONDS[target]),
            }
            for target in purge.targets
        ]
        event = AuditEvent(
            "provider_purged",
            purge.at,
            details={"by": purge.by, "provider": purge.provider_id, "purged": list(purge.targets)},
        )

        async def work(connection: AsyncConnection) -> None:
            await add_revocations(connection, entries)
            await add_audit_event(connection, event)

        await self._transactions.write("purge a provider", work)
