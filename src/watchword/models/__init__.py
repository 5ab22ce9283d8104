"""The tables, typed. Only ``storage`` and ``migrations`` know them."""

from __future__ import annotations

from watchword.models.base import Base
from watchword.models.provider_grant import ProviderGrant
from watchword.models.record import AuditRecord, Pepper, TermsAcceptance, TermsDocument
from watchword.models.revocation import RevocationEntry
from watchword.models.session import Session
from watchword.models.signing_key import KeyRingCopy, KeyUse, SigningKey
from watchword.models.single_use import AuthorizationCode, SingleUse
from watchword.models.user import Identity, User
from watchword.models.version_usage import VersionUsage

metadata = Base.metadata

__all__ = [
    "AuditRecord",
    "AuthorizationCode",
    "Base",
    "Identity",
    "KeyRingCopy",
    "KeyUse",
    "Pepper",
    "ProviderGrant",
    "RevocationEntry",
    "Session",
    "SigningKey",
    "SingleUse",
    "TermsAcceptance",
    "TermsDocument",
    "User",
    "VersionUsage",
    "metadata",
]
