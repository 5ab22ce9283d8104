"""The table of docs/security/asvs.md is whole, current, and names what there is."""

from __future__ import annotations

import pytest

from tests.house.asvs import PAGE, missing, render, result, rows
from tests.house.asvs_rows import RESULTS

ASKED = """
6.1.1; 6.1.3, 6.3.4; 6.2.x; 6.3.1; 6.3.2; 6.3.5, 6.3.7; 6.3.8; 6.5.x; 6.8.1; 6.8.2; 6.8.4;
7.1.1; 7.1.2; 7.1.3; 7.2.1, 7.2.2; 7.2.3; 7.2.4; 7.3.1, 7.3.2; 7.4.1; 7.4.2; 7.4.3; 7.4.5; 7.5.1; 7.5.2;
7.6.1; 7.6.2; 8.1.1, 8.2.1, 8.2.2; 8.3.1; 8.3.2; 8.4.1;
9.1.1; 9.1.2; 9.1.3; 9.2.1; 9.2.2; 9.2.3, 9.2.4;
10.1.1; 10.1.2; 10.2.1; 10.2.2; 10.2.3; 10.3.1–10.3.4; 10.3.5; 10.4.5; 10.4.8; 10.4.9; 10.4.10;
10.5.1; 10.5.2; 10.5.3; 10.5.4; 10.5.5;
1.1.1, 1.5.3; 1.2.4; 2.3.1; 2.3.3, 2.3.4; 2.4.1;
3.3.1–3.3.5; 3.4.1; 3.4.2; 3.4.4, 3.4.5; 3.4.6, 3.4.8; 3.5.1–3.5.3; 3.7.2;
4.1.1; 4.1.2; 4.1.3, 15.3.4; 4.1.4; 4.2.1–4.2.5;
11.1.1, 11.1.2, 13.1.4, 13.3.4; 11.2.1; 11.2.3; 11.2.4; 11.2.5; 11.3.x; 11.4.1; 11.5.1; 11.6.1;
12.1.1, 12.2.1, 12.3.1, 12.3.2; 13.1.1; 13.1.2; 13.1.3; 13.2.6; 13.2.4, 13.2.5, 1.3.6;
13.3.1, 13.3.2; 13.4.2; 13.4.5;
14.2.1; 14.3.1; 14.3.2; 14.3.3; 14.2.4, 14.2.7;
15.1.1, 15.1.2, 15.2.1; 15.3.1; 15.3.3, 15.3.5, 15.3.7; 15.3.2; 15.4.1–15.4.4;
16.1.1, 16.2.1–16.2.5; 16.3.1–16.3.4; 16.4.1; 16.5.1–16.5.4
"""
"""What was chosen of ASVS 5.0: no row goes without going here as well."""


def test_every_requirement_that_was_chosen_has_its_row() -> None:
    """In this order, once each."""
    assert [row.ids for row in rows()] == [" ".join(each.split()) for each in ASKED.split(";")]


def test_what_is_named_is_there() -> None:
    """Tests by their names, sections by their headings, rows of the other table by being held."""
    named = sorted({each for row in rows() for each in row.evidence})
    assert not {each: why for each in named if (why := missing(each)) is not None}


def test_nothing_is_shown_by_nothing() -> None:
    """A row without a test is not shown, one that is shown in part has one, and every other result is
    one of the words that the page explains, with a reason."""
    for row in rows():
        tests = [each for each in row.evidence if not each.startswith("docs/")]
        if row.instead is None or row.instead.startswith("partly: "):
            assert tests, row.ids
        if row.instead is not None:
            assert row.instead.startswith(RESULTS), row.ids
            assert len(row.instead) > 25, row.ids
        assert "|" not in row.asks + result(row), row.ids


@pytest.mark.parametrize(
    "evidence",
    [
        "SES-999",
        "RP-15",
        "docs/none.md",
        "docs/settings.md#none",
        "house/test_asvs.py::test_none",
        "none/test_x.py::test_y",
        "house/asvs.py::test_y",
    ],
)
def test_what_is_not_there_is_noticed(evidence: str) -> None:
    """Also a row of the other table that says it is not held."""
    assert missing(evidence) is not None


def test_the_page_is_what_the_rows_make_of_it() -> None:
    """Write it anew with ``python -m tests.house.asvs``."""
    assert PAGE.read_text(encoding="utf-8") == render()
