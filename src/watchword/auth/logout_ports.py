"""What ``auth`` needs of a database when a provider, not a person of ours, ends sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ProviderLogout:
    """What a provider said, once: ``digest`` is of its word, to be remembered until
    ``remember_until``. ``sid`` is the provider's own session; without it every session of
    ``subject`` is meant, with both only the one that is of both."""

    provider_id: str
    issuer: str
    sid: str | None
    subject: str | None
    digest: bytes = field(repr=False)
    remember_until: datetime


class ProviderLogoutStore(Protocol):
    async def end_sessions(
        self, logout: ProviderLogout, *, now: datetime, tokens_expire_at: datetime
    ) -> Sequence[UUID] | None:
        """End what the provider means, append it to the revocation feed and remember its word, all in
        one committed transaction; the ids of those that ended now, None where the same word was
        heard before. Raises DatabaseUnavailable."""
