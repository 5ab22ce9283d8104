"""The usual other design: a table with a row for each refresh token, and two statements in a transaction.

One marks the presented token as used, the other inserts its successor. It has every advantage: each client
holds a connection of its own, and nothing is minted, sealed or signed.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]

from benchmarks.session_growth.cluster import CannotMeasure, Cluster
from benchmarks.session_growth.population import DIGEST, IDLE, session_id
from watchword.storage.rows import live_columns

_TABLE: Final = """
CREATE TABLE bench_tokens (
    digest BYTEA PRIMARY KEY,
    session_id UUID NOT NULL REFERENCES ww_sessions (id) ON DELETE CASCADE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE
);
INSERT INTO bench_tokens SELECT sha256(uuid_send(id)), id, now(), idle_ends_at FROM ww_sessions;
CREATE INDEX ON bench_tokens (session_id);
CREATE INDEX ON bench_tokens (expires_at);
VACUUM ANALYZE bench_tokens;
"""
_USE: Final = f"""
UPDATE bench_tokens AS t SET used_at = $2
  FROM ww_sessions AS s, ww_users AS u, ww_identities AS i
 WHERE t.digest = $1 AND t.used_at IS NULL AND t.expires_at > $2 AND s.id = t.session_id
   AND s.revoked_at IS NULL AND s.absolute_ends_at > $2 AND u.id = s.user_id AND u.status = 'active'
   AND i.id = s.identity_id
RETURNING {live_columns("s", "u", "i")}
"""
_INSERT: Final = """
INSERT INTO bench_tokens (digest, session_id, created_at, expires_at) VALUES ($1, $2, $3, $4)
"""


class TwoStatements:
    """``connections`` has one for each client."""

    def __init__(self, connections: Sequence[Any]) -> None:
        self._connections = connections
        self._held: dict[int, bytes] = {}

    async def rotate(self, client: int, number: int) -> None:
        """Raises CannotMeasure where the token was not there."""
        connection, now = self._connections[client], datetime.now(UTC)
        digest = self._held.get(number) or await self._first(connection, number)
        successor = os.urandom(len(DIGEST))
        async with connection.transaction():
            row = await connection.fetchrow(_USE, digest, now)
            if row is None:
                raise CannotMeasure(f"the token of session {number} was not there")
            await connection.execute(_INSERT, successor, session_id(number), now, now + IDLE)
        self._held[number] = successor

    async def _first(self, connection: Any, number: int) -> bytes:
        found: bytes = await connection.fetchval("SELECT sha256(uuid_send($1))", session_id(number))
        return found


@asynccontextmanager
async def two_statements(cluster: Cluster, database: str, clients: int) -> AsyncIterator[TwoStatements]:
    """With a token for each session that is in the database."""
    cluster.sql(_TABLE, database=database)
    connections: list[Any] = []
    try:
        for _ in range(clients):
            connections.append(
                await asyncpg.connect(user="postgres", host=str(cluster.folder), database=database)
            )
        yield TwoStatements(connections)
    finally:
        for connection in connections:
            await connection.close()
