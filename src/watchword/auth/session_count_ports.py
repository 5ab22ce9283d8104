"""What is counted of sessions for operators: how many each provider has, how many outlive an outage."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SessionCount:
    """Live sessions of one provider. ``degraded`` go on unconfirmed because it did not answer when it
    was to be asked again; ``unchecked`` have no token of the provider's to ask it with."""

    live: int = 0
    degraded: int = 0
    unchecked: int = 0


class SessionCountStore(Protocol):
    """Every method is one statement; DatabaseUnavailable when it cannot be had."""

    async def degraded(
        self, provider_ids: Collection[str], *, now: datetime, at_most: int
    ) -> Mapping[str, int]:
        """Degraded live sessions of each of these providers, no more counted of one than ``at_most``;
        what it costs grows with their number alone, and not beyond that."""

    async def by_provider(self, *, now: datetime) -> Mapping[str, SessionCount]:
        """Every live session by provider id, also of past settings; reads them all."""
