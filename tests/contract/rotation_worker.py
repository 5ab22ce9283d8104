"""One of several processes that rotate the same tokens at the same time; run as a script.

It waits for a line on its input, then tries each generation in turn and prints those it won. All
processes mint the same successors, so that whoever loses one generation can try the next.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

from watchword.auth.ports import Rotation
from watchword.storage import DatabaseLimits, open_database

PATIENT = DatabaseLimits(pool_seconds=20, connect_seconds=20, statement_seconds=20, busy_seconds=20)


def digest(number: int) -> bytes:
    return hashlib.sha256(b"token %d" % number).digest()


async def main(url: str, session: UUID, now: datetime, rounds: int, name: str) -> None:
    database = open_database(url, limits=PATIENT)
    await database.ping()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    won: list[int] = []
    for generation in range(1, rounds + 1):
        rotation = Rotation(
            session_id=session,
            client_id=None,
            presented_digest=digest(generation),
            successor_digest=digest(generation + 1),
            sealed_successor=f"{name} {generation}".encode(),
            now=now,
            idle_ends_at=now + timedelta(hours=1),
        )
        if await database.sessions.rotate(rotation) is not None:
            won.append(generation)
    facts = await database.sessions.facts(session)
    assert facts is not None
    assert facts.generation == rounds + 1
    await database.close()
    sys.stdout.write(json.dumps(won) + "\n")


if __name__ == "__main__":
    given_url, given_session, given_now, given_rounds, given_name = sys.argv[1:]
    moment = datetime.fromisoformat(given_now).astimezone(UTC)
    asyncio.run(main(given_url, UUID(given_session), moment, int(given_rounds), given_name))
