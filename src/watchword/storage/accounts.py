"""Find or make the account behind a provider identity, and take over what the provider says now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.audit_ports import AuditEvent
from watchword.auth.ports import ProviderIdentity
from watchword.models import Identity, Session, User
from watchword.protocol.roles import effective_roles
from watchword.storage.account_lookup import active, find_identity, lock_active
from watchword.storage.audit import add_audit_event
from watchword.storage.ending import may_have_tokens
from watchword.storage.renewals import renew_both
from watchword.storage.revocations import add_revocations
from watchword.storage.rows import insert_if_absent, new_id
from watchword.storage.transactions import LostRace

_RENEW_IDENTITY = update(Identity).where(
    Identity.id == bindparam("this"), Identity.user_id == bindparam("owner")
)
_ROLES = select(Identity.id, Identity.roles).where(Identity.user_id == bindparam("user_id"))
_RENEW_USER = update(User).where(User.id == bindparam("this"))
"""Statements that are built once; a renewal sets the columns that it is given."""

PROVIDER_TOKENS_LIVE = timedelta(hours=24, seconds=60)
"""The longest a provider's own access token counts here, leeway included."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account a session is about to be opened for, its row locked until the commit."""

    user_id: UUID
    identity_id: UUID
    version: int
    roles: frozenset[str]
    email: str | None = field(repr=False)
    name: str | None
    identity_roles: frozenset[str]


async def take_over(
    connection: AsyncConnection,
    identity: ProviderIdentity,
    known: Row[Any] | None,
    *,
    now: datetime,
    tokens_live: timedelta,
) -> Account:
    """The account of ``identity``, made when there is none, with its profile and roles of now.

    ``known`` is what ``lock_known`` said of it in this transaction. ``tokens_live`` is the longest an
    access token lives: how long the feed must tell a change of roles. Raises UserDisabled, LostRace.
    """
    if known is None:
        return await _create(connection, identity, now)
    user, identity_id = active(known), known.identity_id
    held = {row.id: row.roles for row in await connection.execute(_ROLES, {"user_id": user.id})}
    if identity_id not in held:
        raise LostRace
    if identity.roles is not None:
        held[identity_id] = identity.roles
    account = _renewed(user, identity_id, identity, frozenset[str]().union(*held.values()))
    seen = {"last_sign_in_at": now}
    renewed = {**_identity_values(identity), "roles": held[identity_id], **seen}
    await renew_both(connection, (user.id, identity_id), {**_user_values(account, now), **seen}, renewed)
    await _tell_if_changed(connection, user, account, now, tokens_live)
    return account


async def renew(
    connection: AsyncConnection, identity: ProviderIdentity, *, now: datetime, tokens_live: timedelta
) -> Account | None:
    """Take over what the provider says now of somebody who is signed in already, which is no sign-in and
    may say less: what is left out stays. None where nobody is known by it. Raises UserDisabled, LostRace."""
    found = await find_identity(connection, identity)
    if found is None:
        return None
    user_id, identity_id = found
    user = await lock_active(connection, user_id)
    values = _identity_values(identity)
    if identity.email is None:
        del values["email"], values["verified_email"]
    if identity.name is None:
        del values["name"]
    await _renew_identity(connection, identity_id, user_id, values)
    return await _renew_user(connection, user, identity_id, identity, now, tokens_live, {})


async def attach(
    connection: AsyncConnection,
    identity: ProviderIdentity,
    user_id: UUID,
    *,
    now: datetime,
    tokens_live: timedelta,
) -> Account:
    """Give an account one more ``identity``, which is nobody's yet. Raises UserDisabled, LostRace."""
    user = await lock_active(connection, user_id)
    identity_id = await _add_identity(connection, identity, user_id, now)
    seen = {"last_sign_in_at": now}
    account = await _renew_user(connection, user, identity_id, identity, now, tokens_live, seen)
    if account.version == user.version:
        await _look_up_again(connection, user_id, account.version, now)
    return account


async def _create(connection: AsyncConnection, identity: ProviderIdentity, now: datetime) -> Account:
    user_id = new_id(now)
    nobody: frozenset[str] = frozenset()
    await connection.execute(
        insert(User).values(
            id=user_id,
            status="active",
            version=1,
            email=identity.email,
            name=identity.name,
            identity_roles=identity.roles or nobody,
            granted_roles=nobody,
            denied_roles=nobody,
            created_at=now,
            updated_at=now,
            last_sign_in_at=now,
        )
    )
    identity_id = await _add_identity(connection, identity, user_id, now)
    roles = effective_roles(identity.roles or nobody, nobody, nobody)
    return Account(user_id, identity_id, 1, roles, identity.email, identity.name, identity.roles or nobody)


