"""Promises of the edges past which rows go: each as late as somebody could still need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from watchword.protocol.retention import EXPIRED_SECONDS, Edges, edges

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


def test_each_kind_of_row_has_its_own_edge() -> None:
    """Sessions by how long access tokens live, records by days, whatever has expired by two minutes."""
    assert edges(NOW, tokens_live_seconds=3660, retention_days=90) == Edges(
        absolute_ends_at=NOW - timedelta(seconds=3660),
        expires_at=NOW - timedelta(seconds=EXPIRED_SECONDS),
        recorded_at=NOW - timedelta(days=90),
    )


@pytest.mark.parametrize(("tokens_live_seconds", "retention_days"), [(1, 1), (10 * 365 * 86400, 3650)])
def test_the_largest_settings_have_edges_too(tokens_live_seconds: int, retention_days: int) -> None:
    """Every one of them lies in the past."""
    at = edges(NOW, tokens_live_seconds=tokens_live_seconds, retention_days=retention_days)
    assert max(at.absolute_ends_at, at.expires_at, at.recorded_at) < NOW
