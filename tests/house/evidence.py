"""What the wheel says of the tests, for ``watchword compliance report``: one small file beside the code,
from the rows of docs/security/asvs.md and docs/conformance.md and from docs/accessibility.md.

    python -m tests.house.evidence

writes the file anew; run it when rows of either page or what was tested of the pages have changed.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, Final

from tests.house import asvs
from tests.house.conformance_rows import AREAS, Area
from tests.house.tree import ROOT
from tests.pages.registry import VIEWS

FILE: Final = ROOT / "src" / "watchword" / "compliance" / "evidence.json"
PAGE: Final = ROOT / "docs" / "accessibility.md"
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_TABLE_RULE: Final = re.compile(r"\|[-|]+\|")


def content() -> str:
    """The file as it has to be."""
    told = {
        "asvs": [
            [row.ids, row.level, _plain(row.asks), _plain(asvs.result(row)), list(row.evidence)]
            for row in asvs.rows()
        ],
        "conformance": [_area(area) for area in AREAS],
        "accessibility": _accessibility(),
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _area(area: Area) -> list[Any]:
    """A row without another result is held: ``tests/house/test_conformance.py`` allows no other."""
    others = [
        [f"{area.family.upper()}-{row.number}", _plain(row.says), _plain(row.instead)]
        for row in area.rows
        if row.instead is not None
    ]
    return [area.title, len(area.rows) - len(others), others]


def _accessibility() -> dict[str, Any]:
    sections = _sections(PAGE.read_text(encoding="utf-8"))
    left_out = re.split(r"^- ", sections["What was not tested"], flags=re.MULTILINE)[1:]
    forms = Counter(view.template for view in VIEWS)
    return {
        "checks": _table(sections["What was tested"]),
        "not_tested": [_plain(" ".join(each.split())) for each in left_out],
        "criteria": _table(sections["WCAG 2.2, criterion by criterion"]),
        "templates": [list(each) for each in sorted(forms.items())],
    }


def _sections(page: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _table(section: str) -> list[list[str]]:
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert _TABLE_RULE.fullmatch(rows[1]), "a table begins with a line of headings"
    return [[_plain(cell.strip()) for cell in row.strip("|").split("|")] for row in rows[2:]]


def _plain(text: str) -> str:
    """Without what Markdown means."""
    return _LINK.sub(r"\1", text).replace("`", "").replace("*", "")


if __name__ == "__main__":
    FILE.write_text(content(), encoding="utf-8")
