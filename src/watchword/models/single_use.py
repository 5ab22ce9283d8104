"""Things that work once: attempts, assertions, logout tokens; and our own authorization codes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base
from watchword.models.privacy import NEVER_SHOWN, Holding, impersonal
from watchword.models.provider_grant import MAX_SEALED_BYTES
from watchword.models.session import DIGEST_BYTES, MAX_CLIENT_ID_CHARS
from watchword.models.types import SCOPE_NAME, BoundedBytes, BoundedText, NameSet, UtcDateTime

MAX_SINGLE_USE_DIGEST_BYTES = 64
WITHOUT_SESSION = text("(session_id IS NULL) IS TRUE")
"""So worded that SQLite does not take the index over ``session_id`` for it, which is in no order of time."""
_UNLINKED = impersonal("the digest of a random value; with whom it was used is not kept")
_CODE = Holding("sign-in", "contract", "expiry", "delete")
_SHORT = "it lives for a minute and is not to be looked at"


class SingleUse(Base):
    """A value that was used. The primary key is the whole check: the second insert fails."""

    __tablename__ = "ww_single_use"
    __table_args__ = (
        CheckConstraint("length(digest) BETWEEN 1 AND 64", name="digest"),
        Index(None, "expires_at"),
    )

    kind: Mapped[str] = mapped_column(BoundedText(32), primary_key=True, info=_UNLINKED)
    digest: Mapped[bytes] = mapped_column(
        BoundedBytes(1, MAX_SINGLE_USE_DIGEST_BYTES), primary_key=True, info=_UNLINKED
    )
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_UNLINKED)


class AuthorizationCode(Base):
    """A code of our own authorization endpoint (RFC 6749 §4.1, RFC 7636).

    The session opens at the exchange, so the verified sign-in waits here: ``sealed_sign_in``. The
    session a code opened is kept, because a second use of the code ends it (RFC 6749 §4.1.2); codes
    without one go soon after they expired.
    """

    __tablename__ = "ww_authorization_codes"
    __table_args__ = (
        CheckConstraint("length(digest) = 32", name="digest"),
        CheckConstraint("session_id IS NULL OR used_at IS NOT NULL", name="used"),
        Index(None, "expires_at"),
        Index(None, "user_id"),
        Index(None, "session_id"),
        Index(
            "ix_ww_authorization_codes_without_session",
            "expires_at",
            postgresql_where=WITHOUT_SESSION,
            sqlite_where=WITHOUT_SESSION,
        ),
    )

    digest: Mapped[bytes] = mapped_column(
        BoundedBytes(DIGEST_BYTES, DIGEST_BYTES), primary_key=True, info=_CODE.withheld(NEVER_SHOWN)
    )
    client_id: Mapped[str] = mapped_column(BoundedText(MAX_CLIENT_ID_CHARS), info=_CODE.withheld(_SHORT))
    redirect_uri: Mapped[str] = mapped_column(BoundedText(2048), info=_CODE.withheld(_SHORT))
    code_challenge: Mapped[str] = mapped_column(BoundedText(128), info=_CODE.withheld(NEVER_SHOWN))
    scopes: Mapped[frozenset[str]] = mapped_column(NameSet(SCOPE_NAME), info=_CODE.withheld(_SHORT))
    nonce: Mapped[str | None] = mapped_column(BoundedText(255), info=_CODE.withheld(NEVER_SHOWN))
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("ww_users.id", ondelete="CASCADE"), info=_CODE.withheld(_SHORT)
    )
    sealed_sign_in: Mapped[bytes] = mapped_column(
        BoundedBytes(1, MAX_SEALED_BYTES), info=_CODE.withheld(NEVER_SHOWN)
    )
    auth_time: Mapped[datetime] = mapped_column(UtcDateTime(), info=_CODE.withheld(_SHORT))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_CODE.withheld(_SHORT))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_CODE.withheld(_SHORT))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=_CODE.withheld(_SHORT))
    session_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("ww_sessions.id", ondelete="SET NULL"), info=_CODE.withheld(_SHORT)
    )
