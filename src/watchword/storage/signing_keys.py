"""The ring of signing keys in SQL, private parts sealed before they come here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.key_ports import StoredKey
from watchword.models import SigningKey
from watchword.storage.rows import insert_if_absent
from watchword.storage.transactions import Transactions

_NEWEST_FIRST = (
    select(SigningKey.__table__)
    .where(SigningKey.state != "revoked")
    .order_by(SigningKey.created_at.desc(), SigningKey.kid)
)


class _RingExists(Exception):
    """Rolls the first ring back, because another process was faster."""


class SqlKeyStore:
    """``KeyStore`` over ``ww_signing_keys``; the table lets nobody make a second active key."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def load(self) -> Sequence[StoredKey]:
        async def work(connection: AsyncConnection) -> list[StoredKey]:
            return [_stored(row) for row in await connection.execute(_NEWEST_FIRST)]

        return await self._transactions.read("read the signing keys", work)

    async def add_first(self, keys: Sequence[StoredKey]) -> bool:
        async def work(connection: AsyncConnection) -> None:
            if (await connection.execute(select(SigningKey.kid).limit(1))).first() is not None:
                raise _RingExists
            for key in keys:
                added = insert_if_absent(connection, SigningKey, **_values(key)).returning(SigningKey.kid)
                if (await connection.execute(added)).one_or_none() is None:
                    raise _RingExists

        try:
            await self._transactions.write("store the first signing keys", work)
        except _RingExists:
            return False
        return True


def _values(key: StoredKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.state,
        "public_jwk": key.public_jwk,
        "sealed_private": key.sealed_private,
        "created_at": key.created_at,
        "activated_at": key.activated_at,
        "retired_at": key.retired_at,
        "verify_until": key.verify_until,
    }


def _stored(row: Row[Any]) -> StoredKey:
    return StoredKey(
        kid=row.kid,
        algorithm=row.algorithm,
        state=row.state,
        public_jwk=row.public_jwk,
        sealed_private=row.sealed_private,
        created_at=row.created_at,
        activated_at=row.activated_at,
        retired_at=row.retired_at,
        verify_until=row.verify_until,
    )
