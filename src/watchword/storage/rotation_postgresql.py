"""The rotation on PostgreSQL: one statement, one round trip, its own commit.

It goes to the driver directly, over a connection that is held while rotations follow one another; one that
broke on the way, or leads to a server that takes no writes, is replaced by the pool.
Under READ COMMITTED an UPDATE that waited for its row looks at the new row but at the other tables
as they were when it began: a change of the account therefore bumps the version on the session row
too, and the rotation requires both to be equal.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from watchword.auth.ports import LiveSession, Rotation
from watchword.models.faults import is_read_only
from watchword.storage.held_connections import HeldConnections
from watchword.storage.rows import live_columns, live_session
from watchword.storage.transactions import retrying

ROTATE = f"""
UPDATE ww_sessions AS s
   SET refresh_digest = $4, previous_digest = s.refresh_digest, sealed_successor = $5,
       generation = s.generation + 1, rotated_at = $6, last_seen_at = $6,
       idle_ends_at = least($7, s.absolute_ends_at)
  FROM ww_users AS u, ww_identities AS i
 WHERE s.id = $1 AND s.refresh_digest = $2 AND ($3::text IS NULL OR s.client_id = $3)
   AND s.revoked_at IS NULL AND s.idle_ends_at > $6 AND s.absolute_ends_at > $6
   AND (s.recheck_due_at IS NULL OR s.recheck_due_at > $6)
   AND u.id = s.user_id AND u.status = 'active' AND u.version = s.user_version
   AND i.id = s.identity_id
RETURNING {live_columns("s", "u", "i", sets_as_text=True)}
"""  # noqa: S608

_GOES_AWAY: Final = "57P"
"""Begins the codes of a server that ends a connection (57P01, admin_shutdown)."""


class PostgresqlRotation:
    """Rotates on connections of the engine's pool; ``most_held`` of them stay with it while rotations follow
    one another."""

    def __init__(self, engine: AsyncEngine, *, most_held: int) -> None:
        self._connections = HeldConnections(engine, most=most_held)

    async def rotate(self, rotation: Rotation) -> LiveSession | None:
        return await retrying("rotate a refresh token", lambda: self._once(rotation))

    async def close(self) -> None:
        """What is held goes back to the pool."""
        await self._connections.close()

    async def _once(self, rotation: Rotation) -> LiveSession | None:
        held = await self._connections.take()
        try:
            row = await held.driver.fetchrow(
                ROTATE,
                rotation.session_id,
                rotation.presented_digest,
                rotation.client_id,
                rotation.successor_digest,
                rotation.sealed_successor,
                rotation.now,
                rotation.idle_ends_at,
            )
        except BaseException as fault:
            await self._connections.give_up(held, broken=not _is_refusal(fault))
            raise
        await self._connections.give_back(held)
        return None if row is None else live_session(row)


def _is_refusal(fault: BaseException) -> bool:
    """Whether a server that goes on, and takes writes, said no: whatever else it was, that connection may be
    in the middle of something."""
    code = str(getattr(fault, "sqlstate", None) or _GOES_AWAY)
    return not code.startswith(_GOES_AWAY) and not is_read_only(fault)
