"""Opening a session inside a transaction: the one way, whatever it is that was proven."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.audit_ports import AuditEvent
from watchword.auth.logout_ports import NewProviderGrant
from watchword.auth.ports import LiveSession, NewSession, ProviderIdentity
from watchword.storage.accounts import Account
from watchword.storage.audit import audit_row
from watchword.storage.ending import make_room
from watchword.storage.linking import account_of
from watchword.storage.opening_rows import add_rows
from watchword.storage.tombstones import TombstoneRows


async def open_session(
    connection: AsyncConnection,
    identity: ProviderIdentity,
    new: NewSession,
    *,
    tokens_live: timedelta,
    tombstones: TombstoneRows,
) -> LiveSession:
    """The session of whoever ``identity`` is, with the account made or renewed, on the terms of ``new``.

    ``identity`` and ``new`` are storable already; ``tokens_live`` as in ``take_over``. Raises
    UserDisabled, AccountErased, LinkSessionEnded, IdentityLinkedElsewhere, SessionLimitReached, LostRace,
    PepperUnreadable, and what ``admit`` raises.
    """
    account = await account_of(connection, identity, new, tokens_live=tokens_live, tombstones=tombstones)
    await make_room(connection, account.user_id, new.terms, now=new.created_at, tokens_live=tokens_live)
    opened = _opened(account, identity, new)
    if new.terms.admit is not None:
        new.terms.admit(opened)
    event = AuditEvent(
        event="sign_in",
        occurred_at=new.created_at,
        user_id=account.user_id,
        session_id=new.session_id,
        ip=new.ip,
        details={"provider": identity.provider_id, "client": new.client_id},
    )
    await add_rows(
        connection,
        session=_new_row(account, identity, new),
        grant=None if new.grant is None else _new_grant(account, new, new.grant),
        event=audit_row(event),
    )
    return opened


def _new_grant(account: Account, new: NewSession, grant: NewProviderGrant) -> dict[str, object]:
    return {
        "id": grant.grant_id,
        "identity_id": account.identity_id,
        "sealed_id_token": grant.sealed_id_token,
        "sealed_tokens": grant.sealed_tokens,
        "created_at": new.created_at,
    }


def _new_row(account: Account, identity: ProviderIdentity, new: NewSession) -> dict[str, object]:
    return {
        "id": new.session_id,
        "user_id": account.user_id,
        "identity_id": account.identity_id,
        "grant_id": None if new.grant is None else new.grant.grant_id,
        "provider_id": identity.provider_id,
        "client_id": new.client_id,
        "scopes": new.scopes,
        "user_version": account.version,
        "created_at": new.created_at,
        "auth_time": new.auth_time,
        "auth_time_asserted": new.auth_time_asserted,
        "last_seen_at": new.created_at,
        "idle_ends_at": new.idle_ends_at,
        "absolute_ends_at": new.absolute_ends_at,
        "device": new.device,
        "ip": new.ip,
        "provider_sid": new.provider_sid,
        "generation": 1,
        "refresh_digest": new.refresh_digest,
        "recheck_due_at": new.recheck_due_at,
    }


def _opened(account: Account, identity: ProviderIdentity, new: NewSession) -> LiveSession:
    return LiveSession(
        session_id=new.session_id,
        user_id=account.user_id,
        client_id=new.client_id,
        scopes=new.scopes,
        roles=account.roles,
        issuer=identity.issuer,
        subject=identity.subject,
        provider_id=identity.provider_id,
        email=account.email,
        name=account.name,
        generation=1,
        created_at=new.created_at,
        auth_time=new.auth_time,
        auth_time_asserted=new.auth_time_asserted,
        idle_ends_at=new.idle_ends_at,
        absolute_ends_at=new.absolute_ends_at,
    )
