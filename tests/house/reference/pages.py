"""Which page is made by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.house.reference import cli, errors, http, python, settings
from tests.house.tree import ROOT

FOLDER: Final = ROOT / "docs" / "reference"
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "cli.md": cli.page,
    "errors.md": errors.page,
    "http.md": http.page,
    "python.md": python.page,
    "settings.md": settings.page,
}


def written(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def write(folder: Path = FOLDER) -> None:
    folder.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")
