"""The files of this repository, without what tools leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LEFT_BEHIND = {"node_modules", "__pycache__", "dist", "build"}


def files(*suffixes: str, under: str = ".") -> Iterator[Path]:
    """Every file with one of the suffixes below a folder, hidden folders left out."""
    for path in sorted((ROOT / under).rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") or part in _LEFT_BEHIND for part in parts)
        if path.suffix in suffixes and path.is_file() and not hidden:
            yield path


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))
