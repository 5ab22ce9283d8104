"""Ending the tokens of clients, in SQL: the feed and the trail, together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.account_ports import Act
from watchword.auth.ports import AuditEvent
from watchword.models import Session
from watchword.storage.account_changes import end_by
from watchword.storage.audit import add_audit_event
from watchword.storage.ending import may_have_tokens
from watchword.storage.revocations import add_revocations
from watchword.storage.transactions import Transactions


class SqlClientTokenStore:
    """``ClientTokenStore`` over the feed and the sessions."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def end_token(self, token_id: str, *, client_id: str, act: Act) -> None:
        event = AuditEvent("token_revoked", act.now, details={"by": act.by, "client_id": client_id})

        async def work(connection: AsyncConnection) -> None:
            await add_revocations(connection, [_entry("token", token_id, act)])
            await add_audit_event(connection, event)

        await self._transactions.write("end a token", work)

    async def end_client(self, client_id: str, *, act: Act) -> Sequence[UUID]:
        """See the port. Sessions are looked for without an index: it is done by hand, and rarely."""

        async def work(connection: AsyncConnection) -> Sequence[UUID]:
            its_own = (Session.client_id == client_id) & may_have_tokens(
                act.now, act.tokens_expire_at - act.now
            )
            ended = await end_by(connection, its_own, "revoked", act)
            await add_revocations(connection, [_entry("client", client_id, act)])
            details = {"by": act.by, "client_id": client_id, "sessions_ended": len(ended)}
            await add_audit_event(connection, AuditEvent("client_revoked", act.now, details=details))
            return ended

        return await self._transactions.write("end the tokens of a client", work)


def _entry(kind: str, value: str, act: Act) -> dict[str, object]:
    return {"kind": kind, "value": value, "created_at": act.now, "expires_at": act.tokens_expire_at}
