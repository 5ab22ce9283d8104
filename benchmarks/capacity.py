"""How far one process goes, and what many need: computed from what docs/performance.md shows as measured.

    make bench ARGS=capacity                                   # prints
    make bench ARGS="capacity --into docs/operations/scale.md" # after every measurement

Measures nothing. A test holds docs/operations/scale.md against what this computes.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.pages import put_between
from watchword.config.auth import Settings
from watchword.storage.engines import DatabaseLimits

PERFORMANCE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN: Final = "<!-- computed by benchmarks/capacity.py: begin -->"
END: Final = "<!-- computed by benchmarks/capacity.py: end -->"

BUSY_SHARE: Final = 0.5
"""Of what was measured, that a process is planned to do: the rest is for peaks, and for others that die."""
PEOPLE: Final = 10_000
"""The starting point: so many signed in at once."""
SECONDS_BETWEEN_REQUESTS: Final = 30
"""Of each of them."""
SIGN_IN_SECONDS: Final = 8 * 3600
"""All sign in once a day, evenly over these."""
TIMES: Final = (1, 10, 100, 1000)
LISTENING: Final = 1
"""Connections of a process beside its pool."""

_NUMBER: Final = r"([0-9][0-9,]*(?:\.[0-9]+)?)"
_FIGURES: Final = {
    "refreshes": re.compile(rf"^\| whole refresh \| {_NUMBER}", re.MULTILINE),
    "rotations_by_program": re.compile(rf"^\| `pgbench`, the same statement \| {_NUMBER}", re.MULTILINE),
    "sign_in_ms": re.compile(rf"^CPU of a sign-in's callback in ms: {_NUMBER}", re.MULTILINE),
    "session_bytes": re.compile(rf"^Bytes on disk [^:]*: session {_NUMBER}, ", re.MULTILINE),
    "account_bytes": re.compile(
        rf"^Bytes on disk [^:]*: session [0-9,]+, session and account {_NUMBER}", re.MULTILINE
    ),
    "gate_requests": re.compile(rf"^\| watchword \|(?:[^|\n]*\|){{6}} {_NUMBER} \|", re.MULTILINE),
    "refreshes_sqlite": re.compile(rf"^Whole refreshes a second on SQLite: {_NUMBER}", re.MULTILINE),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A second, by one process: refreshes on PostgreSQL and on SQLite, guarded requests, the statement of
    the rotation by ``pgbench``. CPU of a sign-in's callback; bytes on disk of a session, alone and with its
    account."""

    refreshes: float
    rotations_by_program: float
    sign_in_ms: float
    session_bytes: float
    account_bytes: float
    gate_requests: float
    refreshes_sqlite: float

    @property
    def sign_ins(self) -> float:
        """A second, by one process that does nothing else."""
        return 1000 / self.sign_in_ms


def measured(text: str) -> Measured:
    """What the page says. Raises ValueError where a figure is missing."""
    found = {}
    for name, pattern in _FIGURES.items():
        figure = pattern.search(text)
        if figure is None:
            raise ValueError(f"the page does not say {name}")
        found[name] = float(figure[1].replace(",", ""))
    return Measured(**found)


@dataclass(frozen=True, slots=True)
class Need:
    """What so many people ask for, a second, and what answers them."""

    people: int
    refreshes: float
    sign_ins: float
    requests: float
    processes: int
    connections: int
    gigabytes: float
    commits_share: float


def need(times: int, from_: Measured) -> Need:
    """At the starting point times so many, with the defaults of the code."""
    people = PEOPLE * times
    refreshes = people / _default("access_token_seconds")
    sign_ins, requests = people / SIGN_IN_SECONDS, people / SECONDS_BETWEEN_REQUESTS
    work = (
        refreshes / from_.refreshes + sign_ins / from_.sign_ins + requests / from_.gate_requests
    ) / BUSY_SHARE
    processes = math.ceil(work)
    return Need(
        people=people,
        refreshes=refreshes,
        sign_ins=sign_ins,
        requests=requests,
        processes=processes,
        connections=processes * connections_each(),
        gigabytes=people * from_.account_bytes / 1e9,
        commits_share=refreshes / from_.rotations_by_program,
    )


def connections_each() -> int:
    """Of one process to PostgreSQL, at most."""
    limits = DatabaseLimits()
    return limits.pool_size + limits.pool_overflow + LISTENING


def _default(name: str) -> int:
    seconds: int = Settings.model_fields[name].default
    return seconds


def page(from_: Measured) -> Iterator[str]:
    """Lines of Markdown: one process, then the needs of more and more people."""
    seconds = _default("access_token_seconds")
    planned = from_.refreshes * BUSY_SHARE
    yield f"| one process, at {BUSY_SHARE:.0%} of what was measured | |"
    yield "|---|---:|"
    yield f"| refreshes a second on PostgreSQL | {planned:,.0f} |"
    people = f"people signed in, with access tokens of {seconds // 60} minutes"
    yield f"| {people} | {planned * seconds:,.0f} |"
    yield f"| refreshes a second on SQLite | {from_.refreshes_sqlite * BUSY_SHARE:,.0f} |"
    yield f"| the same people on SQLite | {from_.refreshes_sqlite * BUSY_SHARE * seconds:,.0f} |"
    yield f"| sign-ins a second | {from_.sign_ins * BUSY_SHARE:,.0f} |"
    yield f"| requests a second through the gate | {from_.gate_requests * BUSY_SHARE:,.0f} |"
    yield f"| sessions in 10 GB of PostgreSQL, with an account each | {10e9 / from_.account_bytes:,.0f} |"
    yield f"| further sessions of the same accounts in 10 GB | {10e9 / from_.session_bytes:,.0f} |"
    yield ""
    needs = [need(times, from_) for times in TIMES]
    yield f"| | {' | '.join(f'{times:,} ×' for times in TIMES)} |"
    yield f"|---|{'---:|' * len(TIMES)}"
    for name, cells in _rows(needs):
        yield f"| {name} | {' | '.join(cells)} |"


def _rows(needs: Sequence[Need]) -> Iterator[tuple[str, list[str]]]:
    yield "people signed in at once", [f"{each.people:,}" for each in needs]
    yield "requests a second", [f"{each.requests:,.0f}" for each in needs]
    yield "refreshes a second", [f"{each.refreshes:,.0f}" for each in needs]
    yield "sign-ins a second", [f"{each.sign_ins:,.1f}" for each in needs]
    yield f"processes at {BUSY_SHARE:.0%}", [f"{each.processes:,}" for each in needs]
    yield "connections to PostgreSQL, at most", [f"{each.connections:,}" for each in needs]
    yield "GB of sessions and accounts", [f"{each.gigabytes:,.2f}" for each in needs]
    yield (
        "refreshes, of what `pgbench` made of the measured server",
        [f"{each.commits_share:.1%}" for each in needs],
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints, and renews a page where asked."""
    parser = argparse.ArgumentParser(
        prog="capacity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--into", type=Path, metavar="FILE", help="renew the part of that page made by this")
    asked = parser.parse_args(arguments)
    try:
        found = "\n".join(page(measured(PERFORMANCE.read_text(encoding="utf-8"))))
        print(found)
        if asked.into is not None:
            text = asked.into.read_text(encoding="utf-8")
            asked.into.write_text(put_between(text, found, begin=BEGIN, end=END), encoding="utf-8")
    except (OSError, ValueError) as error:
        print(f"nothing was computed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
