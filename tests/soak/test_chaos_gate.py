"""The gate of the chaos run: it holds where nothing is wrong; each fault misses a condition of its own."""

from __future__ import annotations

import pytest

from tests.soak.chaos.faults import FAULTS
from tests.soak.chaos.model import Verdict
from tests.soak.chaos.record import Kind, Record, Sample, Slot
from tests.soak.chaos.report import Findings, page
from tests.soak.chaos.run import Conditions, Plan, Run


def run_of(*samples: Sample, broken: tuple[str, ...] = (), back_at: float = 40.0) -> Findings:
    """Two minutes, the second without a database; somebody is signed in some time after each fault."""
    slots = [
        Slot(FAULTS[0], 0, 5, 30, 60),
        Slot(next(each for each in FAULTS if each.takes_the_database), 60, 65, 69, 120),
    ]
    signed_in = [
        Sample("sign_in", at - 1, at, status, verdict, 1)
        for at, status, verdict in (
            (29.0, 303, Verdict.RIGHT),
            (35.0, 503, Verdict.UNAVAILABLE),
            (back_at, 303, Verdict.RIGHT),
            (71.0, 303, Verdict.RIGHT),
        )
    ]
    calls = [Sample("api", at / 200, at / 200 + 0.01, 200, Verdict.RIGHT, 1) for at in range(20_000)]
    record = Record([*calls, *signed_in, *samples], slots, broken=list(broken))
    conditions = Conditions("2026-01-01", "abc", "a machine", 2, 0.1, 0.2, {"a": [(1, 1), (2, 2)]})
    return Findings(Run(Plan(120), conditions, record))


def failed(at: float, kind: Kind = "api", verdict: Verdict = Verdict.UNAVAILABLE) -> Sample:
    return Sample(kind, at, at + 0.1, 503, verdict, 2)


def test_the_gate_holds_where_nothing_is_wrong() -> None:
    """Nor does it count what fails while the database is away, or one call of ten thousand."""
    found = run_of(*(failed(70 + each / 100) for each in range(100)), failed(10))
    assert [words for holds, words in found.gate() if not holds] == []
    assert any("10.0 s at the longest" in line for line in page(found.run))


@pytest.mark.parametrize(
    ("found", "missed"),
    [
        (run_of(broken=("(a) one token belongs to two sessions",)), "SES-13"),
        (run_of(failed(10, "probe", Verdict.WRONG_ACCEPTANCE)), "has ended: 1"),
        (run_of(failed(10, "refresh", Verdict.WRONG_REFUSAL)), "did nothing wrong: 1"),
        (run_of(failed(10, "me", Verdict.WRONG_ANSWER)), "what the pages say: 1"),
        (run_of(failed(10), failed(11)), "2 of 12002 were not"),
        (run_of(back_at=46.0), "16.0 s at the longest"),
        (run_of(back_at=61.0), "not before the next fault"),
    ],
)
def test_the_gate_is_missed_by_each_of_its_conditions(found: Findings, missed: str) -> None:
    """And by that one alone, which the page says."""
    (words,) = [words for holds, words in found.gate() if not holds]
    assert missed in words
    assert f"- MISS: {words}" in list(page(found.run))
