"""Changes of a locked account, each with what its live tokens must learn of it and with the trail."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Row, update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.account_ports import AccountStatus, Act, RoleChange
from watchword.auth.audit_events import AuditName
from watchword.auth.audit_ports import AuditEvent
from watchword.auth.ports import EndReason
from watchword.errors import TooManyRoles
from watchword.models import Session, User
from watchword.models.types import NameSet
from watchword.protocol.roles import effective_roles
from watchword.storage.accounts import entries_of_subjects, tell_live_sessions
from watchword.storage.audit import add_audit_event
from watchword.storage.ending import end_sessions, may_have_tokens
from watchword.storage.revocations import add_revocations


async def end_by(
    connection: AsyncConnection, which: ColumnElement[bool], reason: EndReason, act: Act
) -> Sequence[UUID]:
    """End sessions in somebody's name; see ``end_sessions``."""
    return await end_sessions(
        connection,
        which,
        reason=reason,
        now=act.now,
        tokens_expire_at=act.tokens_expire_at,
        by=act.by,
        admin_id=act.admin_id,
    )


def that_may_have_tokens(user_id: UUID, act: Act) -> ColumnElement[bool]:
    """The account's sessions that may still mean something to somebody."""
    return (Session.user_id == user_id) & may_have_tokens(act.now, act.tokens_expire_at - act.now)


async def end_client(connection: AsyncConnection, client_id: str, act: Act) -> Sequence[UUID]:
    """End a client's sessions; the feed then names the client, too, because of the tokens that it got
    for itself."""
    its_own = (Session.client_id == client_id) & may_have_tokens(act.now, act.tokens_expire_at - act.now)
    ended = await end_by(connection, its_own, "revoked", act)
    entry = {"kind": "client", "value": client_id}
    await add_revocations(connection, [entry | {"created_at": act.now, "expires_at": act.tokens_expire_at}])
    details = {"by": act.by, "client_id": client_id, "sessions_ended": len(ended)}
    await add_audit_event(connection, AuditEvent("client_revoked", act.now, details=details))
    return ended


async def change_roles(connection: AsyncConnection, user: Row[User], change: RoleChange, act: Act) -> None:
    """Change the stored sets of a locked account. Raises TooManyRoles."""
    granted = (user.granted_roles | change.grant) - change.ungrant
    denied = (user.denied_roles | change.deny) - change.undeny
    if (granted, denied) == (user.granted_roles, user.denied_roles):
        return
    if max(len(granted), len(denied)) > NameSet.max_names:
        raise TooManyRoles(f"account {user.id} would have more than {NameSet.max_names} roles in one set")
    before = effective_roles(user.identity_roles, user.granted_roles, user.denied_roles)
    changed = effective_roles(user.identity_roles, granted, denied) != before
    version = user.version + 1 if changed else user.version
    await connection.execute(
        update(User)
        .where(User.id == user.id)
        .values(granted_roles=granted, denied_roles=denied, version=version, updated_at=act.now)
    )
    if changed:
        tokens_live = act.tokens_expire_at - act.now
        await tell_live_sessions(connection, user.id, version, now=act.now, tokens_live=tokens_live)
    steps = {
        "granted": granted - user.granted_roles,
        "no_longer_granted": user.granted_roles - granted,
        "denied": denied - user.denied_roles,
        "no_longer_denied": user.denied_roles - denied,
    }
    details = {"by": act.by} | {step: sorted(names) for step, names in steps.items() if names}
    await add_audit_event(connection, AuditEvent("roles_changed", act.now, user.id, details=details))


async def set_status(
    connection: AsyncConnection, user: Row[User], status: AccountStatus, act: Act
) -> Sequence[UUID]:
    """Change the status of a locked account, ending all its sessions where it is disabled; which ended.

    The feed then names its identities, too, because of their provider's own access tokens.
    """
    await connection.execute(
        update(User)
        .where(User.id == user.id)
        .values(status=status, version=user.version + 1, updated_at=act.now)
    )
    ended: Sequence[UUID] = ()
    if status == "disabled":
        ended = await end_by(connection, that_may_have_tokens(user.id, act), "disabled", act)
        await add_revocations(connection, await entries_of_subjects(connection, user.id, now=act.now))
    event: AuditName = "account_disabled" if status == "disabled" else "account_enabled"
    details = {**act.actor, "sessions_ended": len(ended)}
    await add_audit_event(connection, AuditEvent(event, act.now, user.id, details=details))
    return ended
