"""Our own authorization codes in SQL: used once, in the transaction that opens their session."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.code_ports import StoredCode
from watchword.auth.ports import LiveSession, NewSession, ProviderIdentity
from watchword.models import AuthorizationCode
from watchword.storage.opening import open_session
from watchword.storage.storable import storable_identity, storable_session
from watchword.storage.tombstones import TombstoneRows
from watchword.storage.transactions import Transactions


class SqlCodeStore:
    """``CodeStore`` over ``ww_authorization_codes``."""

    def __init__(
        self,
        transactions: Transactions,
        *,
        tokens_live: timedelta,
        tombstones: TombstoneRows,
    ) -> None:
        self._transactions = transactions
        self._tokens_live = tokens_live
        self._tombstones = tombstones

    async def add(self, code: StoredCode) -> None:
        """See the port. Raises ValueError for values that no row can hold."""
        row = insert(AuthorizationCode).values(
            digest=code.digest,
            client_id=code.client_id,
            redirect_uri=code.redirect_uri,
            code_challenge=code.code_challenge,
            scopes=code.scopes,
            sealed_sign_in=code.sealed_sign_in,
            auth_time=code.auth_time,
            created_at=code.created_at,
            expires_at=code.expires_at,
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(row)

        await self._transactions.write("keep an authorization code", work)

    async def find(self, digest: bytes) -> StoredCode | None:
        statement = select(AuthorizationCode.__table__).where(AuthorizationCode.digest == digest)

        async def work(connection: AsyncConnection) -> StoredCode | None:
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                return None
            return StoredCode(
                digest=row.digest,
                client_id=row.client_id,
                redirect_uri=row.redirect_uri,
                code_challenge=row.code_challenge,
                scopes=row.scopes,
                sealed_sign_in=row.sealed_sign_in,
                auth_time=row.auth_time,
                created_at=row.created_at,
                expires_at=row.expires_at,
                used_at=row.used_at,
                session_id=row.session_id,
            )

        return await self._transactions.read("look an authorization code up", work)

    async def redeem(
        self, code: StoredCode, identity: ProviderIdentity, new: NewSession
    ) -> LiveSession | None:
        """See the port. The first statement decides: whoever comes second waits for it, and then
        changes no row."""
        identity, new = storable_identity(identity), storable_session(new)
        this_code = AuthorizationCode.digest == code.digest
        use = (
            update(AuthorizationCode)
            .where(
                this_code,
                AuthorizationCode.client_id == code.client_id,
                AuthorizationCode.redirect_uri == code.redirect_uri,
                AuthorizationCode.code_challenge == code.code_challenge,
                AuthorizationCode.used_at.is_(None),
                AuthorizationCode.expires_at > new.created_at,
            )
            .values(used_at=new.created_at)
        )

        async def work(connection: AsyncConnection) -> LiveSession | None:
            if (await connection.execute(use)).rowcount != 1:
                return None
            session = await open_session(
                connection, identity, new, tokens_live=self._tokens_live, tombstones=self._tombstones
            )
            opened = {"session_id": session.session_id, "user_id": session.user_id}
            await connection.execute(update(AuthorizationCode).where(this_code).values(**opened))
            return session

        return await self._transactions.write("redeem an authorization code", work)
