"""``watchword sessions revoke --all``: everybody is signed out, within seconds everywhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from watchword.cli.composition import with_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchword.storage.database import SqlDatabase


def end_all(*, shows_progress: bool) -> int:
    """How many sessions ended. Raises ConfigurationError, MigrationNeeded, DatabaseUnavailable."""
    with _progress(shown=shows_progress and sys.stderr.isatty()) as told:
        return with_database(lambda database: _run(database, told))


async def _run(database: SqlDatabase, told: Callable[[int], None]) -> int:
    from watchword.auth.all_sessions import AllSessions
    from watchword.auth.clock import SystemClock
    from watchword.config.auth import Settings
    from watchword.storage.all_sessions import SqlAllSessions

    settings = Settings()
    sessions = AllSessions(
        SqlAllSessions(database.transactions),
        SystemClock(),
        tokens_live_seconds=settings.longest_access_token_seconds,
        absolute_seconds=settings.session_absolute_seconds,
        by="cli",
    )
    return await sessions.end(told)


@contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[int], None]]:
    """A line on a terminal that says how far it is; nothing anywhere else."""
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("Ending every session") as status:
        yield lambda ended: status.update(
            f"No replica takes any of them from now on; rows that say so: {ended:,}"
        )
