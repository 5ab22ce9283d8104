"""What ``auth`` needs of a database for sign-outs that a provider has part in."""

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


@dataclass(frozen=True, slots=True)
class NewProviderGrant:
    """What a provider gave with a sign-in and is kept with its session, sealed: its ID token for the
    sign-out, its refresh token for the re-checks."""

    grant_id: UUID
    sealed_id_token: bytes | None = field(repr=False)
    sealed_tokens: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SignedInAt:
    """Where and for whom a session was opened, and what is left of its grant."""

    provider_id: str
    client_id: str
    grant_id: UUID | None
    sealed_id_token: bytes | None = field(repr=False)


class ProviderLogoutStore(Protocol):
    async def end_sessions(
        self, logout: ProviderLogout, *, now: datetime, tokens_expire_at: datetime
    ) -> Sequence[UUID] | None:
        """End what the provider means, append it to the revocation feed and remember its word, all in
        one committed transaction; the ids of those that ended now, None where the same word was
        heard before. Raises DatabaseUnavailable."""

    async def take_sign_in(self, session_id: UUID) -> SignedInAt | None:
        """What a session, live or ended, was opened with; its ID token is given out once and then
        forgotten. Raises DatabaseUnavailable."""
