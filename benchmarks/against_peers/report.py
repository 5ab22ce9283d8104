"""What a run found: a page for ``docs/performance.md``, and everything as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from benchmarks.against_peers.measurement import Measured, PhaseName, Plan
from benchmarks.against_peers.spread import Pair, Spread, spread
from benchmarks.against_peers.subjects import OURS, PYJWT, SUBJECTS, WATCHWORD

MISS_TARGET: Final = 0.5
LOAD_TARGET: Final = 0.80
BEGIN: Final = "<!-- written by benchmarks/gate.py: begin -->"
END: Final = "<!-- written by benchmarks/gate.py: end -->"
_BUSY_CLIENT: Final = 0.9
_STARVED_SERVER: Final = 0.1
_ADDED: Final[tuple[PhaseName, ...]] = ("one", "first", "many")
_COLUMNS: Final = (
    *("subject", "looks at", "bare", "one token", "first time", "many tokens"),
    *("bare/s", "guarded/s", "ratio", "by CPU"),
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where and when: ``machine`` in words, ``load_average`` of the minute before the start."""

    date: str
    machine: str
    processors: int
    load_average: float
    http_parser: str


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a run found. ``versions`` are each subject's, its runtime and framework included."""

    conditions: Conditions
    plan: Plan
    versions: Mapping[str, Mapping[str, str]]
    found: Mapping[str, Measured]

    def spread_of(self, subject: str, phase: PhaseName, value: Callable[[Pair], float]) -> Spread:
        return spread(value(pair) for pair in self.found[subject][phase])

    def added(self, subject: str, phase: PhaseName) -> Spread:
        """Microseconds of CPU."""
        return self.spread_of(subject, phase, lambda pair: pair.added_microseconds)

    def ratio(self, subject: str) -> Spread:
        """Requests per second under load, guarded over bare."""
        return self.spread_of(subject, "load", lambda pair: pair.rate_ratio)

    def ratio_by_cpu(self, subject: str) -> Spread:
        """The same as it would be with a processor that nobody else uses."""
        return self.spread_of(subject, "load", lambda pair: pair.cpu_ratio)

    def most(self, value: Callable[[Pair], float]) -> float:
        """The largest of the subjects' medians under load."""
        return max(self.spread_of(name, "load", value).median for name in self.found)


def page(run: Run) -> Iterator[str]:
    """Lines of Markdown: conditions, table, targets."""
    yield from _conditions(run)
    yield ""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|---|---|{'---:|' * (len(_COLUMNS) - 2)}"
    for name in run.found:
        yield _row(run, name)
    yield ""
    yield from targets(run)


def targets(run: Run) -> Iterator[str]:
    """Lines of Markdown, one a target, as far as the subjects it compares were measured."""
    if WATCHWORD not in run.found:
        return
    if PYJWT in run.found:
        ours, theirs = run.added(WATCHWORD, "first").median, run.added(PYJWT, "first").median
        verdict = _verdict(theirs > 0 and ours / theirs <= MISS_TARGET)
        share = f"{ours / theirs:.2f} of it" if theirs > 0 else "not comparable: nothing was added there"
        yield (
            f"- {verdict}: the first time, a token adds at most {MISS_TARGET:.2f} of what it adds with the "
            f"PyJWT dependency: {share}"
        )
    ratio = run.ratio(WATCHWORD).median
    peers = {name: run.ratio(name).median for name in run.found if name not in OURS}
    best = max(peers, key=lambda name: peers[name], default=None)
    beside = "" if best is None else f" (best peer: {best} with {peers[best]:.2f})"
    yield (
        f"- {_verdict(ratio >= LOAD_TARGET)}: under load at least {LOAD_TARGET:.2f} of the bare route's "
        f"requests per second: {ratio:.2f}{beside}"
    )


def as_json(run: Run) -> dict[str, Any]:
    """Every block of every pair, in seconds and requests."""
    return {
        "conditions": asdict(run.conditions),
        "plan": asdict(run.plan),
        "subjects": {
            name: {
                "versions": dict(run.versions[name]),
                "phases": {phase: [asdict(pair) for pair in pairs] for phase, pairs in phases.items()},
            }
            for name, phases in run.found.items()
        },
    }


def _conditions(run: Run) -> Iterator[str]:
    where, plan = run.conditions, run.plan
    busy, starved = run.most(lambda pair: pair.bare.client_busy), run.most(lambda pair: pair.guarded.starved)
    bottleneck = ", which is too much: it was the bottleneck" if busy > _BUSY_CLIENT else ""
    quiet = "" if starved <= _STARVED_SERVER else ", which is too much: the machine was not quiet"
    yield (
        f"Measured {where.date} on {where.machine}, {where.processors} processors, load average before "
        f"the start {where.load_average:.2f}; uvicorn with {where.http_parser}, one worker; "
        f"{plan.tokens:,} tokens, {plan.rounds} pairs of blocks. "
        f"Of the time under load the client was busy {busy:.0%} at most{bottleneck}; a server waited for a "
        f"processor {starved:.0%} at most{quiet}."
    )
    yield ""
    yield "Versions: " + ", ".join(f"{name} {number}" for name, number in _all_versions(run).items()) + "."
    yield ""
    yield (
        "Microseconds of CPU for each request, of the bare route and what the guard adds to it; requests "
        "per second under load and their ratio: medians, with quartiles in brackets."
    )


def _all_versions(run: Run) -> dict[str, str]:
    return {name: number for each in run.versions.values() for name, number in each.items()}


def _row(run: Run, name: str) -> str:
    bare = run.spread_of(name, "one", lambda pair: pair.bare.cpu_microseconds)
    bare_rate = run.spread_of(name, "load", lambda pair: pair.bare.requests_per_second)
    rate = run.spread_of(name, "load", lambda pair: pair.guarded.requests_per_second)
    cells = [
        name,
        SUBJECTS[name].checked,
        f"{bare.median:.0f}",
        *(_with_quartiles(run.added(name, phase), 0) for phase in _ADDED),
        f"{bare_rate.median:,.0f}",
        f"{rate.median:,.0f}",
        _with_quartiles(run.ratio(name), 2),
        f"{run.ratio_by_cpu(name).median:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def _with_quartiles(found: Spread, digits: int) -> str:
    return f"{found.median:.{digits}f} ({found.lower:.{digits}f}–{found.upper:.{digits}f})"


def _verdict(holds: bool) -> str:
    return "PASS" if holds else "MISS"
