"""A hundred people, two replicas, and something that fails every minute: docs/operations/chaos.md."""

from __future__ import annotations

import os
import sys

import pytest

from tests.soak.chaos.report import Findings, page
from tests.soak.chaos.run import Plan, run

pytestmark = pytest.mark.soak
CHAOS_SECONDS = float(os.environ.get("CHAOS_SECONDS", "3600"))


async def test_chaos_nothing_wrong_is_accepted_and_nobody_is_sent_away() -> None:
    """The gate of the page, every line of it. ``-s`` prints the page, ``CHAOS_SECONDS`` says for how long;
    the evidence of what was wrong is in the failure."""
    done = await run(Plan(seconds=CHAOS_SECONDS))
    sys.stdout.write("\n".join([*page(done), ""]))
    missed = [words for holds, words in Findings(done).gate() if not holds]
    assert not missed, [*done.record.broken, *done.record.evidence][:20]
