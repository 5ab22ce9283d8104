"""``docs/operations/cleanup.md`` says what the cleanup does, with the numbers of the code."""

from __future__ import annotations

from tests.house.tree import ROOT
from watchword.auth import cleanup
from watchword.config.auth import Settings
from watchword.protocol.retention import EXPIRED_SECONDS
from watchword.storage.cleanup import POSTGRESQL_ROWS, SQLITE_ROWS
from watchword.storage.cleanup_turns import LEASE_SECONDS, MOST_AHEAD_SECONDS


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    """Whoever plans by them is not wrong."""
    plain = " ".join((ROOT / "docs/operations/cleanup.md").read_text(encoding="utf-8").split())
    settings = Settings()
    assert (settings.longest_access_token_seconds, cleanup.FIRST_SECONDS) == (3660, 30)
    for said in (
        f"`WATCHWORD_CLEANUP_INTERVAL_SECONDS` ({settings.cleanup_interval_seconds})",
        "first within half a minute of its start",
        "an hour and a minute after their absolute end",
        f"{EXPIRED_SECONDS // 60} minutes after they expired",
        f"`WATCHWORD_PRIVACY__RETENTION_DAYS` ({settings.privacy.retention_days})",
        f"{POSTGRESQL_ROWS} rows on PostgreSQL and {SQLITE_ROWS} on SQLite",
        f"others wait {LEASE_SECONDS} seconds at most",
        f"more than {MOST_AHEAD_SECONDS} seconds ahead",
    ):
        assert said in plain, said
