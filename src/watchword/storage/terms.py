"""Who accepted which terms, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.audit_ports import AuditEvent
from watchword.auth.terms_ports import AcceptedTerms
from watchword.models import TermsAcceptance, TermsDocument, User
from watchword.protocol.terms import Terms
from watchword.storage.audit import add_audit_event
from watchword.storage.rows import insert_if_absent, new_id
from watchword.storage.transactions import Transactions

_HISTORY = (
    select(
        TermsAcceptance.version,
        TermsAcceptance.digest,
        TermsAcceptance.accepted_at,
        TermsDocument.address,
        TermsDocument.content,
    )
    .join(TermsDocument, TermsDocument.digest == TermsAcceptance.digest, isouter=True)
    .order_by(TermsAcceptance.accepted_at, TermsAcceptance.id)
)


class SqlTermsStore:
    """``TermsStore`` over ``ww_terms_acceptances`` and ``ww_terms_documents``, which keep both what was
    accepted and what it said."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def accepted_at(self, user_id: UUID, terms: Terms) -> datetime | None:
        return await self._transactions.read(
            "read who accepted the terms", lambda connection: _accepted_at(connection, user_id, terms)
        )

    async def accept(
        self, user_id: UUID, terms: Terms, *, now: datetime, session_id: UUID | None
    ) -> datetime | None:
        active = select(User.id).where(User.id == user_id, User.status == "active")

        async def work(connection: AsyncConnection) -> datetime | None:
            locked = await connection.execute(active.with_for_update(key_share=True))
            if locked.one_or_none() is None:
                return None
            if await _record(connection, user_id, terms, now):
                details = {"version": terms.version, "digest": terms.digest.hex()}
                event = AuditEvent("terms_accepted", now, user_id, session_id, details=details)
                await add_audit_event(connection, event)
            return await _accepted_at(connection, user_id, terms)

        return await self._transactions.write("record that the terms were accepted", work)

    async def history(self, user_id: UUID) -> Sequence[AcceptedTerms]:
        async def work(connection: AsyncConnection) -> list[AcceptedTerms]:
            found = await connection.execute(_HISTORY.where(TermsAcceptance.user_id == user_id))
            return [_accepted(row) for row in found]

        return await self._transactions.read("read which terms were accepted", work)


async def _accepted_at(connection: AsyncConnection, user_id: UUID, terms: Terms) -> datetime | None:
    this = (
        TermsAcceptance.user_id == user_id,
        TermsAcceptance.version == terms.version,
        TermsAcceptance.digest == terms.digest,
    )
    found = await connection.execute(select(TermsAcceptance.accepted_at).where(*this))
    return found.scalar_one_or_none()


async def _record(connection: AsyncConnection, user_id: UUID, terms: Terms, now: datetime) -> bool:
    """Whether it was not on record yet. The text comes first: none is accepted that cannot be read again."""
    content = None if terms.text is None else terms.text.encode()
    document = insert_if_absent(
        connection,
        TermsDocument,
        digest=terms.digest,
        version=terms.version,
        address=terms.url,
        content=content,
        first_seen_at=now,
    )
    await connection.execute(document)
    acceptance = insert_if_absent(
        connection,
        TermsAcceptance,
        id=new_id(now),
        user_id=user_id,
        version=terms.version,
        digest=terms.digest,
        accepted_at=now,
    )
    added = await connection.execute(acceptance.returning(TermsAcceptance.id))
    return added.one_or_none() is not None


def _accepted(row: Any) -> AcceptedTerms:
    text = None if row.content is None else row.content.decode()
    return AcceptedTerms(row.version, row.digest, row.accepted_at, row.address, text)
