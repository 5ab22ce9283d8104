"""Sessions in SQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.ports import EndReason, LiveSession, NewSession, ProviderIdentity, Rotation
from watchword.models import Identity, ProviderGrant, Session, User
from watchword.models.session import DIGEST_BYTES, MAX_CLIENT_ID_CHARS, MAX_SEALED_SUCCESSOR_BYTES
from watchword.models.types import BoundedBytes, require_utc, storable_text
from watchword.protocol.rotation import GrantFacts, SessionFacts
from watchword.storage.ending import end_sessions
from watchword.storage.opening import open_session
from watchword.storage.rows import IDENTITY_COLUMNS, SESSION_COLUMNS, USER_COLUMNS, live_session
from watchword.storage.storable import storable_identity, storable_session
from watchword.storage.tombstones import TombstoneRows
from watchword.storage.transactions import Transactions

_LIVE = (
    select(
        *(getattr(Session, column) for column in SESSION_COLUMNS),
        *(getattr(User, column) for column in USER_COLUMNS),
        *(getattr(Identity, column) for column in IDENTITY_COLUMNS),
    )
    .join(User, User.id == Session.user_id)
    .join(Identity, Identity.id == Session.identity_id)
    .where(
        Session.id == bindparam("session_id"),
        Session.revoked_at.is_(None),
        Session.idle_ends_at > bindparam("now"),
        Session.absolute_ends_at > bindparam("now"),
        User.status == "active",
    )
)
_FACTS = (
    select(
        Session.__table__,
        User.status,
        ProviderGrant.sealed_tokens.is_not(None).label("has_tokens"),
        ProviderGrant.lease_ends_at,
    )
    .join(User, User.id == Session.user_id)
    .outerjoin(ProviderGrant, ProviderGrant.id == Session.grant_id)
    .where(Session.id == bindparam("session_id"))
)
"""Statements that are built once: SQLAlchemy recognises the object itself, which halves their cost."""
_DIGEST = BoundedBytes(DIGEST_BYTES, DIGEST_BYTES)
_SEALED = BoundedBytes(1, MAX_SEALED_SUCCESSOR_BYTES)


class Rotator(Protocol):
    """The one conditional statement, as each database runs it fastest."""

    async def rotate(self, rotation: Rotation) -> LiveSession | None: ...

    async def close(self) -> None: ...


class SqlSessionStore:
    """``SessionStore`` over the tables of accounts and sessions."""

    def __init__(
        self,
        transactions: Transactions,
        rotator: Rotator,
        *,
        tokens_live: timedelta,
        tombstones: TombstoneRows,
    ) -> None:
        self._transactions = transactions
        self._rotator = rotator
        self._tokens_live = tokens_live
        self._tombstones = tombstones

    async def open(self, identity: ProviderIdentity, new: NewSession) -> LiveSession:
        """See the port. Also raises ProviderResponseInvalid and TooManyRoles for an identity no row
        can hold, Contended."""
        identity, new = storable_identity(identity), storable_session(new)

        async def work(connection: AsyncConnection) -> LiveSession:
            return await open_session(
                connection, identity, new, tokens_live=self._tokens_live, tombstones=self._tombstones
            )

        return await self._transactions.write("open a session", work)

    async def rotate(self, rotation: Rotation) -> LiveSession | None:
        """See the port. Raises ValueError for digests of another size and times not in UTC."""
        for digest in (rotation.presented_digest, rotation.successor_digest):
            _DIGEST.checked(digest)
        _SEALED.checked(rotation.sealed_successor)
        for moment in (rotation.now, rotation.idle_ends_at):
            require_utc(moment)
        client_id = rotation.client_id
        if client_id is not None and (len(client_id) > MAX_CLIENT_ID_CHARS or not storable_text(client_id)):
            return None
        return await self._rotator.rotate(rotation)

    async def facts(self, session_id: UUID) -> SessionFacts | None:
        async def work(connection: AsyncConnection) -> SessionFacts | None:
            row = (await connection.execute(_FACTS, {"session_id": session_id})).one_or_none()
            return None if row is None else _facts(row)

        return await self._transactions.read("look a session up", work)

    async def find(self, session_id: UUID, *, now: datetime) -> LiveSession | None:
        async def work(connection: AsyncConnection) -> LiveSession | None:
            asked = {"session_id": session_id, "now": now}
            row = (await connection.execute(_LIVE, asked)).one_or_none()
            return None if row is None else live_session(row._asdict())

        return await self._transactions.read("find a session", work)

    async def end(
        self, session_id: UUID, *, reason: EndReason, now: datetime, tokens_expire_at: datetime
    ) -> bool:
        async def work(connection: AsyncConnection) -> bool:
            this = Session.id == session_id
            return bool(
                await end_sessions(
                    connection, this, reason=reason, now=now, tokens_expire_at=tokens_expire_at
                )
            )

        return await self._transactions.write("end a session", work)


def _facts(row: Row[Any]) -> SessionFacts:
    grant_id = row.grant_id
    return SessionFacts(
        session_id=row.id,
        client_id=row.client_id,
        generation=row.generation,
        refresh_digest=row.refresh_digest,
        previous_digest=row.previous_digest,
        sealed_successor=row.sealed_successor,
        rotated_at=row.rotated_at,
        idle_ends_at=row.idle_ends_at,
        absolute_ends_at=row.absolute_ends_at,
        revoked_at=row.revoked_at,
        user_active=row.status == "active",
        recheck_due_at=row.recheck_due_at,
        degraded_at=row.degraded_at,
        grant=None if grant_id is None else GrantFacts(grant_id, bool(row.has_tokens), row.lease_ends_at),
    )
