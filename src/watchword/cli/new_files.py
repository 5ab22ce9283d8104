"""Files that a command writes: for their owner only, and never over others unless that was meant."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import typer

from watchword.cli.exit_codes import FAILED

_OWNER_ONLY = 0o600


def write_files(folder: Path, texts: Mapping[str, str], *, replace: bool) -> None:
    """All of ``texts`` by name; the folder is made where there is none. A file is whole or as it was. What
    is no Unicode, as names of files can be, becomes a question mark. Where one is there already and not to
    be replaced, none is written, and the command ends with exit code 1."""
    present = [name for name in texts if os.path.lexists(folder / name)]
    if present and not replace:
        raise _failed(f"{folder / present[0]} is there already; --yes replaces it")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in texts.items():
            _write(folder / name, text)
    except OSError as fault:
        raise _failed(f"{folder} cannot be written to: {fault.strerror or type(fault).__name__}") from None


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        os.replace(unfinished, path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _failed(cause: str) -> typer.Exit:
    typer.echo(f"Error: {cause}", err=True)
    return typer.Exit(FAILED)
