"""``benchmarks/sessions.py`` with all of its parts, small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import sessions
from benchmarks.session_growth.plan import PARTS

pytestmark = pytest.mark.soak


def test_every_part_of_the_benchmark_runs(tmp_path: Path) -> None:
    """Growth in both databases, the cleanup and sign-ins find something to tell."""
    kept = tmp_path / "sessions.json"
    smallest = ["--sizes", "200,400", "--seconds", "0.1", "--pairs", "1", "--clients", "2", "--sign-ins", "2"]
    cleanup = ["--expired", "200", "--cleaning-pairs", "1", "--cleaning-seconds", "0.5"]
    assert sessions.main([*smallest, *cleanup, "--parts", ",".join(PARTS), "--json", str(kept)]) == 0
    found = json.loads(kept.read_text())["found"]
    assert all(found[part] for part in ("rounds", "growth", "sqlite_growth", "sqlite_refresh", "sign_ins"))
    assert found["cleaning"][0]["gone"] > 0
