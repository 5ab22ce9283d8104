"""What ``auth`` needs of a database to remember who still calls which version of an API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

CallerKind = Literal["user", "client", "network", "others"]
"""What a caller is known by: their account and client, a client alone, an address, or nothing
because there were too many."""
UsageOrder = Literal["last-seen", "calls"]


@dataclass(frozen=True, slots=True)
class VersionCalls:
    """Calls of one version by one caller. Which names are set depends on ``kind``: user (user_id,
    client_id), client (client_id), network (network, None where no address is known or kept).

    ``would_refuse`` of the ``calls`` were let through only because refusals are observed, not
    made; ``last_refusal`` is the code of the latest. Times are aware UTC.
    """

    version: str
    kind: CallerKind
    calls: int
    would_refuse: int
    last_refusal: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    user_id: UUID | None = None
    client_id: str | None = None
    network: str | None = None


@dataclass(frozen=True, slots=True)
class VersionCaller:
    """A caller as the report shows them, with what the account says of its owner now."""

    usage: VersionCalls
    email: str | None = field(repr=False)
    name: str | None


@dataclass(frozen=True, slots=True)
class VersionReport:
    """One version: sums over ``caller_count`` callers, of whom ``callers`` are the first."""

    version: str
    caller_count: int
    calls: int
    would_refuse: int
    last_seen_at: datetime
    callers: tuple[VersionCaller, ...]


class VersionUsageStore(Protocol):
    """Every method is one transaction; DatabaseUnavailable when it cannot be had."""

    async def add(self, calls: Sequence[VersionCalls]) -> None:
        """Add to what is known of these callers, all or nothing; whoever else adds at the same
        time is added to as well. Those of an account that is gone count for their client alone,
        and a network too many counts with the others."""

    async def forget(self, *, unseen_since: datetime, limit: int) -> int:
        """Remove at most ``limit`` callers who were last seen before that moment or whose account
        was erased; how many there were."""

    async def report(
        self,
        *,
        version: str | None = None,
        since: datetime | None = None,
        order: UsageOrder = "last-seen",
        limit: int,
    ) -> Sequence[VersionReport]:
        """Versions by name, of all callers or of those seen at ``since`` or later, each with at
        most ``limit`` callers."""
