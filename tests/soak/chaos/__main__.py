"""The chaos run from the command line.

    python -m tests.soak.chaos --seconds 3600 --into docs/operations/chaos.md
    python -m tests.soak.chaos --seconds 360 --slot-seconds 12 --json /tmp/chaos.json --logs /tmp/chaos

Exit code 0 where it ran to its end, whatever it found; ``make soak`` asserts. It takes two cores, stays on
loopback and ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pages import PagePart
from tests.soak.chaos.report import BEGIN, END, as_json, page
from tests.soak.chaos.run import Plan, run


def main(arguments: Sequence[str] | None = None) -> int:
    part, usual = PagePart(BEGIN, END), Plan()
    parser = argparse.ArgumentParser(
        prog="chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="in all (default %(default)g)")
    parser.add_argument(
        "--slot-seconds",
        type=float,
        default=usual.slot_seconds,
        help="from fault to fault (default %(default)g)",
    )
    parser.add_argument("--people", type=int, default=usual.people, help="(default %(default)d)")
    parser.add_argument("--seed", type=int, default=usual.seed, help="(default %(default)d)")
    parser.add_argument("--only", nargs="+", default=(), metavar="FAULT", help="these instead, in this order")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="keep what the replicas logged there")
    part.add_options(parser)
    asked = parser.parse_args(arguments)
    plan = Plan(asked.seconds, asked.slot_seconds, asked.people, asked.seed, tuple(asked.only))
    try:
        done = asyncio.run(asyncio.wait_for(run(plan, logs=asked.logs), plan.seconds * 1.2 + 300))
    except (RuntimeError, TimeoutError, OSError) as error:
        sys.stderr.write(f"the run did not come to its end: {error}\n")
        return 1
    part.deliver(asked, "\n".join(page(done)), as_json(done))
    return 0


if __name__ == "__main__":
    sys.exit(main())
