"""Records that are only ever added to: terms and who accepted them, peppers, and the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base
from watchword.models.privacy import BOOKKEEPING, SERVICE, Holding
from watchword.models.session import DIGEST_BYTES, MAX_IP_CHARS
from watchword.models.types import BoundedBytes, BoundedText, JsonObject, UtcDateTime

MAX_TERMS_BYTES = 262_144
_TERMS = Holding("terms", "contract", "account", "delete")
_TRAIL = Holding("record", "interest", "recorded", "keep")
_PSEUDONYM = "once the account is erased, it names nobody; what happened stays on record"


class TermsAcceptance(Base):
    """That a person accepted one version of the terms; ``digest`` says which text that was."""

    __tablename__ = "ww_terms_acceptances"
    __table_args__ = (
        CheckConstraint("length(digest) = 32", name="digest"),
        UniqueConstraint("user_id", "version", "digest"),
    )

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, info=_TERMS.withheld(BOOKKEEPING))
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("ww_users.id", ondelete="CASCADE"),
        info=_TERMS.withheld("the id of the account is there already"),
    )
    version: Mapped[str] = mapped_column(BoundedText(64), info=_TERMS.exported)
    digest: Mapped[bytes] = mapped_column(BoundedBytes(DIGEST_BYTES, DIGEST_BYTES), info=_TERMS.exported)
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_TERMS.exported)


class TermsDocument(Base):
    """The text of one version of the terms as it was shown, so that the record of who accepted it stays
    readable when the text has changed since. ``content`` is UTF-8; a mere link has none."""

    __tablename__ = "ww_terms_documents"
    __table_args__ = (CheckConstraint("length(digest) = 32", name="digest"),)

    digest: Mapped[bytes] = mapped_column(
        BoundedBytes(DIGEST_BYTES, DIGEST_BYTES), primary_key=True, info=SERVICE
    )
    version: Mapped[str] = mapped_column(BoundedText(64), info=SERVICE)
    address: Mapped[str | None] = mapped_column(BoundedText(2048), info=SERVICE)
    content: Mapped[bytes | None] = mapped_column(BoundedBytes(1, MAX_TERMS_BYTES), info=SERVICE)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=SERVICE)


class Pepper(Base):
    """A random key, sealed, for digests that must outlive a change of ``SECRET_KEY``, such as those by which
    an erased person is known again without being named."""

    __tablename__ = "ww_peppers"

    name: Mapped[str] = mapped_column(BoundedText(32), primary_key=True, info=SERVICE)
    sealed: Mapped[bytes] = mapped_column(BoundedBytes(1, 1024), info=SERVICE)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=SERVICE)


class AuditRecord(Base):
    """One line of the audit trail.

    ``user_id`` and ``session_id`` are no foreign keys: the trail outlives the rows it speaks of,
    and the identifier of an erased account names nobody.
    """

    __tablename__ = "ww_audit_events"
    __table_args__ = (Index(None, "occurred_at"), Index(None, "user_id"))

    id: Mapped[UUID] = mapped_column(
        Uuid(), primary_key=True, info=_TRAIL.kept(_PSEUDONYM, withheld=BOOKKEEPING)
    )
    event: Mapped[str] = mapped_column(BoundedText(64), info=_TRAIL.kept(_PSEUDONYM))
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_TRAIL.kept(_PSEUDONYM))
    user_id: Mapped[UUID | None] = mapped_column(
        Uuid(), info=_TRAIL.kept(_PSEUDONYM, withheld="the id of the account is there already")
    )
    session_id: Mapped[UUID | None] = mapped_column(Uuid(), info=_TRAIL.kept(_PSEUDONYM))
    ip: Mapped[str | None] = mapped_column(BoundedText(MAX_IP_CHARS), info=_TRAIL.erased_by("null"))
    details: Mapped[Mapping[str, Any] | None] = mapped_column(JsonObject(), info=_TRAIL.kept(_PSEUDONYM))
