"""What a run found: a part of ``docs/performance.md``, and everything as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.reach_of_endings.plan import (
    ENDINGS,
    ENDINGS_IN_WORDS,
    MAX_ANNOUNCED_P99_SECONDS,
    MAX_OTHER_SECONDS,
    MAX_STATEMENTS_A_REQUEST,
    WAYS_IN_WORDS,
    Ending,
    Way,
)

BEGIN: Final = "<!-- written by benchmarks/reach.py: begin -->"
END: Final = "<!-- written by benchmarks/reach.py: end -->"


@dataclass(frozen=True, slots=True)
class Asked:
    """``taken`` are the seconds of requests that were let in, one after the other; the statements that the
    database ran meanwhile, and how many of them read the feed."""

    taken: Sequence[float]
    statements: int
    readings: int

    @property
    def requests(self) -> int:
        return len(self.taken)


@dataclass(frozen=True, slots=True)
class Run:
    """``seconds`` are the samples; load averages are of the minute before the start and the end."""

    date: str
    machine: str
    processors: int
    load_before: float
    load_after: float
    seconds: Mapping[Way, Mapping[Ending, Sequence[float]]]
    asked: Asked

    def all_of(self, way: Way) -> list[float]:
        return [each for samples in self.seconds[way].values() for each in samples]


def page(run: Run) -> Iterator[str]:
    """Markdown, one line an item."""
    noise = ", which is too much: the machine was not quiet" if run.load_before > 0.3 * run.processors else ""
    yield (
        f"Measured {run.date} on {run.machine}, {run.processors} processors, load average "
        f"{run.load_before:.2f} before and {run.load_after:.2f} after{noise}; two replicas, PostgreSQL on "
        "the same machine. Milliseconds from the answer to what ended a session to the first refusal by the "
        "other replica."
    )
    yield ""
    yield "| | ending | times | median | quartiles | p99 | longest |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for way, kinds in run.seconds.items():
        for ending in ENDINGS:
            yield _row(WAYS_IN_WORDS[way], ENDINGS_IN_WORDS[ending], kinds[ending])
        yield _row(WAYS_IN_WORDS[way], "all", run.all_of(way))
    yield ""
    asked = run.asked
    yield (
        f"While {asked.requests:,} requests were let in, one after the other, the database ran "
        f"{asked.statements} statements, {asked.readings} of which were the replicas' readings of the feed. "
        f"Such a request took {percentile(asked.taken, 0.5):.1f} ms, {percentile(asked.taken, 0.99):.1f} at "
        "p99; every figure above contains one."
    )
    yield ""
    yield from _verdicts(run)


def _row(way: str, ending: str, samples: Sequence[float]) -> str:
    first, median, third, p99 = (percentile(samples, share) for share in (0.25, 0.5, 0.75, 0.99))
    figures = (f"{median:,.1f}", f"{first:,.1f}–{third:,.1f}", f"{p99:,.1f}", f"{max(samples) * 1000:,.1f}")
    return f"| {way} | {ending} | {len(samples)} | {' | '.join(figures)} |"


def _verdicts(run: Run) -> Iterator[str]:
    for way in run.seconds:
        samples = run.all_of(way)
        if way == "announced":
            found, most = percentile(samples, 0.99) / 1000, MAX_ANNOUNCED_P99_SECONDS
            what = f"p99 {WAYS_IN_WORDS[way]} at most {most * 1000:.0f} ms: {found * 1000:.0f} ms"
        else:
            found, most = max(samples), MAX_OTHER_SECONDS
            what = f"the longest {WAYS_IN_WORDS[way]} at most {most:g} s: {found:.1f} s"
        yield f"- {'PASS' if found <= most else 'MISS'}: {what}"
    others = (run.asked.statements - run.asked.readings) / run.asked.requests
    verdict = "PASS" if others < MAX_STATEMENTS_A_REQUEST else "MISS"
    yield f"- {verdict}: no query for a request: {others:.3f}"


def percentile(samples: Sequence[float], share: float) -> float:
    """Milliseconds: the smallest sample that ``share`` of all are not above."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000


def as_json(run: Run) -> dict[str, Any]:
    return {
        "date": run.date,
        "machine": run.machine,
        "load": [run.load_before, run.load_after],
        "seconds": {way: {**kinds} for way, kinds in run.seconds.items()},
        "requests": [*run.asked.taken],
        "statements": run.asked.statements,
        "readings": run.asked.readings,
    }
