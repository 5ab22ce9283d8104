"""A process that seals anew and is killed in the middle; run as a script with an address, the old and the
new secret, and a registration.

After two batches it takes up a third, says so in the midst of its transaction, and waits for its end.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection, Sequence

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from watchword.auth.clock import SystemClock
from watchword.auth.resealing import Resealer
from watchword.auth.resealing_ports import NewSeals, RowId, RowTable
from watchword.auth.sealing import Sealer
from watchword.models import ProviderGrant
from watchword.storage import open_database
from watchword.storage.resealing import SqlSealedRows
from watchword.storage.transactions import Transactions

BATCHES = 2


class Standing(SqlSealedRows):
    """Writes some batches, and never commits the one after them."""

    def __init__(self, transactions: Transactions) -> None:
        super().__init__(transactions)
        self._left = BATCHES
        self._own = transactions

    async def replace(self, table: RowTable, changes: Sequence[NewSeals]) -> Collection[RowId]:
        if self._left:
            self._left -= 1
            return await super().replace(table, changes)

        async def stand(connection: AsyncConnection) -> Collection[RowId]:
            for change in changes:
                this = update(ProviderGrant).where(ProviderGrant.id == change.row.id)
                await connection.execute(this.values(**change.new))
            sys.stdout.write("in the middle\n")
            sys.stdout.flush()
            await asyncio.Event().wait()
            return ()

        return await self._own.write("stand still", stand)


async def main(url: str, old: str, new: str, registration: str) -> None:
    database = open_database(url)
    rows = Standing(database.transactions)
    rows.batch_rows = 3
    sealer = Sealer(bytes.fromhex(new), [bytes.fromhex(old)])
    await Resealer(sealer, rows, database.keys, SystemClock(), registrations=[registration]).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
