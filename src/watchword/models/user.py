"""Accounts, and the provider identities that sign in to them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from watchword.models.base import Base, one_of
from watchword.models.types import ROLE_NAME, BoundedText, NameSet, UtcDateTime

MAX_PROVIDER_ID_CHARS = 64
MAX_ISSUER_CHARS = 1024
MAX_SUBJECT_CHARS = 255
"""OpenID Connect Core §2; issuer and subject together fit one index entry of PostgreSQL."""
MAX_EMAIL_CHARS = 320
MAX_NAME_CHARS = 255


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

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    status: Mapped[str] = mapped_column(BoundedText(16))
    version: Mapped[int]
    email: Mapped[str | None] = mapped_column(BoundedText(MAX_EMAIL_CHARS))
    name: Mapped[str | None] = mapped_column(BoundedText(MAX_NAME_CHARS))
    identity_roles: Mapped[frozenset[str]] = mapped_column(NameSet(ROLE_NAME))
    granted_roles: Mapped[frozenset[str]] = mapped_column(NameSet(ROLE_NAME))
    denied_roles: Mapped[frozenset[str]] = mapped_column(NameSet(ROLE_NAME))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime())
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


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

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("ww_users.id", ondelete="CASCADE"))
    provider_id: Mapped[str] = mapped_column(BoundedText(MAX_PROVIDER_ID_CHARS))
    issuer: Mapped[str] = mapped_column(BoundedText(MAX_ISSUER_CHARS))
    subject: Mapped[str] = mapped_column(BoundedText(MAX_SUBJECT_CHARS))
    email: Mapped[str | None] = mapped_column(BoundedText(MAX_EMAIL_CHARS))
    verified_email: Mapped[str | None] = mapped_column(BoundedText(MAX_EMAIL_CHARS))
    name: Mapped[str | None] = mapped_column(BoundedText(MAX_NAME_CHARS))
    roles: Mapped[frozenset[str]] = mapped_column(NameSet(ROLE_NAME))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    last_sign_in_at: Mapped[datetime] = mapped_column(UtcDateTime())
