"""The stateful model of re-checks, on both databases."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.sessions.recheck_machine import RecheckMachine

longer_in_soak = pytest.mark.parametrize("times", [1, pytest.param(40, marks=pytest.mark.soak)], ids=str)


@longer_in_soak
def test_sessions_that_are_asked_about_keep_their_promises(database_url: str, times: int) -> None:
    """Through outages, withdrawals, lost answers and deaths: one question at a time, nobody goes on
    past the grace, nobody ends but by the provider's word or a lost one, nothing is kept of the ended."""

    class Machine(RecheckMachine):
        url = database_url

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=5 * times,
            stateful_step_count=50,
            derandomize=times == 1,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
