"""Looking accounts up inside a transaction, and locking them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.ports import ProviderIdentity
from watchword.errors import AccountErased, UserDisabled
from watchword.models import Identity, User
from watchword.storage.transactions import LostRace

_BY_SUBJECT = select(Identity.user_id, Identity.id).where(
    Identity.issuer == bindparam("issuer"), Identity.subject == bindparam("subject")
)
_KNOWN = (
    select(User.__table__, Identity.id.label("identity_id"))
    .join(Identity, Identity.user_id == User.id)
    .where(Identity.issuer == bindparam("issuer"), Identity.subject == bindparam("subject"))
    .with_for_update(key_share=True, of=User)
)
_LOCK = select(User.__table__).where(User.id == bindparam("user_id")).with_for_update(key_share=True)


async def find_identity(connection: AsyncConnection, identity: ProviderIdentity) -> tuple[UUID, UUID] | None:
    """The ids of the account and of the row that (issuer, subject) has already."""
    asked = {"issuer": identity.issuer, "subject": identity.subject}
    row = (await connection.execute(_BY_SUBJECT, asked)).one_or_none()
    return None if row is None else (row.user_id, row.id)


async def lock_user(connection: AsyncConnection, user_id: UUID) -> Row[Any] | None:
    """The account's row, which nobody else changes until the commit; None when there is none."""
    return (await connection.execute(_LOCK, {"user_id": user_id})).one_or_none()


async def lock_known(connection: AsyncConnection, identity: ProviderIdentity) -> Row[Any] | None:
    """The locked row of the account that (issuer, subject) has already, with its ``identity_id``."""
    asked = {"issuer": identity.issuer, "subject": identity.subject}
    return (await connection.execute(_KNOWN, asked)).one_or_none()


async def lock_active(connection: AsyncConnection, user_id: UUID) -> Row[Any]:
    """Raises LostRace where there is no such account, UserDisabled."""
    user = await lock_user(connection, user_id)
    if user is None:
        raise LostRace
    return active(user)


def active(user: Row[Any]) -> Row[Any]:
    """``user`` itself. Raises UserDisabled, AccountErased."""
    if user.status == "erased":
        raise AccountErased(f"account {user.id} was erased")
    if user.status != "active":
        raise UserDisabled(f"account {user.id} is {user.status}")
    return user
