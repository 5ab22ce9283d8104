"""What an authenticated request costs over a bare one: watchword and its peers, in one run.

    make bench ARGS=gate
    make bench ARGS="gate --quick"
    make bench ARGS="gate --subjects watchword,pyjwt --json gate.json"
    make bench ARGS="gate --into docs/performance.md"

Every subject is a server of its own with two routes that answer alike, one bare and one guarded. Short
blocks of requests go to both in turn, to one subject after the other, round after round; a pair of
blocks gives one difference of CPU per request and one ratio of requests per second. Prints what
docs/performance.md shows. Everything stays on loopback, and the run ends by itself.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.against_peers.client import UnexpectedAnswer
from benchmarks.against_peers.measurement import Plan, measure, other_processors
from benchmarks.against_peers.report import BEGIN, END, Conditions, Run, as_json, page
from benchmarks.against_peers.servers import CannotMeasure, running
from benchmarks.against_peers.subjects import SUBJECTS
from benchmarks.machine import processor_name
from benchmarks.pages import PagePart

PART: Final = PagePart(BEGIN, END)
FULL = Plan()
QUICK = Plan(tokens=200, rounds=3, block_seconds=0.08, load_block_seconds=0.15, warm_up_seconds=0.1)


def run(names: Sequence[str], plan: Plan, http_parser: str) -> Run:
    """Start, measure, stop. Raises CannotMeasure, UnexpectedAnswer, OSError."""
    conditions = Conditions(
        date=datetime.now(UTC).date().isoformat(),
        machine=processor_name(),
        processors=os.cpu_count() or 1,
        load_average=os.getloadavg()[0],
        http_parser=http_parser,
    )
    with tempfile.TemporaryDirectory() as folder, other_processors() as keep_to_the_first:
        _tell(f"starting {', '.join(names)}")
        chosen = [SUBJECTS[name] for name in names]
        with running(chosen, Path(folder), credentials=plan.tokens + 1, http_parser=http_parser) as servers:
            keep_to_the_first()
            found = measure(servers, plan, _tell)
            versions = {server.subject.name: server.versions for server in servers}
    return Run(conditions, plan, versions, found)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 whether or not the targets are met: a noisy machine is no fault of the code."""
    asked = _parser().parse_args(arguments)
    plan = QUICK if asked.quick else FULL
    plan = replace(plan, tokens=asked.tokens or plan.tokens, rounds=asked.rounds or plan.rounds)
    try:
        done = run(asked.subjects, plan, asked.http)
    except (CannotMeasure, UnexpectedAnswer, OSError) as error:
        print(f"nothing was measured: {error}", file=sys.stderr)
        return 1
    PART.deliver(asked, "\n".join(page(done)), as_json(done))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="half a minute: shows that everything works")
    parser.add_argument("--subjects", type=_subjects, default=list(SUBJECTS), help=", ".join(SUBJECTS))
    parser.add_argument("--tokens", type=_positive, help=f"distinct ones (default {FULL.tokens})")
    parser.add_argument(
        "--rounds", type=_positive, help=f"pairs of blocks in a phase (default {FULL.rounds})"
    )
    parser.add_argument(
        "--http",
        choices=["h11", "httptools"],
        default="h11",
        help="uvicorn's parser; httptools goes with uvloop, h11 with asyncio (default: h11)",
    )
    PART.add_options(parser)
    return parser


def _subjects(given: str) -> list[str]:
    names = given.split(",")
    unknown = sorted(set(names) - set(SUBJECTS))
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    return list(dict.fromkeys(names))


def _positive(given: str) -> int:
    number = int(given)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
