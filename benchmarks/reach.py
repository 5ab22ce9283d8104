"""How soon another replica refuses what has ended: logout, log out everywhere, revocation, disabling, a role.

    make bench ARGS=reach
    make bench ARGS="reach --times 20"
    make bench ARGS="reach --ways announced --json reach.json"
    make bench ARGS="reach --into docs/performance.md"

Two replicas as processes over a PostgreSQL of the run's own: with LISTEN, without it, and through PgBouncer
in transaction mode where that is installed. Sessions end at one replica, or as the command line ends them;
the other one is asked until it refuses. Everything stays on loopback, and the run ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from benchmarks.machine import processor_name
from benchmarks.pages import PagePart
from benchmarks.reach_of_endings.plan import ENDINGS, WAYS, Ending, Plan, Way
from benchmarks.reach_of_endings.postgres import CannotMeasure, running_pgbouncer, running_postgresql
from benchmarks.reach_of_endings.report import BEGIN, END, Asked, Run, as_json, page
from benchmarks.reach_of_endings.world import World, measured
from watchword.errors import WatchwordError
from watchword.migrations.runner import upgrade

PART: Final = PagePart(BEGIN, END)


def run(plan: Plan) -> Run:
    """Start, use, stop. Raises CannotMeasure, OSError."""
    load_before = os.getloadavg()[0]
    seconds: dict[Way, dict[Ending, list[float]]] = {}
    asked: Asked | None = None
    key = base64.b64encode(os.urandom(32)).decode("ascii")
    with running_postgresql() as folder, running_pgbouncer(folder) as pooler:
        direct = f"postgresql://postgres@/postgres?host={folder}"
        asyncio.run(upgrade(direct))
        for way in plan.ways:
            if way == "pooled" and pooler is None:
                _tell("PgBouncer is not installed, so nothing is measured through it")
                continue
            pooled = f"postgresql://postgres@127.0.0.1:{pooler}/postgres"
            world = World(way, pooled if way == "pooled" else direct, key)
            _tell(f"{way}: {plan.times} of each of {len(ENDINGS)} kinds of ending")
            seconds[way], counted = asyncio.run(measured(world, plan))
            asked = asked or counted
    if asked is None:
        raise CannotMeasure("nothing to measure")
    return Run(
        date=datetime.now(UTC).date().isoformat(),
        machine=processor_name(),
        processors=os.cpu_count() or 1,
        load_before=load_before,
        load_after=os.getloadavg()[0],
        seconds=seconds,
        asked=asked,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 whether or not the targets are met: a noisy machine is no fault of the code."""
    asked = _parser().parse_args(arguments)
    started = time.monotonic()
    try:
        done = run(Plan(times=asked.times, requests=asked.requests, ways=tuple(asked.ways)))
    except (CannotMeasure, WatchwordError, OSError) as error:
        cause = error.detail if isinstance(error, WatchwordError) else error
        print(f"nothing was measured: {cause}", file=sys.stderr)
        return 1
    PART.deliver(asked, "\n".join(page(done)), as_json(done))
    _tell(f"it took {time.monotonic() - started:.0f} s")
    return 0


def _parser() -> argparse.ArgumentParser:
    plan = Plan()
    parser = argparse.ArgumentParser(
        prog="reach", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=_count, default=plan.times, help="of each kind and way (default 200)")
    parser.add_argument(
        "--requests", type=_count, default=plan.requests, help="to count queries of (default 2000)"
    )
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="by default all")
    PART.add_options(parser)
    return parser


def _count(given: str) -> int:
    number = int(given)
    if not 1 <= number <= 100_000:
        raise argparse.ArgumentTypeError("from 1 to 100000")
    return number


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
