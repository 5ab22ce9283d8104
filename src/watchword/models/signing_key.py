"""The keys that sign our tokens, their private part sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base, one_of
from watchword.models.privacy import SERVICE
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

    kid: Mapped[str] = mapped_column(BoundedText(MAX_KID_CHARS), primary_key=True, info=SERVICE)
    algorithm: Mapped[str] = mapped_column(BoundedText(16), info=SERVICE)
    state: Mapped[str] = mapped_column(BoundedText(16), info=SERVICE)
    public_jwk: Mapped[Mapping[str, Any]] = mapped_column(JsonObject(), info=SERVICE)
    sealed_private: Mapped[bytes] = mapped_column(BoundedBytes(1, 16_384), info=SERVICE)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=SERVICE)
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=SERVICE)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=SERVICE)
    verify_until: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=SERVICE)


class KeyRingCopy(Base):
    """The ring of a store outside this database as it was last read or written, sealed whole, so that
    a process can start while that store is away. ``store`` says which store and where in it."""

    __tablename__ = "ww_key_ring_copies"

    store: Mapped[str] = mapped_column(BoundedText(MAX_STORE_CHARS), primary_key=True, info=SERVICE)
    version: Mapped[str] = mapped_column(BoundedText(MAX_VERSION_CHARS), info=SERVICE)
    sealed: Mapped[bytes] = mapped_column(BoundedBytes(1, MAX_COPY_BYTES), info=SERVICE)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=SERVICE)


class KeyUse(Base):
    """When a key last signed a token and last verified one, to the minute or so, on any replica."""

    __tablename__ = "ww_key_uses"

    kid: Mapped[str] = mapped_column(BoundedText(MAX_KID_CHARS), primary_key=True, info=SERVICE)
    last_signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=SERVICE)
    last_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=SERVICE)
