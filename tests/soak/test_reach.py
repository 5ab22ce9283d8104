"""SES-60 and SES-61 on two processes over PostgreSQL: the bounds within which an ending is true everywhere.

With ``-s`` the numbers are printed.
"""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from benchmarks import reach
from benchmarks.reach_of_endings.plan import ENDINGS, MAX_OTHER_SECONDS, Plan, Way
from benchmarks.reach_of_endings.report import page
from tests.soak.timing import SOAK_SECONDS

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("way", ["announced", "polled", "pooled"])
def test_ses_60_61_an_ending_reaches_the_other_replica_in_time(way: Way) -> None:
    """Whatever ended the session, five seconds at the latest, and no request asks the database. That
    announcements take milliseconds is for a quiet machine to show."""
    if way == "pooled" and shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        missing = pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip
        missing("PgBouncer is not installed")
    run = reach.run(Plan(times=max(3, round(SOAK_SECONDS / len(ENDINGS))), requests=500, ways=(way,)))
    sys.stdout.write("\n".join([*page(run), ""]))
    assert max(run.all_of(way)) <= MAX_OTHER_SECONDS
    assert run.asked.statements - run.asked.readings <= run.asked.requests / 10
