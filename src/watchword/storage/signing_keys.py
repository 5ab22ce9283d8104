"""The ring of signing keys in SQL, private parts sealed before they come here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.key_ports import StoredKey, StoredRing
from watchword.models import SigningKey
from watchword.storage.transactions import Transactions

_NEWEST_FIRST = (
    select(SigningKey.__table__)
    .where(SigningKey.state != "revoked")
    .order_by(SigningKey.created_at.desc(), SigningKey.kid)
)
_ONE_WRITER: Final = text("LOCK TABLE ww_signing_keys IN SHARE ROW EXCLUSIVE MODE")
_FIELDS: Final = tuple(each.name for each in fields(StoredKey))


async def lock_signing_keys(connection: AsyncConnection) -> None:
    """One writer of the table at a time, whatever it writes; readers wait for nobody. SQLite has but one."""
    if connection.dialect.name == "postgresql":
        await connection.execute(_ONE_WRITER)


def row_of(key: StoredKey) -> dict[str, Any]:
    """A key by the names of its columns."""
    return {name: getattr(key, name) for name in _FIELDS}


class SqlKeyStore:
    """``KeyStore`` over ``ww_signing_keys``, where revoked keys stay as a record and are in no ring; the
    table lets nobody make a second active key."""

    place = "database"

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def load(self) -> StoredRing:
        return await self._transactions.read("read the signing keys", _ring)

    async def replace(self, known: StoredRing, keys: Sequence[StoredKey]) -> bool:
        """See the port. A key that was revoked comes back into no ring."""

        async def work(connection: AsyncConnection) -> bool:
            await lock_signing_keys(connection)
            if (await _ring(connection)).version != known.version or await _revoked(connection, keys):
                return False
            await connection.execute(delete(SigningKey).where(SigningKey.state != "revoked"))
            if keys:
                await connection.execute(insert(SigningKey), [row_of(key) for key in keys])
            return True

        return await self._transactions.write("change the signing keys", work)


async def _ring(connection: AsyncConnection) -> StoredRing:
    keys = tuple(_stored(row) for row in await connection.execute(_NEWEST_FIRST))
    return StoredRing(_version(keys), keys)


async def _revoked(connection: AsyncConnection, keys: Sequence[StoredKey]) -> bool:
    named = select(SigningKey.kid).where(SigningKey.state == "revoked")
    found = await connection.execute(named.where(SigningKey.kid.in_([key.kid for key in keys])).limit(1))
    return found.first() is not None


def _version(keys: Sequence[StoredKey]) -> str:
    """Names everything the ring holds, sealed parts as well: they change when they are sealed anew."""
    if not keys:
        return ""
    digest = hashlib.sha256()
    for key in keys:
        named = {name: str(value) for name, value in row_of(key).items() if name != "public_jwk"}
        digest.update(json.dumps([named, key.public_jwk], sort_keys=True, default=dict).encode())
    return digest.hexdigest()


def _stored(row: Row[Any]) -> StoredKey:
    return StoredKey(**{name: getattr(row, name) for name in _FIELDS})
