"""Sealing anew, under the current ``SECRET_KEY``, what lasts longer than a change of it.

A run can be killed at any moment and begun again: what is sealed under the current secret says so in its
head and is passed over. It never writes over what the service wrote meanwhile, and waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from watchword.auth.key_ports import KeyStore
from watchword.auth.ports import Clock
from watchword.auth.resealing_ports import (
    SEALED_COLUMNS,
    NewSeals,
    Resealed,
    RowId,
    RowTable,
    SealedRow,
    SealedRowStore,
    SealedTable,
)
from watchword.auth.seal_anew import SealAnew, Tally
from watchword.auth.sealing import Sealer

TRIES: Final = 4
"""How often a row or a ring is looked at that somebody else is writing."""

OnBatch = Callable[[Mapping[SealedTable, int]], None]


class Resealer:
    """``registrations`` are what we are at each configured provider (see ``SealAnew``)."""

    def __init__(
        self,
        sealer: Sealer,
        rows: SealedRowStore,
        keys: KeyStore,
        clock: Clock,
        *,
        registrations: Sequence[str],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._head = sealer.head
        self._anew = SealAnew(sealer, registrations)
        self._rows = rows
        self._keys = keys
        self._clock = clock
        self._sleep = sleep

    async def run(self, on_batch: OnBatch = lambda _: None) -> Resealed:
        """Seal everything anew that a listed secret opens; ``on_batch`` hears how many rows were done.

        Raises DatabaseUnavailable, KeyStoreUnavailable and KeyStoreInvalid; what was sealed anew by then
        stays so.
        """
        return await self._run(on_batch, write=True, ring=True)

    async def survey(self, *, ring: bool) -> Resealed:
        """What ``run`` would do; nothing is written. ``ring=False`` leaves the signing keys out, because a
        store outside the database keeps its copy up to date as soon as it is read."""
        return await self._run(lambda _: None, write=False, ring=ring)

    async def _run(self, on_batch: OnBatch, *, write: bool, ring: bool) -> Resealed:
        """The ring last: once it is under the new secret, a process that lacks that one does not start."""
        tally = Tally()
        for table in SEALED_COLUMNS:
            await self._table(table, tally, on_batch, write=write)
        if ring:
            await self._ring(tally, write=write)
        on_batch(tally.looked_at)
        return tally.told()

    async def _table(self, table: RowTable, tally: Tally, on_batch: OnBatch, *, write: bool) -> None:
        after: RowId | None = None
        left: set[RowId] = set()
        while True:
            began_at = self._clock.monotonic()
            page = await self._rows.page(table, self._head, after=after, limit=self._rows.batch_rows)
            left |= await self._batch(table, page.rows, tally, write=write)
            on_batch(tally.looked_at)
            after = page.after
            if after is None:
                break
            if any(row.stale for row in page.rows):
                await self._sleep(max(self._rows.pause_seconds, self._clock.monotonic() - began_at))
        tally.busy += len(await self._again(table, left, tally))

    async def _batch(
        self, table: RowTable, rows: Sequence[SealedRow], tally: Tally, *, write: bool
    ) -> set[RowId]:
        """Returns the rows that somebody else was writing; they are not counted yet."""
        made = {row.id: self._anew.row(row) for row in rows}
        changes = [NewSeals(row, made[row.id].new) for row in rows if made[row.id].new]
        written = await self._rows.replace(table, changes) if write and changes else ()
        lost = {change.row.id for change in changes} - set(written) if write else set()
        for row_id, each in made.items():
            if row_id not in lost:
                tally.count(each)
        return lost

    async def _again(self, table: RowTable, left: set[RowId], tally: Tally) -> set[RowId]:
        for _ in range(TRIES - 1):
            if not left:
                break
            await self._sleep(self._rows.pause_seconds)
            rows = await self._rows.these(table, self._head, left)
            left = await self._batch(table, rows, tally, write=True)
        return left

    async def _ring(self, tally: Tally, *, write: bool) -> None:
        for _ in range(TRIES):
            ring = await self._keys.load()
            made = [self._anew.key(key) for key in ring.keys]
            keys = [key for _, key in made]
            if not write or keys == list(ring.keys) or await self._keys.replace(ring, keys):
                for each, _ in made:
                    tally.count(each)
                return
            await self._sleep(self._rows.pause_seconds)
        tally.busy += len(made)
