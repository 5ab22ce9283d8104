"""Every number of ``docs/operations/reach.md`` is the code's."""

from __future__ import annotations

from tests.house.tree import ROOT
from watchword.auth.revocation import FRESH_SECONDS, OVERLAP, POLL_SECONDS, READ_AGAIN_EVERY_SECONDS
from watchword.auth.sequence_gaps import MAX_MISSING, REMEMBERED_SECONDS
from watchword.config.auth import Settings
from watchword.storage import DatabaseLimits
from watchword.storage.announcements import BEHIND_A_POOLER, PROBE_SECONDS

PAGE = " ".join((ROOT / "docs" / "operations" / "reach.md").read_text(encoding="utf-8").split())
LIMITS = DatabaseLimits()


def test_the_pages_numbers_are_the_codes() -> None:
    """Whoever changes one meets the other here."""
    assert POLL_SECONDS == 1
    assert "read once a second" in PAGE
    assert FRESH_SECONDS == 3
    assert "could not look for three seconds" in PAGE
    assert f"for {REMEMBERED_SECONDS / 60:.0f} minutes" in PAGE
    assert f"more than {MAX_MISSING:,} numbers" in PAGE
    assert f"tried every {PROBE_SECONDS:.0f} seconds" in PAGE
    assert LIMITS.statement_seconds == LIMITS.pool_seconds + 1 == 2
    stale = Settings.model_fields["revocation_stale_seconds"].default
    assert f"`WATCHWORD_REVOCATION_STALE_SECONDS` ({stale})" in PAGE


def test_the_pages_connections_are_the_codes() -> None:
    """Those of the pool, and one that listens."""
    pool = LIMITS.pool_size + LIMITS.pool_overflow
    assert f"at most {pool + 1} connections: {pool} of its pool" in PAGE


def test_what_is_read_again_is_on_the_page() -> None:
    """And how often."""
    assert OVERLAP.total_seconds() == 5
    assert "younger than five seconds is read again" in PAGE
    assert f"the last minute every {READ_AGAIN_EVERY_SECONDS:.0f} seconds" in PAGE


def test_the_log_line_of_the_page_is_the_codes() -> None:
    """Operators search for it."""
    assert f"`announcements of the database: {BEHIND_A_POOLER}`" in PAGE
