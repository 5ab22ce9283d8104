"""Single values sealed anew: what opens under any listed secret, under the current one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never
from uuid import UUID

from watchword.auth.grant_keeper import grant_place
from watchword.auth.key_ports import StoredKey
from watchword.auth.resealing_ports import (
    SEALED_COLUMNS,
    SEALED_TABLES,
    Resealed,
    RowId,
    RowTable,
    SealedRow,
    SealedTable,
    Unreadable,
)
from watchword.auth.sealing import Purpose, Sealer, sealed_under
from watchword.errors import SealBroken, SecretKeyMismatch


@dataclass(frozen=True, slots=True)
class SealedAnew:
    """What came of the values of one row, by column."""

    table: SealedTable
    row: str
    new: Mapping[str, bytes] = field(repr=False)
    unreadable: Sequence[Unreadable]
    under: Sequence[str]


class SealAnew:
    """``registrations`` are what we are at each configured provider: its tokens open for no other."""

    def __init__(self, sealer: Sealer, registrations: Sequence[str]) -> None:
        self._sealer = sealer
        self._registrations = registrations

    def row(self, row: SealedRow) -> SealedAnew:
        purposes = SEALED_COLUMNS[row.table]
        stale = {column: (purposes[column], sealed) for column, sealed in row.stale.items()}
        return self._values(row.table, str(row.id), stale, self._places(row.table, row.id))

    def key(self, key: StoredKey) -> tuple[SealedAnew, StoredKey]:
        """With the key as it should be kept: the very same where nothing is to be done, or can be."""
        stale: dict[str, tuple[Purpose, bytes]] = {}
        if not key.sealed_private.startswith(self._sealer.head):
            stale["sealed_private"] = ("signing-key", key.sealed_private)
        made = self._values("signing_keys", key.kid, stale, [key.kid.encode()])
        new = made.new.get("sealed_private")
        return made, key if new is None else replace(key, sealed_private=new)

    def _values(
        self,
        table: SealedTable,
        row: str,
        stale: Mapping[str, tuple[Purpose, bytes]],
        places: Sequence[bytes],
    ) -> SealedAnew:
        new: dict[str, bytes] = {}
        unreadable: list[Unreadable] = []
        for column, (purpose, sealed) in stale.items():
            try:
                new[column] = self._value(purpose, sealed, places)
            except SecretKeyMismatch:
                key_id = sealed_under(sealed)
                unreadable.append(Unreadable(table, row, column, key_id, "secret_key_mismatch"))
            except SealBroken:
                unreadable.append(Unreadable(table, row, column, sealed_under(sealed), "seal_broken"))
        under = [key_id for _, sealed in stale.values() if (key_id := sealed_under(sealed)) is not None]
        return SealedAnew(table, row, new, unreadable, under)

    def _value(self, purpose: Purpose, sealed: bytes, places: Sequence[bytes]) -> bytes:
        """Raises SecretKeyMismatch, and SealBroken where it opens at none of ``places``."""
        for place in places:
            try:
                plaintext = self._sealer.open(purpose, sealed, place=place)
            except SealBroken:
                continue
            return self._sealer.seal(purpose, plaintext, place=place)
        raise SealBroken(f"a sealed {purpose} was altered or moved, or is of no place known here")

    def _places(self, table: RowTable, row: RowId) -> Sequence[bytes]:
        match table:
            case "provider_grants":
                grant_id = row if isinstance(row, UUID) else UUID(row)
                return [grant_place(registration, grant_id) for registration in self._registrations]
            case "peppers" | "key_ring_copies":
                return [str(row).encode()]
            case _:
                assert_never(table)


class Tally:
    """Counts what one run did and found."""

    def __init__(self) -> None:
        self._resealed: Counter[SealedTable] = Counter(dict.fromkeys(SEALED_TABLES, 0))
        self._already: Counter[SealedTable] = Counter(dict.fromkeys(SEALED_TABLES, 0))
        self._unreadable: list[Unreadable] = []
        self._under: Counter[str] = Counter()
        self.busy = 0

    @property
    def looked_at(self) -> Mapping[SealedTable, int]:
        return {table: self._resealed[table] + self._already[table] for table in SEALED_TABLES}

    def count(self, made: SealedAnew) -> None:
        self._unreadable += made.unreadable
        self._under.update(made.under)
        if made.new:
            self._resealed[made.table] += 1
        elif not made.unreadable:
            self._already[made.table] += 1

    def told(self) -> Resealed:
        found = tuple(self._unreadable)
        return Resealed(dict(self._resealed), dict(self._already), found, self.busy, dict(self._under))
