"""Exit codes: 0 done, 1 failed, 2 usage, 3 migration needed."""

from __future__ import annotations

from watchword.errors import MigrationNeeded, WatchwordError

FAILED = 1
MIGRATION_NEEDED = 3


def exit_code(error: WatchwordError) -> int:
    """The code a command ends with when this error stopped it."""
    return MIGRATION_NEEDED if isinstance(error, MigrationNeeded) else FAILED
