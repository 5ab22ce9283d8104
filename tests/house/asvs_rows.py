"""The rows of docs/security/asvs.md: what each requirement asks, in our own words, and what shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of the table.

    ``evidence`` names tests (``flows/test_x.py::test_y``, below ``tests/``), rows of
    docs/conformance.md (``SES-80``) and sections of pages (``docs/x.md#section``). ``instead`` is the
    result where the evidence does not show all of it: it begins with a word of ``RESULTS``.
    """

    ids: str
    level: str
    asks: str
    evidence: tuple[str, ...] = ()
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """Requirements that belong together."""

    title: str
    rows: tuple[Requirement, ...]


RESULTS: Final = ("partly: ", "open: ", "not applicable: ", "yours: ")
