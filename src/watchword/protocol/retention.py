"""Until when rows are needed that nobody can use any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

EXPIRED_SECONDS: Final = 120
"""How long what has expired stays: readers of the revocation feed look at its last minute again, and the
clocks of replicas lie apart."""


@dataclass(frozen=True, slots=True)
class Edges:
    """What is older than its edge may go; what is as old as it stays. All aware UTC.

    ``absolute_ends_at`` is of sessions: until then an older refresh token must be known as one, and for
    as long as an access token lives after that, a replay or a change of roles must still find the row
    whose tokens it ends. ``expires_at`` is of values that work once, of codes and of the revocation
    feed; ``recorded_at`` of the audit trail and of callers of versions.
    """

    absolute_ends_at: datetime
    expires_at: datetime
    recorded_at: datetime


def edges(now: datetime, *, tokens_live_seconds: int, retention_days: int) -> Edges:
    """The edges at ``now``. ``tokens_live_seconds`` is the longest any access token of ours may count,
    leeway included."""
    return Edges(
        absolute_ends_at=now - timedelta(seconds=tokens_live_seconds),
        expires_at=now - timedelta(seconds=EXPIRED_SECONDS),
        recorded_at=now - timedelta(days=retention_days),
    )
