"""What ``auth`` needs of a database to know the caller behind a provider's own access token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """The account of an identity; ``active`` is False for one that was disabled. ``roles``
    are those it may use: identities' and granted ones without the denied."""

    user_id: UUID
    active: bool
    roles: frozenset[str]


class CallerStore(Protocol):
    """Reads, and writes nothing; DatabaseUnavailable when it cannot be had, PepperUnreadable when nobody
    can tell whether somebody unknown was erased."""

    async def find(self, issuer: str, subject: str) -> KnownCaller | None:
        """Whose identity that is, also where the account is disabled; None for nobody's. Raises
        AccountErased."""
