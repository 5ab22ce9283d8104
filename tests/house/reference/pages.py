"""Which page is made by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.house.reference.cli import page as cli
from tests.house.reference.errors import page as errors
from tests.house.reference.http import page as http
from tests.house.reference.python import page as python
from tests.house.reference.settings import page as settings
from tests.house.tree import ROOT

FOLDER: Final = ROOT / "docs" / "reference"
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "cli.md": cli,
    "errors.md": errors,
    "http.md": http,
    "python.md": python,
    "settings.md": settings,
}


def written(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def write(folder: Path = FOLDER) -> None:
    folder.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")
