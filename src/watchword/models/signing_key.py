"""The keys that sign our tokens, their private part sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base, one_of
from watchword.models.types import BoundedBytes, BoundedText, JsonObject, UtcDateTime

MAX_KID_CHARS = 128
MAX_STORE_CHARS = 600
MAX_VERSION_CHARS = 255
MAX_COPY_BYTES = 1_048_576


class SigningKey(Base):
    """A key of the ring. At most one is ``active`` and at most one ``next``, whoever writes.

    ``revoked`` keys stay as a record, of rings in other stores too; nothing loads them.
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

    kid: Mapped[str] = mapped_column(BoundedText(MAX_KID_CHARS), primary_key=True)
    algorithm: Mapped[str] = mapped_column(BoundedText(16))
    state: Mapped[str] = mapped_column(BoundedText(16))
    public_jwk: Mapped[Mapping[str, Any]] = mapped_column(JsonObject())
    sealed_private: Mapped[bytes] = mapped_column(BoundedBytes(1, 16_384))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    verify_until: Mapped[datetime | None] = mapped_column(UtcDateTime())


class KeyRingCopy(Base):
    """The ring of a store outside this database as it was last read or written, sealed whole, so that
    a process can start while that store is away. ``store`` says which store and where in it."""

    __tablename__ = "ww_key_ring_copies"

    store: Mapped[str] = mapped_column(BoundedText(MAX_STORE_CHARS), primary_key=True)
    version: Mapped[str] = mapped_column(BoundedText(MAX_VERSION_CHARS))
    sealed: Mapped[bytes] = mapped_column(BoundedBytes(1, MAX_COPY_BYTES))
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime())


class KeyUse(Base):
    """When a key last signed a token and last verified one, to the minute or so, on any replica."""

    __tablename__ = "ww_key_uses"

    kid: Mapped[str] = mapped_column(BoundedText(MAX_KID_CHARS), primary_key=True)
    last_signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    last_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
