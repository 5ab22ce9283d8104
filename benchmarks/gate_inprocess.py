"""What the gate adds to one request, in microseconds of CPU, without a server or a network.

    .venv/bin/python -m benchmarks.gate_inprocess [--json] [--rounds N]

Two ASGI apps are called directly, in turn: one with a bare route, and one with the same route under
``@require_auth`` in which watchword is installed as a service installs it (its own routes included).
Each round calls both as often, the order alternates, and a round's figure is the difference, per
request, of the CPU time this thread used; *added* is the median of the rounds, with its quartiles.
Neighbours that share caches and processors make both slower: *quiet* is the difference between the
fastest tenth of the rounds of one app and the fastest tenth of the other.

*warm*: the tokens were seen before. *cold*: every token is new, so that it is verified.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import cycle, islice, product
from typing import Any

from benchmarks.in_process_apps import APPS, Case, gated_app, receive, request
from watchword.migrations.runner import upgrade

REQUESTS_PER_ROUND = 50
WARM_UP_ROUNDS = 5
MANY_TOKENS = 10_000


@dataclass(frozen=True, slots=True)
class Figure:
    """Microseconds of CPU per request: the bare route, and what the gate adds to it."""

    case: Case
    bare: float
    added: float
    lower_quartile: float
    upper_quartile: float
    quiet_bare: float
    quiet_added: float
    rounds: int


CASES = [
    Case(framework, principal, tokens, cache)
    for framework, principal, (tokens, cache) in product(
        ("starlette", "fastapi"), (False, True), ((1, "warm"), (MANY_TOKENS, "warm"), (MANY_TOKENS, "cold"))
    )
]


# --- the measurement ----------------------------------------------------------------------------


async def measure(case: Case, database_url: str, *, rounds: int) -> Figure:
    bare = APPS[case.framework](protected=False, principal=False)
    async with gated_app(case, database_url) as gated:
        warm = cycle(gated.known(case.tokens)) if case.cache == "warm" else None
        if warm is not None:
            await _timed(gated.app, gated.known(case.tokens))
        bare_rounds, gated_rounds = [], []
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        for number in range(rounds + WARM_UP_ROUNDS):
            tokens = (
                gated.fresh(REQUESTS_PER_ROUND) if warm is None else list(islice(warm, REQUESTS_PER_ROUND))
            )
            first, second = await _pair(bare, gated.app, tokens, swapped=number % 2 == 1)
            if number >= WARM_UP_ROUNDS:
                bare_rounds.append(first)
                gated_rounds.append(second)
            await asyncio.sleep(0.001)
    return _figure(case, bare_rounds, gated_rounds)


def _figure(case: Case, bare: Sequence[float], gated: Sequence[float]) -> Figure:
    lower, middle, upper = statistics.quantiles(map(float.__sub__, gated, bare), n=4)
    quiet_bare, quiet_gated = (statistics.quantiles(each, n=10)[0] for each in (bare, gated))
    return Figure(
        case=case,
        bare=statistics.median(bare),
        added=middle,
        lower_quartile=lower,
        upper_quartile=upper,
        quiet_bare=quiet_bare,
        quiet_added=quiet_gated - quiet_bare,
        rounds=len(bare),
    )


async def _pair(bare: Any, gated: Any, tokens: Sequence[str], *, swapped: bool) -> tuple[float, float]:
    if not swapped:
        first = await _timed(bare, tokens)
        return first, await _timed(gated, tokens)
    second = await _timed(gated, tokens)
    return await _timed(bare, tokens), second


async def _timed(app: Any, tokens: Sequence[str]) -> float:
    """Microseconds of CPU per request. Raises SystemExit unless every answer is a 200."""
    scopes = [request(token) for token in tokens]
    statuses: set[int] = set()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.add(message["status"])

    gc.disable()
    started = time.thread_time_ns()
    for scope in scopes:
        await app(scope, receive, send)
    used = time.thread_time_ns() - started
    gc.enable()
    if statuses != {200}:
        raise SystemExit(f"expected nothing but 200, got {sorted(statuses)}")
    return used / len(scopes) / 1000


# --- the report ---------------------------------------------------------------------------------


async def figures(rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        database_url = f"sqlite+aiosqlite:///{folder}/benchmark.db"
        await upgrade(database_url)
        return [await measure(case, database_url, rounds=rounds) for case in CASES]


def table(found: Sequence[Figure]) -> Iterator[str]:
    yield "microseconds of CPU per request"
    yield f"{'':43}{'quiet':>15} {'median':>15}"
    yield (
        f"{'framework':10} {'endpoint':17} {'tokens':>7} {'cache':5} {'bare':>7} {'added':>7} "
        f"{'bare':>7} {'added':>7}   quartiles of added"
    )
    for each in found:
        case = each.case
        endpoint = "CurrentPrincipal" if case.principal else "@require_auth"
        yield (
            f"{case.framework:10} {endpoint:17} {case.tokens:>7,} {case.cache:5} "
            f"{each.quiet_bare:7.1f} {each.quiet_added:7.1f} {each.bare:7.1f} {each.added:7.1f}   "
            f"{each.lower_quartile:.1f} to {each.upper_quartile:.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--rounds", type=int, default=200, help="pairs of runs for each line (default 200)")
    asked = parser.parse_args()
    if asked.rounds < 2:
        parser.error("--rounds must be at least 2")
    logging.disable(logging.WARNING)
    found = asyncio.run(figures(asked.rounds))
    if asked.json:
        report = {
            "python": platform.python_version(),
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "unit": "microseconds of CPU per request",
            "figures": [asdict(each) for each in found],
        }
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(table(found)) + "\n")


if __name__ == "__main__":
    main()
