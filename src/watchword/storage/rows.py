"""Rows on their way in and out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.ports import LiveSession
from watchword.models import Base
from watchword.protocol.roles import effective_roles
from watchword.protocol.uuid7 import RANDOM_BYTES, uuid7

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

SESSION_COLUMNS = (
    "id",
    "user_id",
    "client_id",
    "scopes",
    "provider_id",
    "generation",
    "created_at",
    "auth_time",
    "auth_time_asserted",
    "idle_ends_at",
    "absolute_ends_at",
)
USER_COLUMNS = ("email", "name", "identity_roles", "granted_roles", "denied_roles")
IDENTITY_COLUMNS = ("issuer", "subject")
LIVE_COLUMNS = SESSION_COLUMNS + USER_COLUMNS + IDENTITY_COLUMNS
"""What a LiveSession is made of; the raw statements of the rotation name the very same columns."""


_NAME_SETS = ("scopes", "identity_roles", "granted_roles", "denied_roles")


def live_columns(session: str, user: str, identity: str, *, sets_as_text: bool = False) -> str:
    """``LIVE_COLUMNS`` as SQL, each with the alias of its table. ``sets_as_text``: PostgreSQL hands sets of
    names over as text, so that no driver decodes what is known already."""
    named = ((session, SESSION_COLUMNS), (user, USER_COLUMNS), (identity, IDENTITY_COLUMNS))
    cast = {name: f"::text AS {name}" for name in _NAME_SETS} if sets_as_text else {}
    return ", ".join(
        f"{alias}.{column}{cast.get(column, '')}" for alias, columns in named for column in columns
    )


def new_id(now: datetime) -> UUID:
    """A fresh primary key of this moment."""
    return uuid7((now - _EPOCH) // _MILLISECOND, secrets.token_bytes(RANDOM_BYTES))


def insert_if_absent(
    connection: AsyncConnection, model: type[Base], **values: Any
) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that does nothing where any unique constraint already has such a row."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(model).values(**values).on_conflict_do_nothing()
    return sqlite.insert(model).values(**values).on_conflict_do_nothing()


def live_session(row: Mapping[str, Any]) -> LiveSession:
    """A session and its account from the columns of ``LIVE_COLUMNS``, whatever driver read them."""
    return LiveSession(
        session_id=row["id"],
        user_id=row["user_id"],
        client_id=row["client_id"],
        scopes=_names(row["scopes"]),
        roles=effective_roles(
            _names(row["identity_roles"]), _names(row["granted_roles"]), _names(row["denied_roles"])
        ),
        issuer=row["issuer"],
        subject=row["subject"],
        provider_id=row["provider_id"],
        email=row["email"],
        name=row["name"],
        generation=row["generation"],
        created_at=row["created_at"],
        auth_time=row["auth_time"],
        auth_time_asserted=bool(row["auth_time_asserted"]),
        idle_ends_at=row["idle_ends_at"],
        absolute_ends_at=row["absolute_ends_at"],
    )


def _names(raw: Any) -> frozenset[str]:
    """A set of names as a driver hands it over: decoded by it, by our type, or not at all."""
    return _decoded(raw) if isinstance(raw, str) else frozenset(raw)


@lru_cache(maxsize=1024)
def _decoded(raw: str) -> frozenset[str]:
    """People share few sets of roles and scopes, and a rotation reads four."""
    return frozenset(json.loads(raw))