async def _add_identity(
    connection: AsyncConnection, identity: ProviderIdentity, user_id: UUID, now: datetime
) -> UUID:
    """Raises LostRace where (issuer, subject) has a row by now."""
    identity_id = new_id(now)
    nobody: frozenset[str] = frozenset()
    made = insert_if_absent(
        connection,
        Identity,
        id=identity_id,
        user_id=user_id,
        issuer=identity.issuer,
        subject=identity.subject,
        created_at=now,
        last_sign_in_at=now,
        **{"roles": nobody, **_identity_values(identity)},
    ).returning(Identity.id)
    if (await connection.execute(made)).one_or_none() is None:
        raise LostRace
    return identity_id


async def _renew_identity(
    connection: AsyncConnection,
    identity_id: UUID,
    user_id: UUID,
    values: Mapping[str, object],
) -> None:
    renewed = {"this": identity_id, "owner": user_id, **values}
    if (await connection.execute(_RENEW_IDENTITY, renewed)).rowcount != 1:
        raise LostRace


def _identity_values(identity: ProviderIdentity) -> dict[str, object]:
    verified = identity.email.lower() if identity.email and identity.email_verified else None
    values: dict[str, object] = {
        "provider_id": identity.provider_id,
        "email": identity.email,
        "verified_email": verified,
        "name": identity.name,
    }
    return values if identity.roles is None else {**values, "roles": identity.roles}


async def _renew_user(
    connection: AsyncConnection,
    user: Row[Any],
    identity_id: UUID,
    identity: ProviderIdentity,
    now: datetime,
    tokens_live: timedelta,
    seen: Mapping[str, datetime],
) -> Account:
    held = await connection.execute(_ROLES, {"user_id": user.id})
    identity_roles = frozenset[str]().union(*(row.roles for row in held))
    account = _renewed(user, identity_id, identity, identity_roles)
    renewed = {"this": user.id, **_user_values(account, now), **seen}
    await connection.execute(_RENEW_USER, renewed)
    await _tell_if_changed(connection, user, account, now, tokens_live)
    return account


def _renewed(
    user: Row[Any], identity_id: UUID, identity: ProviderIdentity, identity_roles: frozenset[str]
) -> Account:
    before = effective_roles(user.identity_roles, user.granted_roles, user.denied_roles)
    after = effective_roles(identity_roles, user.granted_roles, user.denied_roles)
    version = user.version if after == before else user.version + 1
    email, name = identity.email or user.email, identity.name or user.name
    return Account(user.id, identity_id, version, after, email, name, identity_roles)


def _user_values(account: Account, now: datetime) -> dict[str, object]:
    return {
        "version": account.version,
        "email": account.email,
        "name": account.name,
        "identity_roles": account.identity_roles,
        "updated_at": now,
    }


async def _tell_if_changed(
    connection: AsyncConnection, user: Row[Any], account: Account, now: datetime, tokens_live: timedelta
) -> None:
    if account.version != user.version:
        before = effective_roles(user.identity_roles, user.granted_roles, user.denied_roles)
        steps = {"gained": account.roles - before, "lost": before - account.roles}
        details = {"by": "provider"} | {step: sorted(names) for step, names in steps.items() if names}
        await add_audit_event(connection, AuditEvent("roles_changed", now, user.id, details=details))
        await tell_live_sessions(connection, user.id, account.version, now=now, tokens_live=tokens_live)


async def tell_live_sessions(
    connection: AsyncConnection, user_id: UUID, version: int, *, now: datetime, tokens_live: timedelta
) -> None:
    """Give every live session of a locked account its new version, and refuse the access tokens
    of their generations so far; their next refresh brings tokens that say what holds now. Callers by
    their provider's own tokens are looked up again."""
    changed = await connection.execute(
        update(Session)
        .where(Session.user_id == user_id, may_have_tokens(now, tokens_live))
        .values(user_version=version)
        .returning(Session.id, Session.generation)
    )
    entries = [
        {
            "kind": "generation",
            "created_at": now,
            "expires_at": now + tokens_live,
            "session_id": session_id,
            "generation": generation,
        }
        for session_id, generation in changed
    ]
    await add_revocations(connection, entries)
    await _look_up_again(connection, user_id, version, now)


async def _look_up_again(connection: AsyncConnection, user_id: UUID, version: int, now: datetime) -> None:
    """What is remembered of the account's callers by their provider's own tokens no longer holds."""
    subjects = await entries_of_subjects(connection, user_id, now=now)
    await add_revocations(connection, [{**each, "generation": version} for each in subjects])


async def entries_of_subjects(
    connection: AsyncConnection, user_id: UUID, *, now: datetime
) -> list[dict[str, object]]:
    """An entry of the feed for each identity of an account, about their providers' own tokens."""
    identities = select(Identity.issuer, Identity.subject).where(Identity.user_id == user_id)
    entry = {"kind": "subject", "created_at": now, "expires_at": now + PROVIDER_TOKENS_LIVE}
    return [
        {**entry, "issuer": row.issuer, "value": row.subject} for row in await connection.execute(identities)
    ]
