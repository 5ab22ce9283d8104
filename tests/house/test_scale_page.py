"""``docs/operations/scale.md`` says what follows from the measured figures, and the numbers the code has."""

from __future__ import annotations

import pytest

from benchmarks import capacity
from tests.house.test_outage_page import ROW, defined, read
from tests.house.tree import ROOT

SCALE = ROOT / "docs" / "operations" / "scale.md"
KNOBS = "## Numbers of one process"
FIGURES = capacity.Measured(
    refreshes=1000,
    rotations_by_program=2000,
    sign_in_ms=10,
    session_bytes=1000,
    account_bytes=2000,
    gate_requests=1000,
    refreshes_sqlite=100,
)
PERFORMANCE = """
| watchword | ES256; `@require_auth` | 416 | 63 (34–106) | 399 (1–2) | 50 (44–53) | 821 | 1,290 | 0.93 |
| `pgbench`, the same statement | 2,345 (1–2) | 1.00 | – |
| whole refresh | 1,234.5 (1–2) | 0.7 | 400 |
Whole refreshes a second on SQLite: 99 (1–2).
Bytes on disk for each, with indexes: session 799, session and account 1,462, SQLite, session and account 3.
CPU of a sign-in's callback in ms: 12.5 (1–2), p99 17.7.
"""


def rows() -> list[tuple[str, str, str]]:
    section = SCALE.read_text(encoding="utf-8").partition(KNOBS)[2].partition("\n## ")[0]
    return [found for found in ROW.findall(section) if not found[0].startswith(("knob", "---"))]


def test_the_capacity_is_what_was_computed() -> None:
    """Measure anew, or change a default, and this fails until `make bench ARGS="capacity --into
    docs/operations/scale.md"` was run."""
    measured = capacity.measured(capacity.PERFORMANCE.read_text(encoding="utf-8"))
    page = SCALE.read_text(encoding="utf-8")
    computed = "\n".join(capacity.page(measured))
    assert f"{capacity.BEGIN}\n{computed}\n{capacity.END}" in page


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[2].strip("`"))
def test_a_number_of_the_page_is_the_codes(row: tuple[str, str, str]) -> None:
    """Change one and not the other, and this fails."""
    assert read(row[1]) == pytest.approx(defined(row[2])), row[0]


def test_the_table_cannot_lose_its_rows_unseen() -> None:
    """A row that cannot be read would be one that is not held."""
    assert len(rows()) >= 9


def test_every_figure_is_found_where_the_benchmarks_write_it() -> None:
    """The very columns, with their thousands and decimals."""
    assert capacity.measured(PERFORMANCE) == capacity.Measured(1234.5, 2345, 12.5, 799, 1462, 1290, 99)


@pytest.mark.parametrize("line", [line for line in PERFORMANCE.splitlines() if line])
def test_a_figure_that_is_missing_is_named(line: str) -> None:
    """Nothing is computed from nothing."""
    with pytest.raises(ValueError, match="the page does not say"):
        capacity.measured(PERFORMANCE.replace(line, ""))


def test_what_people_need_adds_up() -> None:
    """Refreshes, sign-ins and requests share the processes, of which each does half of what it could."""
    needed = capacity.need(9, FIGURES)
    assert (needed.people, needed.refreshes, needed.requests) == (90_000, 100, 3000)
    assert needed.sign_ins == pytest.approx(3.125)
    assert needed.processes == 7
    assert needed.connections == 7 * 11
    assert needed.gigabytes == pytest.approx(0.18)
    assert needed.commits_share == pytest.approx(0.05)


def test_the_page_says_where_it_begins() -> None:
    """The assumptions in words are those of the computation."""
    text = " ".join(SCALE.read_text(encoding="utf-8").split())
    assert f"{capacity.PEOPLE:,} people who are signed in at once" in text
    assert f"a request every {capacity.SECONDS_BETWEEN_REQUESTS} seconds" in text
    assert capacity.SIGN_IN_SECONDS == 8 * 3600
    assert "all of them within eight hours" in text
    assert [f"| {times:,} × |" in text for times in capacity.TIMES] == [True] * 4
