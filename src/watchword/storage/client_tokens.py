"""Ending tokens that no session stands behind, in SQL: the feed and the trail, together or not at all."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.account_ports import Act
from watchword.auth.audit_ports import AuditEvent
from watchword.storage.audit import add_audit_event
from watchword.storage.revocations import add_revocations
from watchword.storage.transactions import Transactions


class SqlClientTokenStore:
    """``ClientTokenStore`` over the feed."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def end_token(self, token_id: str, *, client_id: str, act: Act) -> None:
        event = AuditEvent("token_revoked", act.now, details={"by": act.by, "client_id": client_id})

        async def work(connection: AsyncConnection) -> None:
            entry = {"kind": "token", "value": token_id}
            times = {"created_at": act.now, "expires_at": act.tokens_expire_at}
            await add_revocations(connection, [entry | times])
            await add_audit_event(connection, event)

        await self._transactions.write("end a token", work)
