"""What a run found, as Markdown for docs/operations/chaos.md and as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from tests.soak.chaos.faults import Fault
from tests.soak.chaos.model import Verdict
from tests.soak.chaos.record import Kind, Sample, Slot
from tests.soak.chaos.run import Run

BEGIN: Final = "<!-- written by tests/soak/chaos: begin -->"
END: Final = "<!-- written by tests/soak/chaos: end -->"
LEAST_AVAILABILITY: Final = 0.9999
LONGEST_SIGN_IN_OUTAGE_SECONDS: Final = 15.0
_SHOWN: Final = 20


class Findings:
    """A run, and what follows from it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._kinds: dict[Kind, list[Sample]] = {}
        for each in run.record.samples:
            self._kinds.setdefault(each.kind, []).append(each)

    def of(self, kind: Kind, slots: Sequence[Slot] | None = None) -> list[Sample]:
        """Answers of a kind, in some slots or all."""
        found = self._kinds.get(kind, [])
        if slots is None:
            return found
        spans = [(each.begun, each.over) for each in slots]
        return [each for each in found if any(begun <= each.sent < over for begun, over in spans)]

    def slots_that_count(self) -> list[Slot]:
        """Those in which the database was there."""
        return [each for each in self.run.record.slots if not each.fault.takes_the_database]

    def number(self, verdict: Verdict) -> int:
        return sum(each.verdict is verdict for each in self.run.record.samples)

    def sign_in_outage(self, slot: Slot) -> float | None:
        """Seconds from the end of the fault to the first sign-in that succeeds; None where none does
        before the next fault. How soon one is tried is part of it."""
        done = [
            each.received
            for each in self.of("sign_in")
            if each.status == 303 and slot.fault_over <= each.received < slot.over
        ]
        return min(done) - slot.fault_over if done else None

    def last_sign_in_failure(self, slot: Slot) -> float | None:
        """Seconds from the end of the fault to the begin of the last sign-in that failed."""
        failed = [
            each.sent
            for each in self.of("sign_in", [slot])
            if each.verdict is Verdict.UNAVAILABLE and each.sent >= slot.fault_over
        ]
        return max(failed) - slot.fault_over if failed else None

    def longest_sign_in_outage(self) -> float:
        return max((_or_for_ever(self.sign_in_outage(each)) for each in self.run.record.slots), default=0.0)

    def gate(self) -> list[tuple[bool, str]]:
        """Each condition: whether it holds, and the words."""
        record, api = self.run.record, self.of("api", self.slots_that_count())
        share, longest = availability(api), self.longest_sign_in_outage()
        wrong = self.number(Verdict.WRONG_ACCEPTANCE)
        refused = self.number(Verdict.WRONG_REFUSAL)
        strange = self.number(Verdict.WRONG_ANSWER)
        failed = sum(failure(each) for each in api)
        return [
            (
                not record.cut_short,
                f"the run came to its end{record.cut_short and ', but: '}{record.cut_short}",
            ),
            (
                not record.broken,
                f"the invariants of SES-13 hold: {record.checks} looks at up to {record.checked_sessions} "
                f"sessions, {len(record.broken)} broken",
            ),
            (wrong == 0, f"nothing is accepted that has ended: {wrong} of {len(record.samples)} answers"),
            (refused == 0, f"nobody is refused who did nothing wrong: {refused}"),
            (strange == 0, f"no answer is anything else than what the pages say: {strange}"),
            (
                share >= LEAST_AVAILABILITY,
                f"API calls of people who are signed in are answered, but for minutes without a database, "
                f"{LEAST_AVAILABILITY:.2%} or more of them: {share:.3%}, {failed} of {len(api)} were not",
            ),
            (
                longest <= LONGEST_SIGN_IN_OUTAGE_SECONDS,
                f"somebody is signed in at most {LONGEST_SIGN_IN_OUTAGE_SECONDS:g} s after a fault is over: "
                f"{_seconds(longest)} at the longest",
            ),
        ]


def failure(sample: Sample) -> bool:
    """Of an API call: neither let in nor told, rightly, to get another token."""
    return sample.verdict is not Verdict.RIGHT


def availability(calls: Sequence[Sample]) -> float:
    return 1 - sum(failure(each) for each in calls) / len(calls) if calls else 0.0


def page(run: Run) -> Iterator[str]:
    """Lines of Markdown."""
    found, where, plan = Findings(run), run.conditions, run.plan
    stalls = [late for _, late in run.record.stalls]
    yield (
        f"Begun {where.begun} at commit `{where.commit}`, on {where.machine}, {where.processors} processors, "
        f"load average {where.load_before:.2f} before and {where.load_after:.2f} at the end; "
        f"{plan.seconds / 60:g} min in slots of {plan.slot_seconds:g} s, {plan.people} people, seed "
        f"{plan.seed}; {len(run.record.samples)} answers judged."
    )
    yield ""
    for holds, words in found.gate():
        yield f"- {'PASS' if holds else 'MISS'}: {words}"
    yield ""
    yield from _kinds(found)
    yield ""
    yield from _table(found)
    yield ""
    yield f"Everything else: {'; '.join(_asides(found, stalls))}."
    yield ""
    yield f"The order of the faults: {', '.join(each.fault.order for each in run.record.slots)}."
    for broken in run.record.broken[:_SHOWN]:
        yield f"\nBroken: {broken}"


