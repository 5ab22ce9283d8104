"""What signed-in people notice of a provider that goes down: nothing, measured on a running service.

    make bench ARGS=outage
    make bench ARGS="outage --before 60 --outage 180 --after 60 --workers 2"
    make bench ARGS="outage --fault fail --database postgresql://…"
    make bench ARGS="outage --into docs/performance.md"

Three processes: ``watchword demo`` as anybody starts it, the development provider, and people who call the
API, refresh and sign in at fixed rates through a good time, an outage, and a good time. Their sessions
are due to be checked at the provider all the while. Prints what docs/performance.md shows. Everything
stays on loopback, and the run ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks.machine import processor_name
from benchmarks.pages import PagePart
from benchmarks.through_outage.plan import PHASES, Phase, Plan
from benchmarks.through_outage.processes import CannotMeasure, Provider, running_provider, running_service
from benchmarks.through_outage.provider import FAULTS
from benchmarks.through_outage.report import BEGIN, END, Conditions, Run, as_json, page
from benchmarks.through_outage.traffic import Crowd, Record

PART: Final = PagePart(BEGIN, END)
_SLACK_SECONDS = 120.0
_ORDERS: dict[Phase, str] = {"before": "heal", "after": "heal"}

Counted = dict[Phase, dict[str, int]]


def run(plan: Plan, *, log: Path | None = None) -> Run:
    """Start, use, stop; ``log`` gets what the service logged. Raises CannotMeasure, OSError."""
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name, running_provider() as provider:
        folder = Path(name)
        _tell("starting the service")
        try:
            with running_service(folder, plan, provider) as base_url:
                record, calls = asyncio.run(_use(base_url, plan, provider))
        except (CannotMeasure, RuntimeError, TimeoutError):
            print((folder / "service.log").read_text(encoding="utf-8")[-4000:], file=sys.stderr)
            raise
        if log is not None:
            shutil.copyfile(folder / "service.log", log)
    conditions = Conditions(
        date=datetime.now(UTC).date().isoformat(),
        machine=processor_name(),
        processors=os.cpu_count() or 1,
        load_before=load_before,
        load_after=os.getloadavg()[0],
        database=urlsplit(plan.database_url or "sqlite").scheme.partition("+")[0] or "sqlite",
    )
    return Run(conditions, plan, record, calls)


async def _use(base_url: str, plan: Plan, provider: Provider) -> tuple[Record, Counted]:
    crowd = Crowd(base_url, provider.people)
    counts: list[dict[str, int]] = []

    async def enter(phase: Phase) -> None:
        _tell(f"{phase}: {plan.seconds(phase):g} s")
        counts.append(dict(await asyncio.to_thread(provider.order, _ORDERS.get(phase, plan.fault))))

    try:
        async with asyncio.timeout(plan.total_seconds + _SLACK_SECONDS):
            await crowd.gather(plan.people)
            record = await crowd.go(plan, enter)
    finally:
        await crowd.close()
    counts.append(dict(provider.order("calls")))
    calls: Counted = {
        phase: {each: later[each] - earlier[each] for each in later}
        for phase, (earlier, later) in zip(PHASES, pairwise(counts), strict=True)
    }
    return record, calls


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 whether or not the targets are met: a noisy machine is no fault of the code."""
    asked = _parser().parse_args(arguments)
    plan = Plan(**{each.name: getattr(asked, each.name) for each in fields(Plan)})
    try:
        done = run(plan, log=asked.log)
    except (CannotMeasure, RuntimeError, TimeoutError, OSError) as error:
        print(f"nothing was measured: {error}", file=sys.stderr)
        return 1
    PART.deliver(asked, "\n".join(page(done)), as_json(done))
    return 0


def _parser() -> argparse.ArgumentParser:
    plan = Plan()
    parser = argparse.ArgumentParser(
        prog="outage", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, phase in (("before", "good"), ("outage", "the provider is down"), ("after", "good")):
        default = plan.seconds(name)  # type: ignore[arg-type]
        parser.add_argument(
            f"--{name}",
            dest=f"{name}_seconds",
            type=_positive,
            default=default,
            help=f"seconds: {phase} (default {default:g})",
        )
    for name in ("api", "refreshes", "sign_ins"):
        rate = f"{name}_per_second"
        default = getattr(plan, rate)
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            dest=rate,
            type=_positive,
            default=default,
            help=f"a second (default {default:g})",
        )
    for name, what in (
        ("people", "with a session each"),
        ("workers", "of the service"),
        ("recheck_seconds", "between two questions about a session"),
        ("grace_seconds", "that a session goes on without an answer"),
    ):
        default = getattr(plan, name)
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=int, default=default, help=f"{what} (default {default})"
        )
    parser.add_argument(
        "--fault", choices=sorted(FAULTS), default=plan.fault, help="of the provider's back end"
    )
    parser.add_argument("--database", dest="database_url", metavar="URL", help="instead of a new SQLite file")
    parser.add_argument("--log", type=Path, metavar="FILE", help="keep what the service logged there")
    PART.add_options(parser)
    return parser


def _positive(given: str) -> float:
    number = float(given)
    if not 0 < number <= 3600:
        raise argparse.ArgumentTypeError("above 0, at most 3600")
    return number


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
