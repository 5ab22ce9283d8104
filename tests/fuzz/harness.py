"""A harness: one parser, fed with anything, and what has to hold whatever comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CASES: Final = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Harness:
    """``run`` raises for an input that breaks a promise, and for nothing else. ``seeds`` are inputs
    that get far, ``words`` what is worth putting into others."""

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()

    @property
    def folder(self) -> Path:
        """Where inputs that once broke a promise are kept."""
        return CASES / self.name

    def cases(self) -> Iterator[bytes]:
        """The seeds, and what was found by searching."""
        yield from self.seeds
        for path in sorted(self.folder.glob("*")):
            yield path.read_bytes()
