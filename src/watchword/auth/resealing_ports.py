"""What re-sealing needs of the database, and what it tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol, get_args
from uuid import UUID

from watchword.auth.sealing import Purpose

RowTable = Literal["provider_grants", "peppers", "key_ring_copies"]
SealedTable = Literal["signing_keys", RowTable]
SEALED_TABLES: Final[tuple[SealedTable, ...]] = get_args(SealedTable)
SEALED_COLUMNS: Final[Mapping[RowTable, Mapping[str, Purpose]]] = {
    "provider_grants": {"sealed_tokens": "provider-tokens", "sealed_id_token": "logout-hint"},
    "peppers": {"sealed": "pepper"},
    "key_ring_copies": {"sealed": "key-ring-copy"},
}
"""What is sealed in rows of its own, and for what purpose. The ring is in whatever store it is."""

RowId = UUID | str


@dataclass(frozen=True, slots=True)
class SealedRow:
    """What one row holds that is not sealed under the current secret, by column; empty where all is."""

    table: RowTable
    id: RowId
    stale: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedPage:
    """The rows of one batch that hold something sealed; ``after`` is where the next batch begins, None
    behind the last."""

    rows: Sequence[SealedRow]
    after: RowId | None


@dataclass(frozen=True, slots=True)
class NewSeals:
    """New values of a row, and the old ones that are taken for still there."""

    row: SealedRow
    new: Mapping[str, bytes] = field(repr=False)


class SealedRowStore(Protocol):
    """Every method is one transaction, and raises DatabaseUnavailable. ``head`` is what values begin with
    that are sealed under the current secret."""

    batch_rows: int
    pause_seconds: float

    async def page(self, table: RowTable, head: bytes, *, after: RowId | None, limit: int) -> SealedPage:
        """The next ``limit`` rows by primary key."""

    async def these(self, table: RowTable, head: bytes, ids: Collection[RowId]) -> Sequence[SealedRow]:
        """The same of some rows; those that are gone, or hold nothing sealed any more, are left out."""

    async def replace(self, table: RowTable, changes: Sequence[NewSeals]) -> Collection[RowId]:
        """Write each row that still holds exactly the old values and that nobody else is writing;
        returns which."""


class SealedMarks(Protocol):
    """When a run last ended with nothing left under any other secret than the current one. Both raise
    DatabaseUnavailable."""

    async def since(self, current: str, previous: Collection[str]) -> datetime | None:
        """What is kept for the current secret, by its id; None where none is, or where a previous secret
        was current after it."""

    async def mark(self, current: str, previous: Collection[str], *, anew: bool, now: datetime) -> datetime:
        """Keep ``now`` for the current secret, by its id; but not where a time is kept already, nothing
        was found since (``anew``), and no previous secret was current after it. Returns what is kept."""


Cause = Literal["secret_key_mismatch", "seal_broken"]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that was left as it is: the secret it names (``key_id``) is not listed, or it was altered,
    moved, or sealed for a registration at a provider that is not configured any more."""

    table: SealedTable
    row: str
    column: str
    key_id: str | None
    cause: Cause


@dataclass(frozen=True, slots=True)
class Resealed:
    """Rows by table: sealed anew, sealed under the current secret before, and values not to be opened.
    ``busy`` rows were being written by others every time. ``under`` counts the values that were not under
    the current secret, by the id of theirs."""

    resealed: Mapping[SealedTable, int]
    already: Mapping[SealedTable, int]
    unreadable: Sequence[Unreadable]
    busy: int
    under: Mapping[str, int]

    @property
    def complete(self) -> bool:
        """Whether nothing is left that needs another secret than the current one."""
        return not self.unreadable and self.busy == 0
