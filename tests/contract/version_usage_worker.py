"""One of several processes that count calls of versions; run as a script.

It waits for a line on its input. With ``flush`` it writes after each round and prints how many
calls it counted; with ``die`` it writes once, counts on and says so, and is killed.
"""

from __future__ import annotations

import asyncio
import sys

from watchword.auth.clock import SystemClock
from watchword.auth.version_usage import VersionUsage
from watchword.protocol.principal import Anonymous
from watchword.storage import DatabaseLimits, open_database

PATIENT = DatabaseLimits(pool_seconds=20, connect_seconds=20, statement_seconds=20, busy_seconds=20)
CALLERS = 40
ROUNDS = 8


async def main(url: str, how: str) -> None:
    database = open_database(url, limits=PATIENT)
    await database.ping()
    usage = VersionUsage(database.version_usage, SystemClock())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    counted = 0
    for round_ in range(ROUNDS):
        for number in range(CALLERS):
            usage.note("v1", identity=Anonymous(), network=f"192.0.{number}.0", would_refuse=None)
        counted += CALLERS
        if how == "flush" or round_ == 0:
            assert await usage.flush()
    sys.stdout.write(f"{counted}\n")
    sys.stdout.flush()
    if how == "die":
        await asyncio.sleep(600)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
