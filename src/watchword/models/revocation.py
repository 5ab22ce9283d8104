"""The append-only feed by which every replica learns what no longer counts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Integer, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base, one_of
from watchword.models.privacy import BOOKKEEPING, SERVICE, Holding
from watchword.models.types import BoundedText, UtcDateTime
from watchword.models.user import MAX_ISSUER_CHARS

MAX_VALUE_CHARS = 255
_SHAPES = (
    "CASE kind"
    " WHEN 'session' THEN session_id IS NOT NULL"
    " WHEN 'generation' THEN session_id IS NOT NULL AND generation IS NOT NULL"
    " WHEN 'subject' THEN issuer IS NOT NULL AND value IS NOT NULL"
    " ELSE value IS NOT NULL END"
)
_FEED = Holding("security", "interest", "expiry", "keep")
_NOBODY = "without the rows that are gone it names nobody, and every replica has to hear it"


class RevocationEntry(Base):
    """One entry; ``expires_at`` is the latest end of a token it can concern.

    Its session is no foreign key: the entry must outlive the row.
    """

    __tablename__ = "ww_revocations"
    __table_args__ = (
        CheckConstraint(
            one_of("kind", "session", "generation", "token", "client", "subject", "key"), name="kind"
        ),
        CheckConstraint(_SHAPES, name="shape"),
        Index(None, "created_at"),
        Index(None, "expires_at"),
        {"sqlite_autoincrement": True},
    )

    sequence: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), Identity(always=True), primary_key=True, info=SERVICE
    )
    kind: Mapped[str] = mapped_column(BoundedText(16), info=SERVICE)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=SERVICE)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=SERVICE)
    session_id: Mapped[UUID | None] = mapped_column(Uuid(), info=_FEED.kept(_NOBODY, withheld=BOOKKEEPING))
    generation: Mapped[int | None] = mapped_column(info=_FEED.kept(_NOBODY, withheld=BOOKKEEPING))
    issuer: Mapped[str | None] = mapped_column(
        BoundedText(MAX_ISSUER_CHARS),
        info=_FEED.erased_by("delete", withheld="the same is told of the identities"),
    )
    value: Mapped[str | None] = mapped_column(
        BoundedText(MAX_VALUE_CHARS),
        info=_FEED.erased_by("delete", withheld="the same is told of the identities"),
    )
