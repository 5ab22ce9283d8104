"""The benchmark of imports runs, and says a row for each line."""

from __future__ import annotations

import pytest

from benchmarks import imports


def test_every_line_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty interpreter costs something, and each line has its number."""
    imports.main(["import json", "import decimal"], runs=1)
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == ["import json", "import decimal"]
    assert imports.milliseconds("pass", 1) > 0
