"""Disable and enable an account in SQL as the design says it: one transaction that locks the
account, bumps its version and the copy on each live session, and tells the feed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.sessions.parts import TOKENS_LIVE
from watchword.models import Identity, User
from watchword.storage import SqlDatabase
from watchword.storage.accounts import tell_live_sessions


async def set_active(database: SqlDatabase, subject: str, active: bool, *, now: datetime) -> None:
    status = "active" if active else "disabled"

    async def work(connection: AsyncConnection) -> None:
        owner = select(Identity.user_id).where(Identity.subject == subject).scalar_subquery()
        found = select(User.id, User.status, User.version).where(User.id == owner)
        user = (await connection.execute(found.with_for_update(key_share=True))).one()
        if user.status == status:
            return
        version = user.version + 1
        await connection.execute(
            update(User).where(User.id == user.id).values(status=status, version=version)
        )
        await tell_live_sessions(connection, user.id, version, now=now, tokens_live=TOKENS_LIVE)

    await database.transactions.write("change the status of an account", work)
