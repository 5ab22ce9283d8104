"""Sessions: one row each, updated in place by every rotation of its refresh token."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, false, text
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base, fillfactor
from watchword.models.privacy import BOOKKEEPING, NEVER_SHOWN, Holding
from watchword.models.types import SCOPE_NAME, BoundedBytes, BoundedText, NameSet, UtcDateTime
from watchword.models.user import MAX_PROVIDER_ID_CHARS

MAX_CLIENT_ID_CHARS = 255
MAX_PROVIDER_SID_CHARS = 512
MAX_DEVICE_CHARS = 255
MAX_IP_CHARS = 64
DIGEST_BYTES = 32
MAX_SEALED_SUCCESSOR_BYTES = 1024
_DEGRADED = text("degraded_at IS NOT NULL")
_SESSION = Holding("session", "contract", "session", "delete")
_SECURITY = Holding("security", "interest", "session", "delete")


class Session(Base):
    """A signed-in session and its refresh token, of which only digests are kept.

    ``sealed_successor`` is the current token, sealed under a key that needs the previous one. A
    rotation changes no indexed column and finds room on its page (``fillfactor``), so that
    PostgreSQL updates in place (heap-only tuples). ``auth_time`` is the provider's where it is
    asserted, else when the session was opened. ``grant_id`` goes when the provider's tokens are
    purged; the session itself then lives on without re-checks.
    """

    __tablename__ = "ww_sessions"
    __table_args__ = (
        CheckConstraint("generation >= 1", name="generation"),
        CheckConstraint("user_version >= 1", name="user_version"),
        CheckConstraint("idle_ends_at <= absolute_ends_at", name="ends_in_order"),
        CheckConstraint("length(refresh_digest) = 32", name="refresh_digest"),
        CheckConstraint("length(previous_digest) = 32", name="previous_digest"),
        CheckConstraint("(previous_digest IS NULL) = (rotated_at IS NULL)", name="rotated"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_reason IS NULL)", name="revoked"),
        Index(None, "user_id"),
        Index(None, "created_at"),
        Index(None, "absolute_ends_at"),
        Index(None, "identity_id"),
        Index(None, "grant_id"),
        Index(None, "provider_sid"),
        Index("ix_ww_sessions_degraded", "provider_id", postgresql_where=_DEGRADED, sqlite_where=_DEGRADED),
    )

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, info=_SESSION.exported)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("ww_users.id", ondelete="CASCADE"),
        info=_SESSION.withheld("the id of the account is there already"),
    )
    identity_id: Mapped[UUID] = mapped_column(
        ForeignKey("ww_identities.id", ondelete="CASCADE"), info=_SESSION.withheld(BOOKKEEPING)
    )
    grant_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("ww_provider_grants.id", ondelete="SET NULL"), info=_SESSION.withheld(BOOKKEEPING)
    )
    provider_id: Mapped[str] = mapped_column(BoundedText(MAX_PROVIDER_ID_CHARS), info=_SESSION.exported)
    client_id: Mapped[str] = mapped_column(BoundedText(MAX_CLIENT_ID_CHARS), info=_SESSION.exported)
    scopes: Mapped[frozenset[str]] = mapped_column(NameSet(SCOPE_NAME), info=_SESSION.exported)
    user_version: Mapped[int] = mapped_column(info=_SESSION.withheld(BOOKKEEPING))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_SESSION.exported)
    auth_time: Mapped[datetime] = mapped_column(UtcDateTime(), info=_SESSION.exported)
    auth_time_asserted: Mapped[bool] = mapped_column(server_default=false(), info=_SESSION.exported)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_SESSION.exported)
    idle_ends_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_SESSION.exported)
    absolute_ends_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_SESSION.exported)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=_SESSION.exported)
    revoked_reason: Mapped[str | None] = mapped_column(BoundedText(32), info=_SESSION.exported)
    device: Mapped[str | None] = mapped_column(BoundedText(MAX_DEVICE_CHARS), info=_SECURITY.exported)
    ip: Mapped[str | None] = mapped_column(BoundedText(MAX_IP_CHARS), info=_SECURITY.exported)
    provider_sid: Mapped[str | None] = mapped_column(
        BoundedText(MAX_PROVIDER_SID_CHARS), info=_SESSION.exported
    )
    generation: Mapped[int] = mapped_column(info=_SESSION.withheld(BOOKKEEPING))
    refresh_digest: Mapped[bytes] = mapped_column(
        BoundedBytes(DIGEST_BYTES, DIGEST_BYTES), info=_SECURITY.withheld(NEVER_SHOWN)
    )
    previous_digest: Mapped[bytes | None] = mapped_column(
        BoundedBytes(DIGEST_BYTES, DIGEST_BYTES), info=_SECURITY.withheld(NEVER_SHOWN)
    )
    sealed_successor: Mapped[bytes | None] = mapped_column(
        BoundedBytes(1, MAX_SEALED_SUCCESSOR_BYTES), info=_SECURITY.withheld(NEVER_SHOWN)
    )
    rotated_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=_SESSION.exported)
    recheck_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=_SESSION.exported)
    degraded_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=_SESSION.exported)


fillfactor(Session, 75)
