"""``docs/operations/database.md`` says the numbers that the code has."""

from __future__ import annotations

import pytest

from tests.house.test_outage_page import ROW, defined, read
from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "operations" / "database.md"


def rows() -> list[tuple[str, str, str]]:
    section = PAGE.read_text(encoding="utf-8").partition("## The numbers")[2].partition("\n## ")[0]
    return [found for found in ROW.findall(section) if not found[0].startswith(("knob", "---"))]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_each_number_is_the_one_in_the_code(row: tuple[str, str, str]) -> None:
    """A changed default is a changed page."""
    knob, value, source = row
    assert read(value) == defined(source), knob


def test_the_table_is_found() -> None:
    """An empty one would hold everything."""
    assert len(rows()) == 6
