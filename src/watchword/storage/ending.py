"""Ending sessions inside a transaction: the rows, the feed and the trail, together or not at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.account_ports import Actor, OpeningTerms, actor_told
from watchword.auth.audit_ports import AuditEvent
from watchword.auth.ports import EndReason
from watchword.errors import SessionLimitReached
from watchword.models import ProviderGrant, Session
from watchword.storage.audit import add_audit_events
from watchword.storage.revocations import add_revocations


def is_live(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Sessions that can be used at ``now``."""
    return and_(Session.revoked_at.is_(None), Session.idle_ends_at > now, Session.absolute_ends_at > now)


_OLDEST_FIRST = (
    select(Session.id)
    .where(Session.user_id == bindparam("user_id"), is_live(bindparam("now")))
    .order_by(Session.created_at, Session.id)
)


def may_have_tokens(now: datetime, tokens_live: timedelta) -> ColumnElement[bool]:
    """Sessions that nobody ended and of which access tokens may be left, though they ran out."""
    return and_(Session.revoked_at.is_(None), Session.absolute_ends_at > now - tokens_live)


async def end_sessions(
    connection: AsyncConnection,
    which: ColumnElement[bool],
    *,
    reason: EndReason,
    now: datetime,
    tokens_expire_at: datetime | None,
    by: Actor | None = None,
    admin_id: UUID | None = None,
    cause: str | None = None,
) -> Sequence[UUID]:
    """End those of ``which`` that have not ended yet; the ids of those that did now. ``cause`` goes
    into the trail with the reason. ``tokens_expire_at`` is None where the feed tells of them already."""
    statement = (
        update(Session)
        .where(which, Session.revoked_at.is_(None))
        .values(revoked_at=now, revoked_reason=reason, sealed_successor=None)
        .returning(Session.id, Session.user_id, Session.grant_id)
    )
    rows = list(await connection.execute(statement))
    ended = [(row.id, row.user_id) for row in rows]
    await _forget_tokens(connection, {row.grant_id for row in rows if row.grant_id}, reason, now)
    if tokens_expire_at is not None:
        entry = {"kind": "session", "created_at": now, "expires_at": tokens_expire_at}
        await add_revocations(connection, [entry | {"session_id": session_id} for session_id, _ in ended])
    told = {"reason": reason, **({} if by is None else actor_told(by, admin_id))}
    details = told if cause is None else {**told, "cause": cause}
    await add_audit_events(
        connection,
        [AuditEvent("session_ended", now, user, session_id, details=details) for session_id, user in ended],
    )
    return [session_id for session_id, _ in ended]


async def _forget_tokens(
    connection: AsyncConnection, grants: Collection[UUID], reason: EndReason, now: datetime
) -> None:
    """End the grants that no live session shares any more: their provider is never asked again, and
    whoever is asking right now keeps nothing of the answer. The ID token stays for the sign-out."""
    shared = select(Session.id).where(Session.grant_id == ProviderGrant.id, is_live(now)).exists()
    statement = (
        update(ProviderGrant)
        .where(ProviderGrant.id == bindparam("grant"), ProviderGrant.ended_at.is_(None), ~shared)
        .values(sealed_tokens=None, ended_at=now, ended_reason=reason)
    )
    if grants:
        await connection.execute(statement, [{"grant": grant_id} for grant_id in sorted(grants)])


async def make_room(
    connection: AsyncConnection, user_id: UUID, terms: OpeningTerms, *, now: datetime, tokens_live: timedelta
) -> None:
    """End what a session about to be opened replaces and what is too much beside it.

    The account's row is locked, so that nobody else opens one meanwhile. Raises
    SessionLimitReached where the policy is to refuse.
    """
    tokens_expire_at = now + tokens_live
    if terms.replaces is not None:
        replaced = Session.id == terms.replaces
        await end_sessions(
            connection, replaced, reason="replaced", now=now, tokens_expire_at=tokens_expire_at
        )
    if terms.cap is None:
        return
    asked = {"user_id": user_id, "now": now}
    live = list((await connection.execute(_OLDEST_FIRST, asked)).scalars())
    surplus = live[: max(len(live) + 1 - terms.cap.max_sessions, 0)]
    if not surplus:
        return
    if terms.cap.policy == "reject":
        raise SessionLimitReached(f"account {user_id} has {len(live)} live sessions")
    too_old = Session.id.in_(surplus)
    await end_sessions(connection, too_old, reason="evicted", now=now, tokens_expire_at=tokens_expire_at)
