"""What is in a database that was only migrated."""

from __future__ import annotations

from tests.contract.samples import count
from watchword.storage import SqlDatabase


async def test_asvs_6_3_2_a_new_database_knows_nobody(database: SqlDatabase) -> None:
    """No account, no identity and no session comes with the tables."""
    tables = ("ww_users", "ww_identities", "ww_sessions", "ww_signing_keys", "ww_audit_events")
    assert [await count(database, table) for table in tables] == [0] * len(tables)
