"""Which account a session opens for: the identity's own, or the one it is linked to at this moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.account_ports import EmailLink
from watchword.auth.audit_ports import AuditEvent
from watchword.auth.ports import NewSession, ProviderIdentity
from watchword.errors import IdentityLinkedElsewhere, LinkSessionEnded
from watchword.models import Identity, Session
from watchword.storage.account_lookup import find_identity, lock_known, lock_user
from watchword.storage.accounts import Account, attach, take_over
from watchword.storage.audit import add_audit_event
from watchword.storage.ending import is_live
from watchword.storage.tombstones import TombstoneRows
from watchword.storage.transactions import LostRace


async def account_of(
    connection: AsyncConnection,
    identity: ProviderIdentity,
    new: NewSession,
    *,
    tokens_live: timedelta,
    tombstones: TombstoneRows,
) -> Account:
    """The account of ``identity``, linked or made where there is none, its row locked.

    Raises UserDisabled, AccountErased, LinkSessionEnded, IdentityLinkedElsewhere, LostRace, PepperUnreadable.
    """
    now = new.created_at
    terms = new.terms
    owner = await _owner_of(connection, terms.replaces, now) if terms.link else None
    if owner is not None:
        await _require_free(connection, identity, owner)
    known = await lock_known(connection, identity)
    if owner is not None and known is not None and known.id != owner:
        raise LostRace
    if known is None:
        await tombstones.refuse(connection, identity.issuer, identity.subject)
    if owner is None and known is None and terms.email_link is not None:
        owner = await _owner_by(connection, terms.email_link, identity.issuer)
    if owner is None or known is not None:
        return await take_over(connection, identity, known, now=now, tokens_live=tokens_live)
    account = await attach(connection, identity, owner, now=now, tokens_live=tokens_live)
    details = {"provider": identity.provider_id, "how": "signed_in" if terms.link else "verified_email"}
    event = AuditEvent("identity_linked", now, owner, new.session_id, new.ip, details)
    await add_audit_event(connection, event)
    return account


async def _require_free(connection: AsyncConnection, identity: ProviderIdentity, owner: UUID) -> None:
    """Looked at before any lock but the owner's is taken. Raises IdentityLinkedElsewhere."""
    found = await find_identity(connection, identity)
    if found is not None and found[0] != owner:
        raise IdentityLinkedElsewhere(f"the identity belongs to account {found[0]}, not to {owner}")


async def _owner_of(connection: AsyncConnection, session_id: UUID | None, now: datetime) -> UUID:
    """Whose session that is; account and session stay as they are until the commit. Raises
    LinkSessionEnded."""
    owner = (
        await connection.execute(select(Session.user_id).where(Session.id == session_id))
    ).scalar_one_or_none()
    if owner is not None:
        await lock_user(connection, owner)
    live = select(Session.user_id).where(Session.id == session_id, is_live(now)).with_for_update()
    if owner is None or (await connection.execute(live)).one_or_none() is None:
        raise LinkSessionEnded(f"session {session_id}, in which linking began, is not live")
    return owner


async def _owner_by(connection: AsyncConnection, link: EmailLink, issuer: str) -> UUID | None:
    """The one account that has the address verified, its row locked; None where there is none or more
    than one, its identities do not stand for it, or one of them is of the same issuer, who says by
    another subject that this is another person. Raises LostRace."""
    owner = await _found_by(connection, link)
    if owner is None:
        return None
    await lock_user(connection, owner)
    if await _found_by(connection, link) != owner:
        raise LostRace
    there = select(Identity.id).where(Identity.user_id == owner, Identity.issuer == issuer).limit(1)
    return owner if (await connection.execute(there)).one_or_none() is None else None


async def _found_by(connection: AsyncConnection, link: EmailLink) -> UUID | None:
    statement = select(Identity.user_id, Identity.provider_id, Identity.issuer, Identity.email).where(
        Identity.verified_email == link.address.lower()
    )
    found = list(await connection.execute(statement))
    if len({row.user_id for row in found}) != 1:
        return None
    stands = any(link.joins(row.provider_id, row.issuer, row.email) for row in found)
    return found[0].user_id if stands else None