def _kinds(found: Findings) -> Iterator[str]:
    yield "| what | answers | right | unavailable | undecided | wrong | p50 in ms | p99 in ms |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    names: dict[Kind, str] = {
        "api": "API calls, signed in",
        "me": "`/auth/me`",
        "refresh": "refreshes",
        "logout": "sign-outs",
        "sign_in": "sign-ins",
        "probe": "attempts with what is over",
    }
    for kind, name in names.items():
        samples = found.of(kind)
        verdicts = Counter(each.verdict for each in samples)
        wrong = len(samples) - sum(
            verdicts[each] for each in (Verdict.RIGHT, Verdict.UNAVAILABLE, Verdict.UNDECIDED)
        )
        times = [_milliseconds(samples, share) for share in (0.5, 0.99)]
        counted = [verdicts[each] for each in (Verdict.RIGHT, Verdict.UNAVAILABLE, Verdict.UNDECIDED)]
        yield f"| {name} | {' | '.join(map(str, [len(samples), *counted, wrong, *times]))} |"


def _table(found: Findings) -> Iterator[str]:
    yield (
        "| row | fault | times | API calls | not answered | p99 in ms | refreshes unavailable "
        "| sign-ins failed | sign-in back after | last failed after |"
    )
    yield "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    slots: dict[Fault, list[Slot]] = {}
    for each in found.run.record.slots:
        slots.setdefault(each.fault, []).append(each)
    for fault in sorted(slots, key=lambda each: each.row):
        yield _row(found, fault, slots[fault])


def _row(found: Findings, fault: Fault, slots: list[Slot]) -> str:
    api = found.of("api", slots)
    refreshes, sign_ins = found.of("refresh", slots), found.of("sign_in", slots)
    unavailable = sum(each.verdict is Verdict.UNAVAILABLE for each in refreshes)
    failed = sum(each.verdict is Verdict.UNAVAILABLE for each in sign_ins)
    back = max(_or_for_ever(found.sign_in_outage(each)) for each in slots)
    lasts = [found.last_sign_in_failure(each) for each in slots]
    last = max((each for each in lasts if each is not None), default=None)
    cells = [
        fault.row,
        fault.what,
        len(slots),
        len(api),
        sum(failure(each) for each in api),
        _milliseconds(api, 0.99),
        unavailable,
        f"{failed} of {len(sign_ins)}",
        _seconds(back),
        "–" if last is None else _seconds(last),
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _asides(found: Findings, stalls: list[float]) -> Iterator[str]:
    run = found.run
    every = found.of("api")
    yield f"availability with the minutes without a database {availability(every):.3%}"
    seconds = {int(each.sent) for each in every if failure(each)}
    yield f"seconds with an API call that was not answered {len(seconds)}"
    yield f"API calls that a balancer had to pass on {sum(each.tried > 1 for each in every)}"
    told = sum(each.status == 401 and each.verdict is Verdict.RIGHT for each in every)
    yield f"API calls rightly told that the token is over {told}"
    ends = ", ".join(f"{number} × {why}" for why, number in sorted(run.record.signed_out.items())) or "none"
    yield f"sessions that ended by a refusal: {ends}"
    for name, (begun, over) in run.conditions.used.items():
        yield f"replica {name}: {begun[0]} MB, {begun[1]} threads first, {over[0]} and {over[1]} last"
    held = f"{len(stalls)} times, {max(stalls, default=0):.1f} s at the longest, {sum(stalls):.1f} s in all"
    yield f"the people themselves were held up {held}"


def as_json(run: Run) -> dict[str, Any]:
    """Everything but the good answers one by one."""
    kept = [asdict(each) for each in run.record.samples if each.verdict is not Verdict.RIGHT]
    return {
        "plan": asdict(run.plan),
        "conditions": asdict(run.conditions),
        "gate": Findings(run).gate(),
        "slots": [asdict(each) for each in run.record.slots],
        "evidence": run.record.evidence,
        "broken": run.record.broken,
        "stalls": run.record.stalls,
        "not_right": kept,
    }


def _milliseconds(samples: Sequence[Sample], share: float) -> str:
    ordered = sorted(each.received - each.sent for each in samples)
    if not ordered:
        return "–"
    return f"{ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000:.0f}"


def _or_for_ever(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds


def _seconds(seconds: float) -> str:
    return "not before the next fault" if math.isinf(seconds) else f"{seconds:.1f} s"
