"""Where a benchmark puts its results: out, into a file of its own, between two marks of a page."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PagePart:
    """The part of a page that one benchmark makes, between the marks ``begin`` and ``end``."""

    begin: str
    end: str

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """``--into``, refused before anything is measured where the page has no such part, ``--json``."""
        parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured there")
        parser.add_argument(
            "--into", type=self._page, metavar="FILE", help="renew the part of that page made by this"
        )

    def deliver(self, asked: argparse.Namespace, found: str, measured: object) -> None:
        """Print what was found, and write it where the options say."""
        print(found)
        if asked.into is not None:
            text = asked.into.read_text(encoding="utf-8")
            asked.into.write_text(put_between(text, found, begin=self.begin, end=self.end), encoding="utf-8")
        if asked.json is not None:
            asked.json.write_text(json.dumps(measured) + "\n", encoding="utf-8")

    def _page(self, given: str) -> Path:
        path = Path(given)
        try:
            put_between(path.read_text(encoding="utf-8"), "", begin=self.begin, end=self.end)
        except (OSError, ValueError) as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return path


def put_between(text: str, found: str, *, begin: str, end: str) -> str:
    """The page ``text`` with ``found`` between its two marks. Raises ValueError where it lacks them."""
    before, has_begin, rest = text.partition(begin)
    _, has_end, after = rest.partition(end)
    if not has_begin or not has_end:
        raise ValueError(f"the page has no place for it: {begin} … {end}")
    return f"{before}{begin}\n{found}\n{end}{after}"
