"""The keys that sign our tokens, their private part sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base, one_of
from watchword.models.types import BoundedBytes, BoundedText, JsonObject, UtcDateTime


class SigningKey(Base):
    """A key of the ring. At most one is ``active`` and at most one ``next``, whoever writes.

    ``revoked`` keys stay as a record; nothing loads them.
    """

    __tablename__ = "ww_signing_keys"
    __table_args__ = (
        CheckConstraint(one_of("state", "next", "active", "retired", "revoked"), name="state"),
        Index(
            "uq_ww_signing_keys_active",
            "state",
            unique=True,
            postgresql_where=text("state = 'active'"),
            sqlite_where=text("state = 'active'"),
        ),
        Index(
            "uq_ww_signing_keys_next",
            "state",
            unique=True,
            postgresql_where=text("state = 'next'"),
            sqlite_where=text("state = 'next'"),
        ),
    )

    kid: Mapped[str] = mapped_column(BoundedText(128), primary_key=True)
    algorithm: Mapped[str] = mapped_column(BoundedText(16))
    state: Mapped[str] = mapped_column(BoundedText(16))
    public_jwk: Mapped[Mapping[str, Any]] = mapped_column(JsonObject())
    sealed_private: Mapped[bytes] = mapped_column(BoundedBytes(1, 16_384))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    verify_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
