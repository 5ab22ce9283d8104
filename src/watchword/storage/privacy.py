"""``PrivacyStore`` in SQL."""

from __future__ import annotations

from uuid import UUID

from watchword.auth.account_ports import Act
from watchword.auth.privacy_ports import Erased, PersonalData
from watchword.storage.erasure import erase
from watchword.storage.privacy_export import export
from watchword.storage.tombstones import TombstoneRows
from watchword.storage.transactions import Transactions


class SqlPrivacyStore:
    """``PrivacyStore`` over every table that holds something about people."""

    def __init__(self, transactions: Transactions, tombstones: TombstoneRows) -> None:
        self._transactions = transactions
        self._tombstones = tombstones

    async def export(self, user_id: UUID, *, max_rows: int) -> PersonalData | None:
        return await self._transactions.read(
            "gather a person's data", lambda connection: export(connection, user_id, max_rows=max_rows)
        )

    async def erase(self, user_id: UUID, *, act: Act) -> Erased | None:
        return await self._transactions.write(
            "erase a person", lambda connection: erase(connection, user_id, act, self._tombstones)
        )
