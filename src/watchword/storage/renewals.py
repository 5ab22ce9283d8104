"""An account and one of its identities, renewed together."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Update, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.models import Identity, User
from watchword.storage.transactions import LostRace

_USER = ("version", "email", "name", "identity_roles", "updated_at", "last_sign_in_at")
_IDENTITY = ("provider_id", "email", "verified_email", "name", "roles", "last_sign_in_at")

_RENEW_USER = (
    update(User)
    .where(User.id == bindparam("this_user"))
    .values({column: bindparam(f"user_{column}") for column in _USER})
)
_RENEW_IDENTITY = (
    update(Identity)
    .where(Identity.id == bindparam("this_identity"), Identity.user_id == bindparam("this_user"))
    .values({column: bindparam(f"identity_{column}") for column in _IDENTITY})
)


def _renew_both() -> Update:
    renewed = _RENEW_IDENTITY.returning(Identity.user_id).cte("renewed")
    return _RENEW_USER.where(User.id.in_(select(renewed.c.user_id)))


_RENEW_BOTH = _renew_both()
"""PostgreSQL carries changes of several tables out as one statement."""


async def renew_both(
    connection: AsyncConnection,
    ids: tuple[UUID, UUID],
    user_values: Mapping[str, object],
    identity_values: Mapping[str, object],
) -> None:
    """Write what a sign-in says; ``ids`` are those of the account and of its identity.

    Raises LostRace where the identity is not the account's any more.
    """
    these: dict[str, object] = dict(zip(("this_user", "this_identity"), ids, strict=True))
    user = {f"user_{column}": value for column, value in user_values.items()}
    identity = {f"identity_{column}": value for column, value in identity_values.items()}
    if connection.dialect.name == "postgresql":
        statements = [(_RENEW_BOTH, these | user | identity)]
    else:
        statements = [(_RENEW_IDENTITY, these | identity), (_RENEW_USER, these | user)]
    for statement, given in statements:
        if (await connection.execute(statement, given)).rowcount != 1:
            raise LostRace
