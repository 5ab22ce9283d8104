"""``benchmarks/outage.py``: what it makes of what it saw, and that it still runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import outage
from benchmarks.through_outage.plan import Kind, Phase, Plan
from benchmarks.through_outage.report import BEGIN, END, Conditions, Run, page, percentile, targets
from benchmarks.through_outage.traffic import Record, Sample

CONDITIONS = Conditions("2026-01-01", "a machine", 2, 0.0, 0.5, "sqlite")
GOOD = Sample("api", "before", 0, 0.010, 200, good=True)


def run_of(*samples: Sample, healed_at: float = 100.0) -> Run:
    return Run(CONDITIONS, Plan(), Record(list(samples), healed_at), {"outage": {"token": 7, "jwks": 0}})


def verdicts(run: Run) -> list[str]:
    return [line[2:6] for line in targets(run)]


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([3.0], 0.99, 3.0), ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0), ([*range(1, 101)], 0.99, 99)],
)
def test_a_percentile_is_one_of_the_values(values: list[float], share: float, expected: float) -> None:
    """By nearest rank, in whatever order; of nothing there is none."""
    assert percentile(values, share) == expected


def test_targets_hold_at_their_edges() -> None:
    """No failure, 1.2 times the time before, and 15 seconds are still as they should be."""
    outage_call = Sample("api", "outage", 50, 0.012, 200, good=True)
    again = Sample("sign_in", "after", 114, 1.0, 303, good=True)
    assert verdicts(run_of(GOOD, outage_call, again)) == ["PASS"] * 4


@pytest.mark.parametrize(
    ("kind", "phase", "place"), [("api", "after", 0), ("api", "outage", 0), ("refresh", "outage", 1)]
)
def test_one_failure_is_one_too_many(kind: Kind, phase: Phase, place: int) -> None:
    """Whatever its status, in whatever phase."""
    found = list(targets(run_of(GOOD, Sample(kind, phase, 1, 0.01, None, good=False))))
    assert found[place].startswith("- MISS")
    assert found[place].endswith("1 did")


def test_what_was_not_seen_is_no_success() -> None:
    """No call in the outage and no sign-in afterwards: nothing is claimed of either."""
    failed = Sample("sign_in", "after", 101, 0.1, 503, good=False)
    assert verdicts(run_of(GOOD, failed)) == ["PASS", "PASS", "MISS", "MISS"]
    slow = [Sample("api", "outage", 50, 0.0121, 200, good=True)]
    late = Sample("sign_in", "after", 114, 1.1, 303, good=True)
    assert verdicts(run_of(GOOD, *slow, late))[2:] == ["MISS", "MISS"]


def test_one_success_among_failures_is_no_recovery() -> None:
    """What counts is the first sign-in after which none was refused any more, in order of time."""
    again = Sample("sign_in", "after", 109, 0.5, 303, good=True)
    refused = Sample("sign_in", "after", 105, 0.1, 503, good=False)
    lucky = Sample("sign_in", "after", 101, 0.5, 303, good=True)
    assert run_of(again, refused, lucky).recovery_seconds() == pytest.approx(9.5)
    assert run_of(lucky, again).recovery_seconds() == pytest.approx(1.5)
    assert run_of(lucky, refused).recovery_seconds() is None


def test_the_page_tells_statuses_and_calls() -> None:
    """What went wrong by what came back, and whom the service asked."""
    refused = [Sample("sign_in", "outage", 50, 0.01, 503, good=False)] * 2
    silent = Sample("sign_in", "outage", 50, 0.01, None, good=False)
    text = "\n".join(page(run_of(GOOD, *refused, silent)))
    assert "| sign-ins not answered as they should | 0 | 2 × 503, 1 × no answer | 0 |" in text
    assert "| calls to the provider | 0 | 7 (token 7) | 0 |" in text


def test_the_benchmark_runs(tmp_path: Path) -> None:
    """Service, provider and people start, go through every phase, and stop; the page gets the result."""
    report, kept = tmp_path / "page.md", tmp_path / "outage.json"
    report.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    shortest = ["--before", "0.4", "--outage", "0.4", "--after", "0.4", "--people", "2"]
    assert outage.main([*shortest, "--fault", "fail", "--json", str(kept), "--into", str(report)]) == 0
    assert "| API calls |" in report.read_text()
    samples = json.loads(kept.read_text())["samples"]
    assert "outage" in {each["phase"] for each in samples if each["kind"] == "api"}


def test_a_page_without_a_place_is_refused_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is measured for nothing."""
    report = tmp_path / "page.md"
    report.write_text("no marks\n")
    with pytest.raises(SystemExit) as ended:
        outage.main(["--into", str(report)])
    assert ended.value.code == 2
    assert "the page has no place for it" in capsys.readouterr().err
