"""What ``auth`` needs of a database to take away what nobody needs any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol, get_args
from uuid import UUID

CleanupTarget = Literal[
    "sessions", "authorization_codes", "single_use", "revocations", "audit_events", "provider_grants"
]
CleanedTable = CleanupTarget | Literal["version_usage"]
CLEANED_TABLES: Final[tuple[CleanedTable, ...]] = (*get_args(CleanupTarget), "version_usage")
"""The names of tables without ``ww_``."""
Cursor = datetime | UUID


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction took away, in rows by table. ``after`` is where the next one begins; None
    where nothing is left. ``kept_by`` says what the database answered where rows could not be deleted, and
    stayed."""

    gone: Mapping[CleanedTable, int]
    after: Cursor | None
    kept_by: str | None = None


class CleanupStore(Protocol):
    """``batch_rows`` is how many rows one transaction takes at most, so that nobody waits for it long;
    ``pause_seconds`` is how long others are left alone after it, at least."""

    batch_rows: int
    pause_seconds: float

    async def take_away(
        self,
        target: CleanupTarget,
        *,
        before: datetime,
        after: Cursor | None,
        limit: int,
        now: datetime,
    ) -> Batch | None:
        """One transaction that takes at most ``limit`` rows of ``target``, oldest first, whose time was
        over before ``before``; rows that somebody else holds are left for another time. None, with
        nothing done, while another process is at it.

        With sessions go the grants of their providers that no other session shares. ``provider_grants``
        are those of before ``before`` that no session has, among the next ``limit`` grants. Raises
        DatabaseUnavailable.
        """

    async def step_down(self) -> None:
        """Let others take over at once. Raises DatabaseUnavailable."""
