"""What ``auth`` needs of a database to know who accepted which terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from watchword.protocol.terms import Terms


@dataclass(frozen=True, slots=True)
class AcceptedTerms:
    """That somebody accepted one version; ``url`` and ``text`` are what they were shown."""

    version: str
    digest: bytes = field(repr=False)
    accepted_at: datetime
    url: str | None = None
    text: str | None = field(default=None, repr=False)


class TermsStore(Protocol):
    """Every method is one transaction; DatabaseUnavailable when it cannot be had."""

    async def accepted_at(self, user_id: UUID, terms: Terms) -> datetime | None:
        """When these very terms, version and digest, were accepted first; None for never."""

    async def accept(
        self, user_id: UUID, terms: Terms, *, now: datetime, session_id: UUID | None
    ) -> datetime | None:
        """Record it, and with it the text and a line of the audit trail, unless that was done before. When
        it was accepted first; None for an account that is gone or not active."""

    async def history(self, user_id: UUID) -> Sequence[AcceptedTerms]:
        """Everything an account ever accepted, the oldest first."""
