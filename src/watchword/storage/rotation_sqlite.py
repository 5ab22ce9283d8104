"""The rotation on SQLite: one transaction in one hop to one thread, over a connection of its own.

The thread finishes what it began even when the caller is cancelled; then either the rotation is
committed, and the caller's token still answers inside the overlap, or it never happened.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from watchword.auth.forks import in_child
from watchword.auth.ports import LiveSession, Rotation
from watchword.models.types import utc_from_text, utc_to_text
from watchword.storage.engines import DatabaseLimits, sqlite_pragmas, sqlite_uri
from watchword.storage.rows import LIVE_COLUMNS, live_columns, live_session
from watchword.storage.transactions import retrying

_ROTATE = """
UPDATE ww_sessions
   SET refresh_digest = :successor, previous_digest = refresh_digest, sealed_successor = :sealed,
       generation = generation + 1, rotated_at = :now, last_seen_at = :now,
       idle_ends_at = min(:idle_ends_at, absolute_ends_at)
 WHERE id = :id AND refresh_digest = :presented AND (:client_id IS NULL OR client_id = :client_id)
   AND revoked_at IS NULL AND idle_ends_at > :now AND absolute_ends_at > :now
   AND (recheck_due_at IS NULL OR recheck_due_at > :now)
   AND EXISTS (SELECT 1 FROM ww_users AS u WHERE u.id = ww_sessions.user_id
               AND u.status = 'active' AND u.version = ww_sessions.user_version)
"""
_READ = f"""
SELECT {live_columns("s", "u", "i")}
  FROM ww_sessions AS s JOIN ww_users AS u ON u.id = s.user_id JOIN ww_identities AS i ON i.id = s.identity_id
 WHERE s.id = ?
"""  # noqa: S608
_DECODED: dict[str, Callable[[str], Any]] = {
    "id": UUID,
    "user_id": UUID,
    "created_at": utc_from_text,
    "auth_time": utc_from_text,
    "idle_ends_at": utc_from_text,
    "absolute_ends_at": utc_from_text,
}


class SqliteRotation:
    """Rotations of this process, one after another; those of others wait at SQLite's lock."""

    def __init__(self, file: Path, limits: DatabaseLimits) -> None:
        self._file = file
        self._limits = limits
        self._thread = _thread()
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        in_child(self, SqliteRotation._begin_anew)

    async def rotate(self, rotation: Rotation) -> LiveSession | None:
        return await retrying("rotate a refresh token", lambda: self._hop(rotation))

    async def close(self) -> None:
        """Let the running rotation finish, then close. Later rotations raise DatabaseUnavailable;
        closing again changes nothing."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
            self._thread.shutdown(wait=False)

    async def _hop(self, rotation: Rotation) -> LiveSession | None:
        if self._closed:
            raise sqlite3.ProgrammingError("the database was closed")
        parameters = {
            "id": rotation.session_id.hex,
            "presented": rotation.presented_digest,
            "successor": rotation.successor_digest,
            "sealed": rotation.sealed_successor,
            "client_id": rotation.client_id,
            "now": utc_to_text(rotation.now),
            "idle_ends_at": utc_to_text(rotation.idle_ends_at),
        }
        give_up_at = time.monotonic() + self._limits.busy_seconds
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._rotate, parameters, give_up_at
        )

    def _rotate(self, parameters: dict[str, Any], give_up_at: float) -> LiveSession | None:
        """Runs in the thread. One that waited its turn for too long does not begin."""
        if time.monotonic() > give_up_at:
            raise TimeoutError("earlier rotations took too long")
        connection = self._connect()
        try:
            connection.execute("BEGIN IMMEDIATE")
            changed = connection.execute(_ROTATE, parameters).rowcount
            row = connection.execute(_READ, (parameters["id"],)).fetchone() if changed else None
            connection.execute("COMMIT")
        except sqlite3.Error:
            self._disconnect()
            raise
        return None if row is None else live_session(_decoded(row))

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(sqlite_uri(self._file), uri=True, isolation_level=None)
            self._connection = connection
            for pragma in sqlite_pragmas(self._limits):
                connection.execute(pragma)
        return self._connection

    def _begin_anew(self) -> object:
        left = self._thread, self._connection
        self._thread, self._connection = _thread(), None
        return left

    def _disconnect(self) -> None:
        """Rolls back, too; the next rotation connects anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with closing(connection), suppress(sqlite3.Error):
                connection.rollback()


def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="watchword-rotation")


def _decoded(row: tuple[Any, ...]) -> dict[str, Any]:
    named = dict(zip(LIVE_COLUMNS, row, strict=True))
    return {name: _DECODED[name](value) if name in _DECODED else value for name, value in named.items()}
