"""Erasing a person in SQL: all of it in one transaction, or nothing.

What an erasure does to each column stands on the column (``models.privacy``); a test holds the two
against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.account_ports import Act
from watchword.auth.audit_ports import AuditEvent
from watchword.auth.privacy_ports import Erased
from watchword.auth.tombstones import ERASED_ISSUER
from watchword.models import (
    AuditRecord,
    AuthorizationCode,
    Identity,
    ProviderGrant,
    RevocationEntry,
    Session,
    TermsAcceptance,
    User,
    VersionUsage,
)
from watchword.storage.account_changes import end_by, that_may_have_tokens
from watchword.storage.accounts import PROVIDER_TOKENS_LIVE
from watchword.storage.audit import add_audit_event
from watchword.storage.revocations import add_revocations
from watchword.storage.tombstones import TombstoneRows

_NOBODY: Final[frozenset[str]] = frozenset()
_ERASED_PROVIDER: Final = "erased"


async def erase(
    connection: AsyncConnection, user_id: UUID, act: Act, tombstones: TombstoneRows
) -> Erased | None:
    """See ``PrivacyStore.erase``. The account's row is taken first, as everywhere, and here so that even
    rows that refer to it wait: what was counted of its calls meanwhile is deleted, too."""
    user = (await connection.execute(select(User.status).where(User.id == user_id).with_for_update())).first()
    if user is None:
        return None
    if user.status == "erased":
        return Erased(user_id, already=True)
    ended = await end_by(connection, that_may_have_tokens(user_id, act), "erased", act)
    await _forget_trail(connection, user_id)
    await _delete_rows(connection, user_id)
    await _bury_identities(connection, user_id, act.now, tombstones)
    await _empty_account(connection, user_id, act.now)
    details = {"by": act.by, "sessions_ended": len(ended)}
    await add_audit_event(connection, AuditEvent("account_erased", act.now, user_id, details=details))
    return Erased(user_id, already=False, sessions=ended)


async def _forget_trail(connection: AsyncConnection, user_id: UUID) -> None:
    """Where somebody was goes; that something happened stays, under an id that names nobody."""
    with_address = and_(AuditRecord.user_id == user_id, AuditRecord.ip.is_not(None))
    await connection.execute(update(AuditRecord).where(with_address).values(ip=None))


async def _delete_rows(connection: AsyncConnection, user_id: UUID) -> None:
    """In the order in which they refer to each other."""
    sessions = select(Session.id).where(Session.user_id == user_id)
    identities = select(Identity.id).where(Identity.user_id == user_id)
    codes = or_(AuthorizationCode.user_id == user_id, AuthorizationCode.session_id.in_(sessions))
    for rows in (
        delete(AuthorizationCode).where(codes),
        delete(Session).where(Session.user_id == user_id),
        delete(ProviderGrant).where(ProviderGrant.identity_id.in_(identities)),
        delete(TermsAcceptance).where(TermsAcceptance.user_id == user_id),
        delete(VersionUsage).where(VersionUsage.user_id == user_id),
    ):
        await connection.execute(rows)


async def _bury_identities(
    connection: AsyncConnection, user_id: UUID, now: datetime, tombstones: TombstoneRows
) -> None:
    """Each identity becomes a digest. The feed, which named them, names them no longer, but tells every
    replica to look callers by their provider's own tokens up again."""
    statement = select(Identity.id, Identity.issuer, Identity.subject).where(Identity.user_id == user_id)
    identities = list(await connection.execute(statement))
    digest_of = await tombstones.digests(connection, now=now)
    digests: list[str] = []
    for each in identities:
        digests.append(digest_of(each.issuer, each.subject))
        told = and_(RevocationEntry.issuer == each.issuer, RevocationEntry.value == each.subject)
        await connection.execute(delete(RevocationEntry).where(RevocationEntry.kind == "subject", told))
        buried = update(Identity).where(Identity.id == each.id)
        await connection.execute(buried.values(**_tombstone(digests[-1], now)))
    await add_revocations(connection, _look_up_again(digests, now))


def _tombstone(digest: str, now: datetime) -> dict[str, object]:
    return {
        "provider_id": _ERASED_PROVIDER,
        "issuer": ERASED_ISSUER,
        "subject": digest,
        "email": None,
        "verified_email": None,
        "name": None,
        "roles": _NOBODY,
        "created_at": now,
        "last_sign_in_at": now,
    }


def _look_up_again(digests: Sequence[str], now: datetime) -> list[dict[str, object]]:
    entry = {"kind": "subject", "created_at": now, "expires_at": now + PROVIDER_TOKENS_LIVE}
    return [{**entry, "issuer": ERASED_ISSUER, "value": digest} for digest in digests]


async def _empty_account(connection: AsyncConnection, user_id: UUID, now: datetime) -> None:
    await connection.execute(
        update(User)
        .where(User.id == user_id)
        .values(
            status="erased",
            version=User.version + 1,
            email=None,
            name=None,
            identity_roles=_NOBODY,
            granted_roles=_NOBODY,
            denied_roles=_NOBODY,
            updated_at=now,
            last_sign_in_at=None,
        )
    )
