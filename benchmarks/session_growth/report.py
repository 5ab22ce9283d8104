"""What a run found: a page for ``docs/performance.md``, and everything as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from benchmarks.against_peers.spread import Spread, spread
from benchmarks.session_growth.blocks import Block, percentile
from benchmarks.session_growth.measurement import Found
from benchmarks.session_growth.plan import (
    MAX_CLEANUP_RATIO,
    MAX_GROWTH,
    MAX_SIGN_IN_MS,
    MIN_RATE_RATIO,
    Plan,
)

BEGIN: Final = "<!-- written by benchmarks/sessions.py: begin -->"
END: Final = "<!-- written by benchmarks/sessions.py: end -->"
_NOT_QUIET: Final = ", which is too much: the machine was not quiet"
_CONTENDERS: Final = {
    "pgbench": "`pgbench`, the same statement",
    "rotation": "the statement through our store",
    "manager": "the session manager's rotation",
    "refresh": "whole refresh",
    "two statements": "a row for each token, two statements",
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where and when: ``machine`` in words, load averages of the minute before the start and the end."""

    date: str
    machine: str
    processors: int
    load_before: float
    load_after: float
    server: str


@dataclass(frozen=True, slots=True)
class Run:
    conditions: Conditions
    plan: Plan
    found: Found

    def ratios(self, contender: str) -> list[float]:
        """Its rate over that of pgbench, round by round."""
        return [each[contender].rate / each["pgbench"].rate for each in self.found.rounds]

    def cleanup_ratio(self) -> float | None:
        """p99 of refreshes with the job over that without it, the median of the pairs."""
        ratios = [pair.ratio() for pair in self.found.cleaning]
        return spread(ratios).median if ratios else None


def costs(growth: Mapping[int, Sequence[Block]], size: int) -> list[float]:
    """Time of a rotation at that size over that at the smallest, round by round."""
    pairs = zip(growth[min(growth)], growth[size], strict=True)
    return [small.rate / large.rate for small, large in pairs]


def page(run: Run) -> Iterator[str]:
    """Lines of Markdown: conditions, tables, targets."""
    where, plan = run.conditions, run.plan
    busy = max(where.load_before, where.load_after) > where.processors
    load = f"{where.load_before:.2f} before and {where.load_after:.2f} after{_NOT_QUIET if busy else ''}"
    yield (
        f"Measured {where.date} on {where.machine}, {where.processors} processors, load average {load}; "
        f"{where.server} with its own defaults, every commit synced to the disk, on the same processors; one "
        f"process of ours. {plan.clients} clients, blocks of {plan.seconds:g} s. Medians, with quartiles in "
        "brackets; ratios are those of neighbouring blocks."
    )
    yield from _rates(run)
    yield from _growth(run.found)
    yield from _cleaning(run)
    yield from _rest(run.found)
    yield ""
    yield from targets(run)


def _rates(run: Run) -> Iterator[str]:
    rounds = run.found.rounds
    if not rounds:
        return
    yield from ("", "| | a second | of `pgbench` | CPU of our process, µs each |", "|---|---:|---:|---:|")
    for contender, name in _CONTENDERS.items():
        blocks = [each[contender] for each in rounds]
        cpu = "–" if contender == "pgbench" else _shown([each.cpu_microseconds for each in blocks], ",.0f")
        rates = _shown([each.rate for each in blocks], ",.0f")
        yield f"| {name} | {rates} | {_shown(run.ratios(contender), '.2f')} | {cpu} |"


def _growth(found: Found) -> Iterator[str]:
    for engine, growth in (("PostgreSQL", found.growth), ("SQLite", found.sqlite_growth)):
        if growth:
            yield from ("", f"| sessions in {engine} | rotations a second | cost |", "|---:|---:|---:|")
        for size, blocks in growth.items():
            rates = _shown([each.rate for each in blocks], ",.0f")
            yield f"| {size:,} | {rates} | {_shown(costs(growth, size), '.2f')} |"


