"""The ledger of who still calls which version of an API."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base, fillfactor, one_of
from watchword.models.privacy import BOOKKEEPING, Holding
from watchword.models.session import DIGEST_BYTES, MAX_CLIENT_ID_CHARS, MAX_IP_CHARS
from watchword.models.types import BoundedBytes, BoundedText, UtcDateTime

MAX_VERSION_CHARS = 64
MAX_REFUSAL_CHARS = 64
_CALLER = (
    "(user_id IS NOT NULL) = (kind = 'user')"
    " AND (client_id IS NOT NULL) = (kind IN ('user', 'client'))"
    " AND (network IS NULL OR kind = 'network')"
)
_USAGE = Holding("versions", "interest", "recorded", "delete")


class VersionUsage(Base):
    """One caller of one version, and how often they called.

    ``digest`` is of the version and of everything that names the caller: one short key, whatever
    is known of them. Counts are added to in place (``fillfactor``), so nothing that counting
    changes is indexed. The rows of a person go with the account.
    """

    __tablename__ = "ww_version_usage"
    __table_args__ = (
        CheckConstraint("length(digest) = 32", name="digest"),
        CheckConstraint(one_of("kind", "user", "client", "network", "others"), name="kind"),
        CheckConstraint(_CALLER, name="caller"),
        CheckConstraint("calls >= 1 AND would_refuse BETWEEN 0 AND calls", name="calls"),
        CheckConstraint("(last_refusal IS NULL) = (would_refuse = 0)", name="last_refusal"),
        CheckConstraint("first_seen_at <= last_seen_at", name="seen"),
        Index(None, "user_id"),
    )

    digest: Mapped[bytes] = mapped_column(
        BoundedBytes(DIGEST_BYTES, DIGEST_BYTES), primary_key=True, info=_USAGE.withheld(BOOKKEEPING)
    )
    version: Mapped[str] = mapped_column(BoundedText(MAX_VERSION_CHARS), info=_USAGE.exported)
    kind: Mapped[str] = mapped_column(BoundedText(16), info=_USAGE.exported)
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("ww_users.id", ondelete="CASCADE"),
        info=_USAGE.withheld("the id of the account is there already"),
    )
    client_id: Mapped[str | None] = mapped_column(BoundedText(MAX_CLIENT_ID_CHARS), info=_USAGE.exported)
    network: Mapped[str | None] = mapped_column(
        BoundedText(MAX_IP_CHARS),
        info=_USAGE.kept(
            "only of callers without an account, whom nobody can name",
            withheld="never of a caller who has an account",
        ),
    )
    calls: Mapped[int] = mapped_column(BigInteger(), info=_USAGE.exported)
    would_refuse: Mapped[int] = mapped_column(BigInteger(), info=_USAGE.exported)
    last_refusal: Mapped[str | None] = mapped_column(BoundedText(MAX_REFUSAL_CHARS), info=_USAGE.exported)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_USAGE.exported)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_USAGE.exported)


fillfactor(VersionUsage, 75)
