"""The folder in which development keeps its database and its secret key."""

from __future__ import annotations

from pathlib import Path
from typing import Final

OWN_FOLDER: Final = ".watchword"


def make_folder(folder: Path) -> None:
    """Make ``folder``, which only its owner can enter, where it is missing; git leaves ours alone."""
    if folder.exists():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.name == OWN_FOLDER:
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
