"""Which account a session opens for: the identity's own, or the one it is linked to at this moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.ports import AuditEvent, NewSession, ProviderIdentity
from watchword.errors import IdentityLinkedElsewhere, LinkSessionEnded
from watchword.models import Session
from watchword.storage.accounts import Account, attach, find_identity, lock_user, take_over
from watchword.storage.audit import add_audit_event
from watchword.storage.ending import is_live


async def account_of(
    connection: AsyncConnection, identity: ProviderIdentity, new: NewSession, *, tokens_live: timedelta
) -> Account:
    """The account of ``identity``, linked or made where there is none, its row locked.

    Raises UserDisabled, LinkSessionEnded, IdentityLinkedElsewhere, LostRace.
    """
    now = new.created_at
    owner = await _owner_of(connection, new.terms.replaces, now) if new.terms.link else None
    known = await find_identity(connection, identity)
    if owner is None or known is not None:
        if owner is not None and known is not None and known[0] != owner:
            raise IdentityLinkedElsewhere(f"the identity belongs to account {known[0]}, not to {owner}")
        return await take_over(connection, identity, now=now, tokens_live=tokens_live)
    account = await attach(connection, identity, owner, now=now, tokens_live=tokens_live)
    details = {"provider": identity.provider_id, "how": "signed_in"}
    event = AuditEvent("identity_linked", now, owner, new.session_id, new.ip, details)
    await add_audit_event(connection, event)
    return account


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
