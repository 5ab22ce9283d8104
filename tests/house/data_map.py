"""The data map of docs/privacy/data-map.md, made from the marks on the columns.

python -m tests.house.data_map

writes the page anew.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final

from watchword.compliance.words import ERASURES, GROUNDS, PURPOSES, RETENTIONS
from watchword.storage.privacy_marks import Impersonal, MarkedColumn, Personal, marked_columns

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "privacy" / "data-map.md"
_HEAD: Final = """\
# The data map

Every column that watchword keeps, what it says about a person, why it is there, on which ground (articles of
the GDPR), for how long, whether the person gets it with [the export](README.md#the-rights-of-people) and what
[an erasure](erasure.md) does to it. It is made from the marks on the columns themselves by
`python -m tests.house.data_map`; tests fail when a column has no mark, when this page is out of date, when
an erasure leaves something behind and when an export lacks something. The grounds are what an ordinary
service would name; whoever runs one decides and answers for theirs.

What has passed its time goes with the next run of [the cleanup](../operations/cleanup.md), every
`WATCHWORD_CLEANUP_INTERVAL_SECONDS`. An account that nobody comes back to is kept until somebody erases it.
"""


def page() -> str:
    """The page as it should be."""
    columns = marked_columns()
    tables = [(name, list(group)) for name, group in groupby(columns, key=lambda each: each.table)]
    personal = [_table(name, held) for name, held in tables if _is_about_people(held)]
    others = [f"- `{name}`: {_why(held)}" for name, held in tables if not _is_about_people(held)]
    nobody = "## Tables about nobody\n\n" + "\n".join(others) + "\n"
    return "\n".join([_HEAD, *personal, nobody])


def _is_about_people(held: list[MarkedColumn]) -> bool:
    return any(isinstance(each.mark, Personal) for each in held)


def _why(held: list[MarkedColumn]) -> str:
    return "; ".join(sorted({each.mark.why for each in held if isinstance(each.mark, Impersonal)}))


def _table(name: str, held: list[MarkedColumn]) -> str:
    rows = [
        f"## {name}",
        "",
        "| column | for | ground | kept | in the export | by an erasure |",
        "|---|---|---|---|---|---|",
        *(_row(each) for each in held),
    ]
    return "\n".join(rows) + "\n"


def _row(each: MarkedColumn) -> str:
    mark = each.mark
    if isinstance(mark, Impersonal):
        return f"| `{each.column}` | nothing personal: {mark.why} | | | | |"
    erasure = ERASURES[mark.erasure] + (f": {mark.because}" if mark.because else "")
    cells = (
        f"`{each.column}`",
        PURPOSES[mark.purpose],
        GROUNDS[mark.ground],
        RETENTIONS[mark.retention],
        "yes" if mark.withheld is None else f"no: {mark.withheld}",
        erasure,
    )
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
