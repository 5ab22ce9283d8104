"""Folders and files that only our own account can touch; whatever else is refused with its remedy."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from watchword.errors import KeyStoreInvalid

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def open_private_folder(folder: Path) -> int:
    """A descriptor of the folder; the caller closes it.

    Raises FileNotFoundError, other OSErrors, and KeyStoreInvalid when another account can get in.
    """
    found = os.lstat(folder)
    if stat.S_ISLNK(found.st_mode) and found.st_uid not in (0, os.geteuid()):
        raise KeyStoreInvalid(f"{folder} is a symbolic link that another account controls; name a folder")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        check_private(descriptor, folder, mode="700")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def check_private(descriptor: int, path: Path, *, mode: str) -> None:
    """Raises KeyStoreInvalid, with the command that mends it, unless only our own account can read and
    write what is open."""
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid():
        raise KeyStoreInvalid(
            f"{path} belongs to the account with the id {status.st_uid}, and the service runs as "
            f"{os.geteuid()}; run: chown {os.geteuid()} '{path}'"
        )
    if stat.S_IMODE(status.st_mode) & _OTHERS:
        raise KeyStoreInvalid(
            f"{path} can be read or written by others (mode {stat.S_IMODE(status.st_mode):o}); run: "
            f"chmod {mode} '{path}'"
        )
