"""What a report asks a database about everybody at once: numbers, and never who."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from watchword.auth.cleanup_ports import CleanedTable
from watchword.protocol.retention import Edges
from watchword.protocol.terms import Terms


@dataclass(frozen=True, slots=True)
class People:
    """Accounts by their status. ``tombstones`` are the identities by which erased people are known again,
    ``dormant`` the accounts that are not erased and were last signed in to before a moment."""

    active: int
    disabled: int
    erased: int
    tombstones: int
    dormant: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """Rows of a table that the cleanup should have taken away; ``oldest`` is the time by which the first of
    them is judged, None where there is none."""

    table: CleanedTable
    rows: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """How many accounts accepted one text of one version."""

    version: str
    digest: bytes = field(repr=False)
    people: int
    last_at: datetime


class HoldingsStore(Protocol):
    """Reads only. Every method raises DatabaseUnavailable."""

    async def people(self, *, dormant_before: datetime) -> People: ...

    async def overdue(self, at: Edges) -> Sequence[Overdue]:
        """Each table that the cleanup looks at by a time, in its order."""

    async def accepted(self) -> Sequence[Accepted]:
        """Every text that somebody accepted, by version; erased people are not counted."""

    async def not_accepted(self, terms: Terms) -> int:
        """How many active accounts have not accepted these very terms."""
