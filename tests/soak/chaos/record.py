"""What a chaos run saw: every answer in short, everything that was wrong at length."""

from __future__ import annotations

import bisect
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tests.soak.chaos.faults import Fault
from tests.soak.chaos.model import Verdict

Kind = Literal["api", "me", "refresh", "logout", "sign_in", "probe"]
WRONG: Final = (Verdict.WRONG_ACCEPTANCE, Verdict.WRONG_REFUSAL, Verdict.WRONG_ANSWER)
MAX_EVIDENCE: Final = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer after what a balancer does; ``tried`` is how many replicas were asked."""

    kind: Kind
    sent: float
    received: float
    status: int
    verdict: Verdict
    tried: int


@dataclass(slots=True)
class Slot:
    """A minute and its fault: when it began, was over, and the slot ended."""

    fault: Fault
    begun: float
    fault_begun: float = 0.0
    fault_over: float = 0.0
    over: float = 0.0


@dataclass(slots=True)
class Record:
    """``stalls`` are by how many seconds the people themselves were held up, and until when: the machine's
    doing, or theirs. ``cut_short`` is why the run did not come to its end."""

    samples: list[Sample] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    stalls: list[tuple[float, float]] = field(default_factory=list)
    checks: int = 0
    checked_sessions: int = 0
    broken: list[str] = field(default_factory=list)
    cut_short: str = ""
    signed_out: Counter[str] = field(default_factory=Counter)

    def note(self, sample: Sample, **details: Any) -> None:
        """``details`` are kept where the answer was wrong, cannot be decided, or kept somebody out."""
        self.samples.append(sample)
        at_fault = sample.verdict in (*WRONG, Verdict.UNDECIDED)
        kept_out = sample.kind == "api" and sample.verdict is Verdict.UNAVAILABLE
        if (at_fault or kept_out) and len(self.evidence) < MAX_EVIDENCE:
            shown = {"kind": sample.kind, "status": sample.status, "verdict": str(sample.verdict)}
            times = {"sent": round(sample.sent, 3), "received": round(sample.received, 3)}
            self.evidence.append({**shown, **times, "tried": sample.tried, **details})

    def slot_at(self, moment: float) -> Slot | None:
        place = bisect.bisect_right(self.slots, moment, key=lambda each: each.begun)
        return self.slots[place - 1] if place else None
