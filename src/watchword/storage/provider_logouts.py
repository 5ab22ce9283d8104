"""Sign-outs that a provider has part in, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.logout_ports import ProviderLogout, SignedInAt
from watchword.models import Identity, ProviderGrant, Session, SingleUse
from watchword.storage.ending import end_sessions, may_have_tokens
from watchword.storage.rows import insert_if_absent
from watchword.storage.transactions import Transactions


class SqlProviderLogoutStore:
    """``ProviderLogoutStore`` over the tables of sessions, grants and single use."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def end_sessions(
        self, logout: ProviderLogout, *, now: datetime, tokens_expire_at: datetime
    ) -> Sequence[UUID] | None:
        """See the port. The word is used up in the transaction that ends the sessions."""

        async def work(connection: AsyncConnection) -> Sequence[UUID] | None:
            claim = insert_if_absent(
                connection,
                SingleUse,
                kind="logout-token",
                digest=logout.digest,
                expires_at=logout.remember_until,
            )
            if (await connection.execute(claim.returning(SingleUse.kind))).one_or_none() is None:
                return None
            which = and_(_meant(logout), may_have_tokens(now, tokens_expire_at - now))
            return await end_sessions(
                connection, which, reason="provider_logout", now=now, tokens_expire_at=tokens_expire_at
            )

        return await self._transactions.write("end sessions for a provider", work)

    async def take_sign_in(self, session_id: UUID) -> SignedInAt | None:
        statement = (
            select(Session.provider_id, Session.client_id, Session.grant_id, ProviderGrant.sealed_id_token)
            .outerjoin(ProviderGrant, ProviderGrant.id == Session.grant_id)
            .where(Session.id == session_id)
        )

        async def work(connection: AsyncConnection) -> SignedInAt | None:
            row = (await connection.execute(statement)).one_or_none()
            if row is not None and row.sealed_id_token is not None:
                forget = update(ProviderGrant).where(ProviderGrant.id == row.grant_id)
                await connection.execute(forget.values(sealed_id_token=None))
            return None if row is None else SignedInAt(*row)

        return await self._transactions.write("take what a sign-out needs", work)


def _meant(logout: ProviderLogout) -> ColumnElement[bool]:
    of_issuer = select(Identity.id).where(Identity.issuer == logout.issuer)
    if logout.subject is not None:
        of_issuer = of_issuer.where(Identity.subject == logout.subject)
    meant = and_(Session.provider_id == logout.provider_id, Session.identity_id.in_(of_issuer))
    return meant if logout.sid is None else and_(Session.provider_sid == logout.sid, meant)