def _cleaning(run: Run) -> Iterator[str]:
    pairs, plan = run.found.cleaning, run.plan
    if not pairs:
        return
    heading = (
        f"{plan.refreshes_per_second:g} refreshes a second beside {plan.expired:,} expired sessions, in ms"
    )
    yield from ("", f"| {heading} | without the cleanup | with it | ratio |", "|---|---:|---:|---:|")
    for share in (0.5, 0.99):
        calm = _shown([percentile(pair.calm, share) * 1000 for pair in pairs], ",.1f")
        busy = _shown([percentile(pair.busy, share) * 1000 for pair in pairs], ",.1f")
        ratio = _shown([pair.ratio(share) for pair in pairs], ".2f")
        yield f"| p{share * 100:.0f} | {calm} | {busy} | {ratio} |"
    refused = [sum(pair.refused[place] for pair in pairs) for place in (0, 1)]
    yield f"| refused with 503, of all | {refused[0]:,} | {refused[1]:,} | – |"
    gone, seconds = sum(pair.gone for pair in pairs), sum(pair.busy_seconds for pair in pairs)
    yield ""
    yield f"{gone:,} of them went in {seconds:,.0f} s."


def _rest(found: Found) -> Iterator[str]:
    if found.sqlite_refresh:
        rates = _shown([each.rate for each in found.sqlite_refresh], ",.0f")
        yield from ("", f"Whole refreshes a second on SQLite: {rates}.")
    if found.bytes_each:
        told = ", ".join(f"{kind} {size:,.0f}" for kind, size in found.bytes_each.items())
        yield from ("", f"Bytes on disk for each, with indexes: {told}.")
    if found.sign_ins:
        quartiles = _shown(found.sign_ins, ".1f")
        worst = percentile(found.sign_ins, 0.99)
        yield from ("", f"CPU of a sign-in's callback in ms: {quartiles}, p99 {worst:.1f}.")


def targets(run: Run) -> Iterator[str]:
    """Lines of Markdown, one a target."""
    found = run.found
    rotation = spread(run.ratios("manager")).median if found.rounds else None
    yield _target(
        f"the session manager's rotation at least {MIN_RATE_RATIO:.2f} of pgbench's rate",
        rotation,
        met=rotation is not None and rotation >= MIN_RATE_RATIO,
    )
    growth = spread(costs(found.growth, max(found.growth))).median if len(found.growth) > 1 else None
    yield _target(
        f"the largest PostgreSQL costs at most {MAX_GROWTH:.2f} of the smallest",
        growth,
        met=growth is not None and growth <= MAX_GROWTH,
    )
    ratio = run.cleanup_ratio()
    yield _target(
        f"p99 of refreshes with the cleanup at most {MAX_CLEANUP_RATIO:g} of that without",
        ratio,
        met=ratio is not None and ratio <= MAX_CLEANUP_RATIO,
    )
    took = spread(found.sign_ins).median if found.sign_ins else None
    yield _target(
        f"a sign-in's callback at most {MAX_SIGN_IN_MS:g} ms of CPU",
        took,
        met=took is not None and took <= MAX_SIGN_IN_MS,
    )


def as_json(run: Run) -> dict[str, Any]:
    """Every block and every sample, times in seconds, those of sign-ins in milliseconds."""
    return {
        "conditions": asdict(run.conditions),
        "plan": asdict(run.plan),
        "found": asdict(run.found),
    }


def _target(what: str, value: float | None, *, met: bool) -> str:
    if value is None:
        return f"- NOT MEASURED: {what}"
    return f"- {'PASS' if met else 'MISS'}: {what}: {value:.2f}"


def _shown(values: Sequence[float], form: str) -> str:
    """Median and quartiles."""
    found: Spread = spread(values)
    if len(values) == 1:
        return format(found.median, form)
    return f"{found.median:{form}} ({found.lower:{form}}–{found.upper:{form}})"
