"""What a run found: a page for ``docs/performance.md``, and everything as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from benchmarks.through_outage.plan import (
    MAX_P99_RATIO,
    MAX_RECOVERY_SECONDS,
    PHASES,
    Kind,
    Phase,
    Plan,
)
from benchmarks.through_outage.traffic import Record, Sample

BEGIN: Final = "<!-- written by benchmarks/outage.py: begin -->"
END: Final = "<!-- written by benchmarks/outage.py: end -->"
_NAMES: Final[Mapping[Kind, str]] = {"api": "API calls", "refresh": "refreshes", "sign_in": "sign-ins"}
_NOT_QUIET: Final = ", which is too much: the machine was not quiet"
_IN_WORDS: Final[Mapping[str, str]] = {
    "hang": "its endpoints take requests and never answer",
    "fail": "its endpoints answer 503",
    "drop": "its endpoints close the connection",
    "drip": "its endpoints answer a byte a second",
    "reset": "its endpoints break off their answers",
    "throttle": "its endpoints answer 429",
    "portal": "a page of somebody's network answers",
    "slow": "its endpoints answer after 2.5 s",
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where and when: ``machine`` in words, load averages of the minute before the start and the end."""

    date: str
    machine: str
    processors: int
    load_before: float
    load_after: float
    database: str


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a run found. ``calls`` are those the service made to each endpoint in each phase."""

    conditions: Conditions
    plan: Plan
    record: Record
    calls: Mapping[Phase, Mapping[str, int]]

    def samples(self, kind: Kind, phase: Phase) -> list[Sample]:
        return [each for each in self.record.samples if (each.kind, each.phase) == (kind, phase)]

    def bad(self, kind: Kind) -> list[Sample]:
        """Those that did not come to what they should, in all phases."""
        return [each for phase in PHASES for each in self.samples(kind, phase) if not each.good]

    def p99(self, kind: Kind, phase: Phase) -> float | None:
        """Seconds; None where nothing was asked."""
        return percentile([each.seconds for each in self.samples(kind, phase)], 0.99)

    def p99_ratio(self) -> float | None:
        """That of API calls in the outage over that of the good minute before."""
        before, outage = self.p99("api", "before"), self.p99("api", "outage")
        return outage / before if before and outage else None

    def recovery_seconds(self) -> float | None:
        """From the healing to the end of the first sign-in that succeeded and was followed by none that
        failed; None where there is none."""
        since: float | None = None
        for each in sorted(self.samples("sign_in", "after"), key=lambda each: each.at):
            if not each.good:
                since = None
            elif since is None:
                since = each.at + each.seconds - self.record.healed_at
        return since


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that is not exceeded by ``share`` of them (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def page(run: Run) -> Iterator[str]:
    """Lines of Markdown: conditions, table, targets."""
    where, plan = run.conditions, run.plan
    busy = max(where.load_before, where.load_after) > where.processors
    load = f"{where.load_before:.2f} before and {where.load_after:.2f} after{_NOT_QUIET if busy else ''}"
    yield (
        f"Measured {where.date} on {where.machine}, {where.processors} processors, load average {load}; "
        f"`watchword demo` with {plan.workers} worker{'s' if plan.workers > 1 else ''} on {where.database}. "
        f"{plan.before_seconds:g} s good, {plan.outage_seconds:g} s of outage ({_IN_WORDS[plan.fault]}), "
        f"{plan.after_seconds:g} s good. Each second {plan.api_per_second:g} API calls, "
        f"{plan.refreshes_per_second:g} refreshes, {plan.sign_ins_per_second:g} sign-ins; "
        f"{plan.people} people whose provider is asked again every {plan.recheck_seconds} s, with a grace "
        f"of {plan.grace_seconds} s."
    )
    yield ""
    yield "| | before | outage | after |"
    yield "|---|---:|---:|---:|"
    for name, cells in _rows(run):
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    yield from targets(run)


def _rows(run: Run) -> Iterator[tuple[str, list[str]]]:
    for kind, name in _NAMES.items():
        yield name, [str(len(run.samples(kind, phase))) for phase in PHASES]
        yield f"{name} not answered as they should", [_bad(run.samples(kind, phase)) for phase in PHASES]
        for share in (0.5, 0.99):
            found = [
                percentile([each.seconds for each in run.samples(kind, phase)], share) for phase in PHASES
            ]
            yield f"{name}, p{share * 100:.0f} in ms", [_milliseconds(each) for each in found]
    late = [[seconds for each, seconds in run.record.late if each == phase] for phase in PHASES]
    yield (
        "started late by the people themselves, p99 in ms",
        [_milliseconds(percentile(each, 0.99)) for each in late],
    )
    yield "calls to the provider", [_calls(run.calls.get(phase, {})) for phase in PHASES]


def targets(run: Run) -> Iterator[str]:
    """Lines of Markdown, one a target."""
    kind: Kind
    for kind, one in (("api", "API call"), ("refresh", "refresh")):
        bad = len(run.bad(kind))
        yield f"- {_verdict(bad == 0)}: no {one} of somebody who is signed in fails: {bad} did"
    ratio, recovery = run.p99_ratio(), run.recovery_seconds()
    met = ratio is not None and ratio <= MAX_P99_RATIO
    shown = "nothing to compare" if ratio is None else f"{ratio:.2f}"
    yield (
        f"- {_verdict(met)}: p99 of API calls in the outage at most {MAX_P99_RATIO:g} of that before: {shown}"
    )
    met = recovery is not None and recovery <= MAX_RECOVERY_SECONDS
    shown = "none did" if recovery is None else f"{recovery:.1f} s"
    yield (
        f"- {_verdict(met)}: sign-ins succeed, all of them, at most {MAX_RECOVERY_SECONDS:g} s after the "
        f"provider is back: {shown}"
    )


def as_json(run: Run) -> dict[str, Any]:
    """Every sample, in seconds."""
    return {
        "conditions": asdict(run.conditions),
        "plan": asdict(run.plan),
        "calls": {phase: dict(calls) for phase, calls in run.calls.items()},
        "healed_at": run.record.healed_at,
        "samples": [asdict(each) for each in run.record.samples],
        "late": run.record.late,
    }


def _bad(samples: Sequence[Sample]) -> str:
    """How many, and with which status."""
    statuses = Counter(
        "no answer" if each.status is None else str(each.status) for each in samples if not each.good
    )
    told = ", ".join(f"{number} × {status}" for status, number in statuses.most_common())
    return told or "0"


def _milliseconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:,.1f}"


def _calls(calls: Mapping[str, int]) -> str:
    made = ", ".join(f"{endpoint} {number}" for endpoint, number in calls.items() if number)
    return f"{sum(calls.values())} ({made})" if made else "0"


def _verdict(holds: bool) -> str:
    return "PASS" if holds else "MISS"
