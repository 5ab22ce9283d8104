"""Accounts by the identity that a provider's own access token names."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.caller_ports import KnownCaller
from watchword.models import Identity, User
from watchword.models.types import storable_text
from watchword.models.user import MAX_ISSUER_CHARS, MAX_SUBJECT_CHARS
from watchword.protocol.roles import effective_roles
from watchword.storage.tombstones import TombstoneRows
from watchword.storage.transactions import Transactions


class SqlCallerStore:
    """``CallerStore`` over the tables of accounts."""

    def __init__(self, transactions: Transactions, tombstones: TombstoneRows) -> None:
        self._transactions = transactions
        self._tombstones = tombstones

    async def find(self, issuer: str, subject: str) -> KnownCaller | None:
        """See the port."""
        if len(issuer) > MAX_ISSUER_CHARS or len(subject) > MAX_SUBJECT_CHARS or not storable_text(subject):
            return None
        statement = (
            select(User.id, User.status, User.identity_roles, User.granted_roles, User.denied_roles)
            .join(Identity, Identity.user_id == User.id)
            .where(Identity.issuer == issuer, Identity.subject == subject)
        )

        async def work(connection: AsyncConnection) -> KnownCaller | None:
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                await self._tombstones.refuse(connection, issuer, subject)
                return None
            roles = effective_roles(row.identity_roles, row.granted_roles, row.denied_roles)
            return KnownCaller(row.id, row.status == "active", roles)

        return await self._transactions.read("look up the caller of a provider's token", work)
