"""What the database keeps of signing keys, whatever store their ring is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Delete, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth import key_ports
from watchword.auth.account_ports import Actor
from watchword.auth.audit_ports import AuditEvent
from watchword.auth.key_ports import RevokedKey, RingCopy, StoredKey
from watchword.auth.keyring import RING_CHANGED
from watchword.models import Base, KeyRingCopy, KeyUse, SigningKey
from watchword.storage.audit import add_audit_event
from watchword.storage.revocations import add_revocations
from watchword.storage.rows import insert_if_absent
from watchword.storage.signing_keys import lock_signing_keys, row_of
from watchword.storage.transactions import Transactions

NO_PRIVATE_PART: Final = b"\0"
"""What a revoked key is kept with: nothing may sign with it again, so its private part is gone for good."""
USES_KEPT: Final = timedelta(days=400)
"""For how long the last use of a key is known that nobody has used since."""
NEWS_SECONDS: Final = 120
"""For how long the feed tells that a ring has changed; whoever starts later reads the ring anyway."""
_REVOKED = (
    select(SigningKey.__table__)
    .where(SigningKey.state == "revoked")
    .order_by(SigningKey.verify_until.desc(), SigningKey.kid)
)


class SqlKeyLedger:
    """``KeyLedger`` over ``ww_signing_keys``, the feed, the trail and two tables of its own. A revoked key
    says in ``verify_until`` when it was revoked, and has no private part any more."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def revoke(
        self, keys: Sequence[StoredKey], *, by: Actor, now: datetime, tokens_expire_at: datetime
    ) -> None:
        async def work(connection: AsyncConnection) -> None:
            await lock_signing_keys(connection)
            revoked = [key.kid for key in keys if await _revoke(connection, key, now)]
            if not revoked:
                return
            entry = {"kind": "key", "created_at": now, "expires_at": tokens_expire_at}
            await add_revocations(connection, [entry | {"value": kid} for kid in revoked])
            details = {"by": by, "keys": revoked}
            await add_audit_event(connection, AuditEvent("keys_revoked", now, details=details))

        await self._transactions.write("revoke signing keys", work)

    async def revoked(self) -> Sequence[RevokedKey]:
        async def work(connection: AsyncConnection) -> list[RevokedKey]:
            return [
                RevokedKey(row.kid, row.algorithm, row.public_jwk, row.created_at, row.verify_until)
                for row in await connection.execute(_REVOKED)
            ]

        return await self._transactions.read("read which signing keys were revoked", work)

    async def note_rotation(
        self, *, by: Actor, now: datetime, active: str, next_: str, retired: str | None
    ) -> None:
        expires_at = now + timedelta(seconds=NEWS_SECONDS)
        entry = {
            "kind": "key",
            "value": f"{RING_CHANGED}{next_}",
            "created_at": now,
            "expires_at": expires_at,
        }
        details = {"by": by, "active": active, "next": next_, "retired": retired}

        async def work(connection: AsyncConnection) -> None:
            await add_revocations(connection, [entry])
            await add_audit_event(connection, AuditEvent("keys_rotated", now, details=details))

        await self._transactions.write("tell of the new signing keys", work)

    async def keep_copy(self, copy: RingCopy) -> None:
        async def work(connection: AsyncConnection) -> None:
            row = {"store": copy.place} | {
                name: value for name, value in asdict(copy).items() if name != "place"
            }
            made = _insert(connection, KeyRingCopy)
            new = made.excluded
            await connection.execute(
                made.on_conflict_do_update(
                    index_elements=[KeyRingCopy.store],
                    set_={"version": new.version, "sealed": new.sealed, "saved_at": new.saved_at},
                    where=KeyRingCopy.saved_at <= new.saved_at,
                ),
                [row],
            )

        await self._transactions.write("keep a copy of the key ring", work)

    async def copy(self, place: str) -> RingCopy | None:
        async def work(connection: AsyncConnection) -> RingCopy | None:
            found = await connection.execute(select(KeyRingCopy.__table__).where(KeyRingCopy.store == place))
            row = found.one_or_none()
            return None if row is None else RingCopy(row.store, row.version, row.sealed, row.saved_at)

        return await self._transactions.read("read the copy of the key ring", work)

    async def note_uses(self, uses: Mapping[str, key_ports.KeyUse]) -> None:
        rows = [{"kid": kid} | asdict(uses[kid]) for kid in sorted(uses)]
        newest = max(filter(None, map(_latest, uses.values())), default=None)

        async def work(connection: AsyncConnection) -> None:
            made = _insert(connection, KeyUse)
            later = {name: _later(name, made) for name in ("last_signed_at", "last_verified_at")}
            await connection.execute(
                made.on_conflict_do_update(index_elements=[KeyUse.kid], set_=later), rows
            )
            if newest is not None:
                await connection.execute(_forgotten(newest))

        if rows:
            await self._transactions.write("note when signing keys were used", work)

    async def uses(self) -> Mapping[str, key_ports.KeyUse]:
        async def work(connection: AsyncConnection) -> dict[str, key_ports.KeyUse]:
            return {
                row.kid: key_ports.KeyUse(row.last_signed_at, row.last_verified_at)
                for row in await connection.execute(select(KeyUse.__table__))
            }

        return await self._transactions.read("read when signing keys were used", work)


async def _revoke(connection: AsyncConnection, key: StoredKey, now: datetime) -> bool:
    """Whether it was not revoked yet. A ring of this table loses the key; of any other it becomes known
    here."""
    ended = update(SigningKey).where(SigningKey.kid == key.kid, SigningKey.state != "revoked")
    record = {"state": "revoked", "verify_until": now, "sealed_private": NO_PRIVATE_PART}
    if (await connection.execute(ended.values(record))).rowcount:
        return True
    row = row_of(key) | record
    added = insert_if_absent(connection, SigningKey, **row).returning(SigningKey.kid)
    return (await connection.execute(added)).one_or_none() is not None


def _latest(use: key_ports.KeyUse) -> datetime | None:
    return max(filter(None, (use.last_signed_at, use.last_verified_at)), default=None)


def _forgotten(now: datetime) -> Delete:
    """Of the few rows there are, those of keys that are long gone."""
    kept_from = now - USES_KEPT
    columns = (KeyUse.last_signed_at, KeyUse.last_verified_at)
    return delete(KeyUse).where(*(or_(column.is_(None), column < kept_from) for column in columns))


def _insert(connection: AsyncConnection, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(model) if connection.dialect.name == "postgresql" else sqlite.insert(model)


def _later(name: str, made: postgresql.Insert | sqlite.Insert) -> Any:
    new, old = made.excluded[name], KeyUse.__table__.c[name]
    return case((or_(old.is_(None), new > old), new), else_=old)
