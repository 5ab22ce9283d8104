"""The table of docs/security/asvs.md, made of the rows and of where their evidence is.

    python -m tests.house.asvs

writes the page anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.house import asvs_operation, asvs_people, asvs_service, asvs_tokens
from tests.house.asvs_rows import RESULTS, Chapter, Requirement
from tests.house.conformance_rows import AREAS
from tests.house.tree import ROOT

PAGE: Final = ROOT / "docs" / "security" / "asvs.md"
CHAPTERS: Final = (
    *asvs_people.CHAPTERS,
    *asvs_tokens.CHAPTERS,
    *asvs_service.CHAPTERS,
    *asvs_operation.CHAPTERS,
)
CONFORMANCE_ROW: Final = re.compile(r"([A-Z]+)-(\d+)")

_HEAD: Final = """\
# OWASP ASVS 5.0, row by row

What version 5.0 of the [Application Security Verification Standard][asvs] asks and watchword has a part
in, in our own words, and what shows it. *Shown* means that the named tests are in the suite, those below
`tests/soak` in `make soak`, and that the sections exist; a test fails when one of them goes, and when this
page is out of date. It does not mean that somebody else has looked.

Everything else says why. *Partly* names what is not shown. *Yours* is decided where the service runs. *Not
applicable* has nothing to apply to. *Open* is missing. Ids like `SES-80` are rows of
[the other table](../conformance.md), which names their tests. Requirements that are not listed are about
things watchword does not do, or have not been looked at. This page says nothing about the service around
watchword.

[asvs]: https://owasp.org/www-project-application-security-verification-standard/

It is made by `python -m tests.house.asvs`.
"""


def rows() -> list[Requirement]:
    """Every row in the order of the page."""
    return [row for chapter in CHAPTERS for row in chapter.rows]


def result(row: Requirement) -> str:
    """One word, and the reason where the evidence is not all of it."""
    return row.instead or "shown"


def render() -> str:
    """The page as it has to be."""
    return "\n".join([_HEAD, *_summary(), *(line for chapter in CHAPTERS for line in _chapter(chapter))])


def _summary() -> Iterator[str]:
    results = [result(row) for row in rows()]
    counted = [(word.removesuffix(": "), sum(each.startswith(word) for each in results)) for word in RESULTS]
    yield f"Of {len(results)} rows {results.count('shown')} are shown, {', '.join(_counts(counted))}.\n"


def _counts(counted: list[tuple[str, int]]) -> Iterator[str]:
    yield from (f"{number} {word}" for word, number in counted)


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"## {chapter.title}\n"
    yield "| id | level | what is asked | shown by | result |"
    yield "|---|---|---|---|---|"
    for row in chapter.rows:
        evidence = "<br>".join(map(_shown, row.evidence))
        yield f"| {row.ids} | {row.level} | {row.asks} | {evidence} | {result(row)} |"
    yield ""


def _shown(evidence: str) -> str:
    if CONFORMANCE_ROW.fullmatch(evidence):
        return f"`{evidence}`"
    if evidence.startswith("docs/"):
        path, _, anchor = evidence.removeprefix("docs/").partition("#")
        target = path.removeprefix("security/") if path.startswith("security/") else f"../{path}"
        return f"[{path}]({target}{'#' if anchor else ''}{anchor})"
    return f"`tests/{evidence}`"


def missing(evidence: str) -> str | None:
    """Why a piece of evidence is none, or ``None`` where it is there."""
    row = CONFORMANCE_ROW.fullmatch(evidence)
    if row is not None:
        held = {(area.family, each.number): each for area in AREAS for each in area.rows}
        found = held.get((row[1].lower(), int(row[2])))
        if found is None:
            return "no row of docs/conformance.md"
        return None if found.instead is None else f"not held there: {found.instead}"
    if evidence.startswith("docs/"):
        return _missing_section(evidence)
    file, _, name = evidence.partition("::")
    path = ROOT / "tests" / file
    return None if path.is_file() and name in _tests(path) else "no such test"


def _missing_section(evidence: str) -> str | None:
    file, _, anchor = evidence.partition("#")
    path = ROOT / file
    if not path.is_file():
        return "no such page"
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return None if not anchor or anchor in anchors else "no such section"


@cache
def _tests(path: Path) -> frozenset[str]:
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return frozenset(
        node.name
        for node in tree
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
