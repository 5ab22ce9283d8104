"""What the wheel says of the tests is what the pages say."""

from __future__ import annotations

from tests.house import asvs, evidence
from tests.house.conformance_rows import AREAS
from watchword.compliance.evidence import shipped

ANEW = "write it anew with python -m tests.house.evidence"


def test_the_evidence_that_is_shipped_is_of_this_suite() -> None:
    """ASVS rows, conformance, what was tested of the pages: write it anew with
    ``python -m tests.house.evidence``, after the pages."""
    assert evidence.FILE.read_text(encoding="utf-8") == evidence.content(), ANEW


def test_the_evidence_is_read_as_it_was_written() -> None:
    """Every row of the tables arrives, and every template."""
    told = shipped()
    assert [row.ids for row in told.asvs] == [row.ids for row in asvs.rows()]
    assert sum(area.held + len(area.others) for area in told.conformance) == sum(
        len(area.rows) for area in AREAS
    )
    assert len(told.accessibility.criteria) == 55
    assert len(told.accessibility.checks) > 8
    assert len(told.accessibility.not_tested) > 4


def test_the_evidence_is_small() -> None:
    """It is in every installation."""
    assert evidence.FILE.stat().st_size < 100_000
