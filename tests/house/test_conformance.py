"""The table of docs/conformance.md says what the tests say."""

from __future__ import annotations

import pytest

from tests.house.conformance import PAGE, NamedTest, named_tests, render, result, row_ids
from tests.house.conformance_rows import AREAS, Row

HOLDING = [NamedTest("tests/x.py", "test_rp_01_x")]


def test_the_page_is_what_the_tests_make_of_it() -> None:
    """Write it anew with ``python -m tests.house.conformance``."""
    assert PAGE.read_text(encoding="utf-8") == render(named_tests())


def test_every_row_is_held_or_says_why_not() -> None:
    """And no test claims a row that the table does not have."""
    named = named_tests()
    rows = {f"{area.family}-{row.number}": row for area in AREAS for row in area.rows}
    missing = [row_id for row_id, row in rows.items() if result(row, named.get(row_id, [])) == "missing"]
    assert not missing
    assert not named.keys() - rows.keys()


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("test_rp_24_keys_rotate", ["rp-24"]),
        ("test_st_1_rp_45_a_bad_state", ["st-1", "rp-45"]),
        ("test_pk_1_2_x", ["pk-1", "pk-2"]),
        ("test_rp_07", ["rp-7"]),
        ("test_no_row_at_all", []),
        ("test_ses_44_45_x", ["ses-44", "ses-45"]),
        ("test_other_44_x", []),
        ("test_a_key_7_x", []),
    ],
)
def test_ids_are_read_from_the_beginning_of_a_name(name: str, ids: list[str]) -> None:
    """Only there, and only of families that are in the table."""
    assert list(row_ids(name)) == ids


def test_results_are_honest() -> None:
    """A row without a test is missing; one that is not offered says so, tests or not."""
    assert result(Row(1, "x"), []) == "missing"
    assert result(Row(1, "x"), HOLDING) == "held"
    assert result(Row(1, "x", "not offered: y"), HOLDING) == "not offered: y"
