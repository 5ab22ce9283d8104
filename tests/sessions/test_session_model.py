"""SES-13: the stateful model of sessions, in memory and on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.sessions.backends import Backend, MemoryBackend, SqlBackend
from tests.sessions.machine import SessionMachine

longer_in_soak = pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.soak)], ids=str)


def hold(backend: Callable[[], Backend], *, examples: int, steps: int, times: int) -> None:
    """The same examples each time; ``times`` as many, and new ones each time, in ``make soak``."""

    class Machine(SessionMachine):
        make_backend = staticmethod(backend)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples * times,
            stateful_step_count=steps,
            derandomize=times == 1,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@longer_in_soak
def test_ses_13_sessions_keep_their_promises(times: int) -> None:
    """Never two live tokens, nothing after an ending, nothing moved by a failure, nobody lost by a
    crash: in memory, where every token can be tried on a copy of the store."""
    hold(MemoryBackend, examples=30, steps=50, times=times)


@longer_in_soak
def test_ses_13_sessions_keep_their_promises_on_sqlite(sqlite_url: str, times: int) -> None:
    """The same lives over a SQLite file."""
    hold(lambda: SqlBackend.at(sqlite_url), examples=5, steps=40, times=times)


@longer_in_soak
@pytest.mark.postgres
def test_ses_13_sessions_keep_their_promises_on_postgresql(postgres_url: str, times: int) -> None:
    """The same lives over PostgreSQL."""
    hold(lambda: SqlBackend.at(postgres_url), examples=5, steps=40, times=times)
