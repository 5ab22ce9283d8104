"""One of several processes that upgrade the same database at the same time; run as a script."""

from __future__ import annotations

import asyncio
import sys

from watchword.migrations.runner import upgrade

if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    done = asyncio.run(upgrade(sys.argv[1]))
    sys.stdout.write(f"{done.current} {done.up_to_date}\n")
