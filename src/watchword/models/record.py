"""Records that are only ever added to: terms and who accepted them, peppers, and the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base
from watchword.models.session import DIGEST_BYTES, MAX_IP_CHARS
from watchword.models.types import BoundedBytes, BoundedText, JsonObject, UtcDateTime

MAX_TERMS_BYTES = 262_144


class TermsAcceptance(Base):
    """That a person accepted one version of the terms; ``digest`` says which text that was."""

    __tablename__ = "ww_terms_acceptances"
    __table_args__ = (
        CheckConstraint("length(digest) = 32", name="digest"),
        UniqueConstraint("user_id", "version", "digest"),
    )

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("ww_users.id", ondelete="CASCADE"))
    version: Mapped[str] = mapped_column(BoundedText(64))
    digest: Mapped[bytes] = mapped_column(BoundedBytes(DIGEST_BYTES, DIGEST_BYTES))
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime())


class TermsDocument(Base):
    """The text of one version of the terms as it was shown, so that the record of who accepted it stays
    readable when the text has changed since. ``content`` is UTF-8; a mere link has none."""

    __tablename__ = "ww_terms_documents"
    __table_args__ = (CheckConstraint("length(digest) = 32", name="digest"),)

    digest: Mapped[bytes] = mapped_column(BoundedBytes(DIGEST_BYTES, DIGEST_BYTES), primary_key=True)
    version: Mapped[str] = mapped_column(BoundedText(64))
    address: Mapped[str | None] = mapped_column(BoundedText(2048))
    content: Mapped[bytes | None] = mapped_column(BoundedBytes(1, MAX_TERMS_BYTES))
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime())


class Pepper(Base):
    """A random key, sealed, for digests that must outlive a change of ``SECRET_KEY``, such as those by which
    an erased person is known again without being named."""

    __tablename__ = "ww_peppers"

    name: Mapped[str] = mapped_column(BoundedText(32), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(BoundedBytes(1, 1024))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())


class AuditRecord(Base):
    """One line of the audit trail.

    ``user_id`` and ``session_id`` are no foreign keys: the trail outlives the rows it speaks of,
    and the identifier of an erased account names nobody.
    """

    __tablename__ = "ww_audit_events"
    __table_args__ = (Index(None, "occurred_at"), Index(None, "user_id"))

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    event: Mapped[str] = mapped_column(BoundedText(64))
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime())
    user_id: Mapped[UUID | None] = mapped_column(Uuid())
    session_id: Mapped[UUID | None] = mapped_column(Uuid())
    ip: Mapped[str | None] = mapped_column(BoundedText(MAX_IP_CHARS))
    details: Mapped[Mapping[str, Any] | None] = mapped_column(JsonObject())
