"""Accounts, and the provider identities that sign in to them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base, one_of
from watchword.models.privacy import BOOKKEEPING, Holding
from watchword.models.types import ROLE_NAME, BoundedText, NameSet, UtcDateTime

MAX_PROVIDER_ID_CHARS = 64
MAX_ISSUER_CHARS = 1024
MAX_SUBJECT_CHARS = 255
"""OpenID Connect Core §2; issuer and subject together fit one index entry of PostgreSQL."""
MAX_EMAIL_CHARS = 320
MAX_NAME_CHARS = 255
_ACCOUNT = Holding("account", "contract", "account", "null")
_IDENTITY = Holding("sign-in", "contract", "account", "null")
_ANONYMOUS = "random, and by itself it names nobody once the rest is gone"


class User(Base):
    """An account. Its roles are ``identity_roles`` and ``granted_roles`` without ``denied_roles``.

    ``version`` grows with every change that live tokens must learn of; each live session holds a
    copy, changed in the same transaction, which a rotation requires to be equal.
    """

    __tablename__ = "ww_users"
    __table_args__ = (
        CheckConstraint(one_of("status", "active", "disabled", "erased"), name="status"),
        CheckConstraint("version >= 1", name="version"),
        Index(None, "email"),
    )

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, info=_ACCOUNT.kept(_ANONYMOUS))
    status: Mapped[str] = mapped_column(
        BoundedText(16), info=_ACCOUNT.kept("says that the account was erased")
    )
    version: Mapped[int] = mapped_column(info=_ACCOUNT.kept(BOOKKEEPING, withheld=BOOKKEEPING))
    email: Mapped[str | None] = mapped_column(BoundedText(MAX_EMAIL_CHARS), info=_ACCOUNT.exported)
    name: Mapped[str | None] = mapped_column(BoundedText(MAX_NAME_CHARS), info=_ACCOUNT.exported)
    identity_roles: Mapped[frozenset[str]] = mapped_column(NameSet(ROLE_NAME), info=_ACCOUNT.exported)
    granted_roles: Mapped[frozenset[str]] = mapped_column(NameSet(ROLE_NAME), info=_ACCOUNT.exported)
    denied_roles: Mapped[frozenset[str]] = mapped_column(NameSet(ROLE_NAME), info=_ACCOUNT.exported)
    created_at: Mapped[datetime] = mapped_column(
        UtcDateTime(), info=_ACCOUNT.kept("the id holds the same moment and names nobody")
    )
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_ACCOUNT.erased_by("pseudonymise"))
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime(), info=_ACCOUNT.exported)


class Identity(Base):
    """Who signs in: unique by (issuer, subject), never by e-mail (OpenID Connect Core §5.7).

    ``verified_email`` is the lower-case address when the provider says it is verified; linking
    looks at nothing else.
    """

    __tablename__ = "ww_identities"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        CheckConstraint("issuer <> '' AND subject <> ''", name="identified"),
        Index(None, "user_id"),
        Index(None, "verified_email"),
    )

    id: Mapped[UUID] = mapped_column(
        Uuid(), primary_key=True, info=_IDENTITY.kept(_ANONYMOUS, withheld=BOOKKEEPING)
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("ww_users.id", ondelete="CASCADE"),
        info=_IDENTITY.kept(_ANONYMOUS, withheld="the id of the account is there already"),
    )
    provider_id: Mapped[str] = mapped_column(
        BoundedText(MAX_PROVIDER_ID_CHARS), info=_IDENTITY.erased_by("pseudonymise")
    )
    issuer: Mapped[str] = mapped_column(
        BoundedText(MAX_ISSUER_CHARS), info=_IDENTITY.erased_by("pseudonymise")
    )
    subject: Mapped[str] = mapped_column(
        BoundedText(MAX_SUBJECT_CHARS), info=_IDENTITY.erased_by("pseudonymise")
    )
    email: Mapped[str | None] = mapped_column(BoundedText(MAX_EMAIL_CHARS), info=_IDENTITY.exported)
    verified_email: Mapped[str | None] = mapped_column(BoundedText(MAX_EMAIL_CHARS), info=_IDENTITY.exported)
    name: Mapped[str | None] = mapped_column(BoundedText(MAX_NAME_CHARS), info=_IDENTITY.exported)
    roles: Mapped[frozenset[str]] = mapped_column(NameSet(ROLE_NAME), info=_IDENTITY.exported)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_IDENTITY.erased_by("pseudonymise"))
    last_sign_in_at: Mapped[datetime] = mapped_column(UtcDateTime(), info=_IDENTITY.erased_by("pseudonymise"))
