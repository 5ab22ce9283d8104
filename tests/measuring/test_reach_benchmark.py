"""``benchmarks/reach.py``: what it makes of what it saw; ``make soak`` runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import reach
from benchmarks.reach_of_endings.plan import ENDINGS, Ending, Way
from benchmarks.reach_of_endings.report import BEGIN, END, Asked, Run, as_json, page, percentile

QUIET = Asked([0.002] * 1000, statements=14, readings=5)


def run_of(seconds: dict[Way, float], asked: Asked = QUIET, load: float = 0.0) -> Run:
    samples: dict[Way, dict[Ending, list[float]]] = {
        way: {ending: [longest / 2, longest] for ending in ENDINGS} for way, longest in seconds.items()
    }
    return Run("2026-01-01", "a machine", 2, load, 0.5, samples, asked)


def verdicts(run: Run) -> list[str]:
    return [line[2:6] for line in page(run) if line.startswith("- ")]


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([0.003], 0.99, 3),
        ([0.004, 0.001, 0.003, 0.002], 0.5, 2),
        ([n / 1000 for n in range(1, 101)], 0.99, 99),
    ],
)
def test_a_percentile_is_one_of_the_values(values: list[float], share: float, expected: float) -> None:
    """In milliseconds, by nearest rank, in whatever order."""
    assert percentile(values, share) == pytest.approx(expected)


def test_targets_hold_at_their_edges() -> None:
    """50 ms where endings are announced, 5 s elsewhere; a statement for a hundred requests is too much."""
    kept = run_of({"announced": 0.05, "polled": 5.0, "pooled": 5.0})
    assert verdicts(kept) == ["PASS"] * 4
    busy = Asked([0.002] * 1000, statements=15, readings=5)
    assert verdicts(run_of({"announced": 0.051, "polled": 5.1, "pooled": 5.1}, busy)) == ["MISS"] * 4


def test_a_noisy_machine_is_told() -> None:
    """Where the load was high before anything was measured."""
    way: dict[Way, float] = {"announced": 0.01}
    assert "not quiet" not in next(page(run_of(way)))
    assert "not quiet" in next(page(run_of(way, load=0.7)))


def test_every_ending_has_its_row_and_json_can_hold_it() -> None:
    """One more for all of them."""
    run = run_of({"announced": 0.01, "polled": 1.0})
    rows = [line for line in page(run) if line.startswith("| with LISTEN")]
    assert len(rows) == len(ENDINGS) + 1
    assert json.loads(json.dumps(as_json(run)))["statements"] == 14


def test_a_page_without_a_place_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    """Exit code 2; the page of performance has one."""
    wrong = tmp_path / "page.md"
    wrong.write_text("nothing")
    with pytest.raises(SystemExit):
        reach.main(["--into", str(wrong)])
    text = (Path(__file__).parents[2] / "docs" / "performance.md").read_text()
    assert text.count(BEGIN) == text.count(END) == 1
