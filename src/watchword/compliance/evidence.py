"""What the tests of this version show, as it is shipped: made by ``python -m tests.house.evidence``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

FILE: Final = "evidence.json"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A row of docs/security/asvs.md. ``result`` begins with shown, partly, open, yours or not applicable."""

    ids: str
    level: str
    asks: str
    result: str
    evidence: tuple[str, ...]

    @property
    def verdict(self) -> str:
        return self.result.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Area:
    """One part of docs/conformance.md: how many rows are held, and the result of each that is not simply."""

    title: str
    held: int
    others: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class PageTests:
    """What docs/accessibility.md says: what every page is asked, what was left out, each criterion (number,
    level, result, why), and the templates that were asked with the number of their forms."""

    checks: tuple[tuple[str, str], ...]
    not_tested: tuple[str, ...]
    criteria: tuple[tuple[str, str, str, str], ...]
    templates: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it."""

    asvs: tuple[Requirement, ...]
    conformance: tuple[Area, ...]
    accessibility: PageTests


@cache
def shipped() -> Evidence:
    """Of the version that is installed."""
    told: dict[str, Any] = json.loads(
        files("watchword.compliance").joinpath(FILE).read_text(encoding="utf-8")
    )
    pages = told["accessibility"]
    return Evidence(
        asvs=tuple(Requirement(row[0], row[1], row[2], row[3], tuple(row[4])) for row in told["asvs"]),
        conformance=tuple(
            Area(title, held, tuple((row[0], row[1], row[2]) for row in others))
            for title, held, others in told["conformance"]
        ),
        accessibility=PageTests(
            checks=tuple((asked, how) for asked, how in pages["checks"]),
            not_tested=tuple(pages["not_tested"]),
            criteria=tuple((row[0], row[1], row[2], row[3]) for row in pages["criteria"]),
            templates=tuple((name, forms) for name, forms in pages["templates"]),
        ),
    )
