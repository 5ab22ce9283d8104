"""What ``auth`` needs of a database for our own authorization codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from watchword.auth.ports import LiveSession, NewSession, ProviderIdentity


@dataclass(frozen=True, slots=True)
class StoredCode:
    """An authorization code of ours at rest (RFC 6749 §4.1.2, RFC 7636 §4.4): its digest, what it
    was given for, and the verified sign-in, sealed. ``session_id`` is the session it opened."""

    digest: bytes = field(repr=False)
    client_id: str
    redirect_uri: str
    code_challenge: str = field(repr=False)
    scopes: frozenset[str]
    sealed_sign_in: bytes = field(repr=False)
    auth_time: datetime
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    session_id: UUID | None = None


class CodeStore(Protocol):
    """Every method is one transaction; DatabaseUnavailable when it cannot be had."""

    async def add(self, code: StoredCode) -> None: ...

    async def find(self, digest: bytes) -> StoredCode | None: ...

    async def redeem(
        self, code: StoredCode, identity: ProviderIdentity, new: NewSession
    ) -> LiveSession | None:
        """Mark ``code`` used and open its session, both or neither; None, with nothing changed,
        when it was used before or has expired at ``new.created_at``. Raises what opening does."""
