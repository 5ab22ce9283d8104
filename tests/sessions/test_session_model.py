"""SES-13: the stateful model of sessions, in memory and on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.sessions.backends import Backend, MemoryBackend, SqlBackend
from tests.sessions.machine import SessionMachine


def hold(backend: Callable[[], Backend], *, examples: int, steps: int) -> None:
    class Machine(SessionMachine):
        make_backend = staticmethod(backend)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_ses_13_sessions_keep_their_promises() -> None:
    """Never two live tokens, nothing after an ending, nothing moved by a failure, nobody lost by a
    crash: in memory, where every token can be tried on a copy of the store."""
    hold(MemoryBackend, examples=150, steps=50)


def test_ses_13_sessions_keep_their_promises_on_sqlite(sqlite_url: str) -> None:
    """The same lives over a SQLite file."""
    hold(lambda: SqlBackend.at(sqlite_url), examples=25, steps=40)


@pytest.mark.postgres
def test_ses_13_sessions_keep_their_promises_on_postgresql(postgres_url: str) -> None:
    """The same lives over PostgreSQL."""
    hold(lambda: SqlBackend.at(postgres_url), examples=25, steps=40)
