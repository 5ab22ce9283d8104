"""SES-13, looked up in the database while the people go on: what must be true of the rows at any moment."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.soak.chaos.model import Circumstances, Session
from tests.soak.chaos.person import Person

ROWS: Final = text(
    "SELECT id, refresh_digest, previous_digest, generation, extract(epoch FROM revoked_at) AS ended"
    " FROM ww_sessions"
)
ROUNDING_SECONDS: Final = 1.0


class Row(NamedTuple):
    """A session as it is stored; ``ended`` in seconds since 1970."""

    current: bytes
    previous: bytes | None
    generation: int
    ended: float | None


class Minted(NamedTuple):
    """Of a session: the newest ``iat`` of an access token, in seconds since 1970, and when the first one was
    seen, in those of the people."""

    issued_at: float
    first_seen: float


class Held(NamedTuple):
    """What somebody at rest holds: who, in which session, its newest token, how many there were."""

    who: str
    session: Session
    token: str
    generation: int

    def still(self, person: Person) -> bool:
        same = person.session is self.session and not person.busy
        return same and len(self.session.tokens) == self.generation and self.session.ended_from is None


@dataclass(frozen=True, slots=True)
class Found:
    """How many sessions were compared, and what was not as it must be."""

    sessions: int
    broken: list[str]


async def check(
    url: str, people: Iterable[Person], minted: Mapping[str, Minted], what: Circumstances
) -> Found:
    """``minted`` has the newest token of each session. Whoever does something meanwhile is left out.
    Raises SQLAlchemyError, OSError."""
    crowd = {each.username: each for each in people}
    resting = [
        Held(each.username, each.session, each.session.tokens[-1], len(each.session.tokens))
        for each in crowd.values()
        if each.session is not None and not each.busy and each.session.unsure_since is None
    ]
    rows = await _rows(url)
    still = [each for each in resting if each.still(crowd[each.who])]
    broken = [*_two_leaves(rows), *_unknown(rows, still), *_minted_late(rows, minted, what)]
    return Found(len(rows), broken)


async def _rows(url: str) -> dict[str, Row]:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return {
                str(UUID(str(row.id))): Row(
                    bytes(row.refresh_digest),
                    None if row.previous_digest is None else bytes(row.previous_digest),
                    row.generation,
                    None if row.ended is None else float(row.ended),
                )
                for row in await connection.execute(ROWS)
            }
    finally:
        await engine.dispose()


def _two_leaves(rows: Mapping[str, Row]) -> Iterable[str]:
    """(a) A token is the live one of one session at most, and of none that has another."""
    owners: dict[bytes, str] = {}
    for session, row in rows.items():
        for digest in {row.current, row.previous} - {None}:
            if owners.setdefault(digest or b"", session) != session:
                yield f"(a) one token belongs to the sessions {session} and {owners[digest or b'']}"
        if row.current == row.previous:
            yield f"(a) session {session} is its own predecessor"


def _unknown(rows: Mapping[str, Row], held: Iterable[Held]) -> Iterable[str]:
    """(d) What was given last is what the row has, in its generation, of a session that lives."""
    for each in held:
        row = rows.get(each.session.name)
        if row is None:
            yield f"(d) session {each.session.name} of {each.who} is not there"
        elif row.current != hashlib.sha256(each.token.encode()).digest():
            yield f"(d) session {each.session.name}: the token given last is not the stored one"
        elif row.ended is not None:
            yield f"(d) session {each.session.name} of {each.who} has ended by nobody's doing"


def _minted_late(rows: Mapping[str, Row], minted: Mapping[str, Minted], what: Circumstances) -> Iterable[str]:
    """(c) No access token is younger than the end of its session. Both moments are by the service's clock,
    so where that was wrong since the session began, they are compared as much more leniently."""
    now = time.monotonic()
    for session, (issued_at, first_seen) in minted.items():
        row = rows.get(session)
        if row is not None and row.ended is not None and issued_at > row.ended + ROUNDING_SECONDS:
            late = issued_at - row.ended
            if late > ROUNDING_SECONDS + what.ahead(first_seen, now) + what.behind(first_seen, now):
                yield f"(c) session {session} ended {late:.1f} s before a token of it was made"
