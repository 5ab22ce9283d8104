"""What a provider gave us to ask it again: its tokens, sealed, and who is asking right now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base
from watchword.models.privacy import BOOKKEEPING, NEVER_SHOWN, Holding
from watchword.models.types import BoundedBytes, BoundedText, UtcDateTime

MAX_SEALED_BYTES = 65_536
_PROVIDER = Holding("provider", "contract", "session", "delete")


class ProviderGrant(Base):
    """The provider's tokens of one sign-in. Its refresh token is single-use too, so that one
    caller at a time asks: the holder of ``lease_id`` until ``lease_ends_at``.

    ``asking_since`` is set before the provider is asked and cleared with its answer: found on a
    lapsed lease it says that an answer, and a new refresh token in it, may have been lost.
    """

    __tablename__ = "ww_provider_grants"
    __table_args__ = (
        CheckConstraint("(lease_id IS NULL) = (lease_ends_at IS NULL)", name="lease"),
        CheckConstraint("(ended_at IS NULL) = (ended_reason IS NULL)", name="ended"),
        Index(None, "identity_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, info=_PROVIDER.withheld(BOOKKEEPING))
    identity_id: Mapped[UUID] = mapped_column(
        ForeignKey("ww_identities.id", ondelete="CASCADE"), info=_PROVIDER.withheld(BOOKKEEPING)
    )
    sealed_tokens: Mapped[bytes | None] = mapped_column(
        BoundedBytes(1, MAX_SEALED_BYTES), info=_PROVIDER.withheld(NEVER_SHOWN)
    )
    sealed_id_token: Mapped[bytes | None] = mapped_column(
        BoundedBytes(1, MAX_SEALED_BYTES), info=_PROVIDER.withheld(NEVER_SHOWN)
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_PROVIDER.exported)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=_PROVIDER.exported)
    lease_id: Mapped[UUID | None] = mapped_column(Uuid(), info=_PROVIDER.withheld(BOOKKEEPING))
    lease_ends_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime(), info=_PROVIDER.withheld(BOOKKEEPING)
    )
    asking_since: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=_PROVIDER.withheld(BOOKKEEPING))
    degraded_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=_PROVIDER.exported)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=_PROVIDER.exported)
    ended_reason: Mapped[str | None] = mapped_column(BoundedText(32), info=_PROVIDER.exported)
