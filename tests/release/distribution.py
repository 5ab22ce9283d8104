"""Wheel and source distribution: how they are made, and what is in them."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tomllib
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from tests.house.tree import ROOT

VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
WHEEL = f"watchword-{VERSION}-py3-none-any.whl"
SDIST = f"watchword-{VERSION}.tar.gz"
_BUILD_SECONDS = 120


def build_from(source: Path, folder: Path) -> None:
    """Both, of the files as they are, committed or not."""
    next(WheelBuilder(str(source)).build(directory=str(folder), versions=["standard"]))
    next(SdistBuilder(str(source)).build(directory=str(folder), versions=["standard"]))


def build_commit(folder: Path, commit: str, *, umask: int = 0o022, timezone: str = "UTC") -> None:
    """Both, of a commit, by ``scripts/build``."""
    subprocess.run(
        [ROOT / "scripts" / "build", folder, commit],
        env={**os.environ, "TZ": timezone},
        umask=umask,
        capture_output=True,
        timeout=_BUILD_SECONDS,
        check=True,
    )


def of_wheel(path: Path) -> dict[str, bytes]:
    """The files of a wheel by their names."""
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def of_sdist(path: Path) -> dict[str, bytes]:
    """The files of a source distribution by their names below its one folder."""
    found: dict[str, bytes] = {}
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            content = archive.extractfile(member)
            assert content is not None, member.name
            folder, *parts = PurePosixPath(member.name).parts
            assert folder == SDIST.removesuffix(".tar.gz")
            found["/".join(parts)] = content.read()
    return found
