"""Which test holds which row: the table of docs/conformance.md, made from the names of the tests.

A test that holds a row begins with the row's id, ``test_rp_24_…``; with several ids it holds
several, ``test_st_1_rp_45_…``, and numbers of one family may follow each other, ``test_pk_1_2_…``.
So does a case of a parametrised test: ``"rp-06 iat missing"``.

    python -m tests.house.conformance

writes the page anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.house.conformance_rows import AREAS, Area, Row

TESTS: Final = Path(__file__).resolve().parents[1]
PAGE: Final = TESTS.parent / "docs" / "conformance.md"
_FAMILIES: Final = frozenset(area.family for area in AREAS)
_CASE: Final = re.compile(rf"((?:{'|'.join(sorted(_FAMILIES))})-\d{{1,2}}) \S")
_SHOWN_TESTS: Final = 3

_HEAD: Final = """\
# What a relying party must refuse, and the tests that hold it

Each row is one thing a provider, an attacker or the network may do to a sign-in or a session, in our own
words; the ids are those of the tests. *Held* means that the named tests are in the suite, which has to
pass before anything is published. Rows that are not held say why: *not offered* where watchword does not
do the thing at all, *soak only* where the suite holds the logic and `make soak` the counts or the time,
*open* where nothing does yet.

This page is made from the names of the tests by `python -m tests.house.conformance`; a test fails when
it is out of date. Nothing here was run against a vendor's live service: the other sides are the
development provider, a provider of another make (npm `oidc-provider`) and hostile servers on loopback.
"""


@dataclass(frozen=True, slots=True, order=True)
class NamedTest:
    """Where a test is, from the root of the repository."""

    file: str
    name: str

    def __str__(self) -> str:
        return f"`{self.file}::{self.name}`"


def row_ids(name: str) -> Iterator[str]:
    """The ids at the beginning of a test's name: ``rp-24``, ``st-1``."""
    family = None
    for word in name.removeprefix("test_").split("_"):
        if word.isdigit() and family is not None:
            yield f"{family}-{int(word)}"
        elif word in _FAMILIES:
            family = word
        else:
            return


def named_tests() -> dict[str, list[NamedTest]]:
    """Every row id that names of tests and their cases mention, with the tests in order."""
    found: dict[str, set[NamedTest]] = {}
    for file in sorted(TESTS.rglob("test_*.py")):
        place = file.relative_to(TESTS.parent).as_posix()
        for row_id, name in _named(ast.parse(file.read_text(encoding="utf-8"))):
            found.setdefault(row_id, set()).add(NamedTest(place, name))
    return {row_id: sorted(tests) for row_id, tests in found.items()}


def _named(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield from ((row_id, node.name) for row_id in row_ids(node.name))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            case = _CASE.match(node.value)
            if case is not None:
                family, number = case[1].split("-")
                yield f"{family}-{int(number)}", node.value


def render(tests: dict[str, list[NamedTest]]) -> str:
    """The page as it has to be."""
    return "\n".join([_HEAD, *(line for area in AREAS for line in _area(area, tests))])


def _area(area: Area, tests: dict[str, list[NamedTest]]) -> Iterable[str]:
    yield f"## {area.title}\n"
    yield "| row | what happens, and what we do | tests | result |"
    yield "|---|---|---|---|"
    for row in area.rows:
        row_id = f"{area.family}-{row.number}"
        holding = tests.get(row_id, [])
        yield f"| {row_id.upper()} | {row.says} | {_shown(holding)} | {result(row, holding)} |"
    yield ""


def result(row: Row, holding: list[NamedTest]) -> str:
    """One word, and the reason where the suite alone does not hold the row."""
    if row.instead is not None:
        return row.instead
    return "held" if holding else "missing"


def _shown(holding: list[NamedTest]) -> str:
    shown = "<br>".join(map(str, holding[:_SHOWN_TESTS]))
    more = len(holding) - _SHOWN_TESTS
    return f"{shown}<br>and {more} more" if more > 0 else shown


if __name__ == "__main__":
    PAGE.write_text(render(named_tests()), encoding="utf-8")
