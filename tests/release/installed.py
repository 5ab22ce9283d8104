"""An environment of its own with the wheel and ``requirements/runtime.txt``, and what is run in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tests.servers.demo import environment

VERSIONS = ("3.11", "3.12", "3.13")
_UV = ROOT / ".venv" / "bin" / "uv"
_INSTALL_SECONDS = 300
_RUN_SECONDS = 120


@dataclass(frozen=True)
class Installed:
    """A virtual environment and an empty folder to work in."""

    home: Path
    folder: Path

    @property
    def python(self) -> Path:
        return self.home / "bin" / "python"

    def run(self, program: str, *arguments: str) -> str:
        """What a program of the environment prints; it has to end well."""
        ended = self._ended(self.home / "bin" / program, *arguments)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def run_other(self, program: Path, *arguments: str | Path) -> str:
        """What a program prints that looks at the environment, whatever it thinks of it."""
        return self._ended(program, *arguments).stdout

    def _ended(self, program: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        ours = ("PYTHON", "PYTEST", "COVERAGE")
        kept = {name: value for name, value in environment().items() if not name.startswith(ours)}
        activated = {"PATH": f"{self.home / 'bin'}{os.pathsep}{os.defpath}", "VIRTUAL_ENV": str(self.home)}
        return subprocess.run(
            [program, *arguments],
            cwd=self.folder,
            env=kept | activated,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )

    def add(self, *requirements: str | Path) -> None:
        """Install with these arguments of ``uv pip install``."""
        _uv("pip", "install", "--python", self.python, *requirements)


def install(wheel: Path, python: Path, where: Path) -> Installed:
    """The wheel with exactly the locked requirements, their digests checked."""
    folder = where / "work"
    folder.mkdir()
    _uv("venv", "--python", python, where / "venv")
    made = Installed(where / "venv", folder)
    made.add("--require-hashes", "-r", ROOT / "requirements" / "runtime.txt")
    made.add("--no-deps", "--no-index", wheel)
    return made


def find_python(version: str) -> Path:
    """An interpreter of this version; without one the test is skipped, or fails where ``CI=true``."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = shutil.which(f"python{version}")
    candidates = [
        Path(sys.executable),
        *([Path(on_path)] if on_path else []),
        *pyenv.glob(f"{version}.*/bin/python"),
    ]
    for candidate in candidates:
        asked = subprocess.run(
            [candidate, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
        if asked.stdout.startswith(f"Python {version}."):
            return candidate
    if os.environ.get("CI") == "true":
        pytest.fail(f"no Python {version}")
    pytest.skip(f"no Python {version} was found")


def pinned(name: str) -> str:
    """``name==version`` as the development requirements lock it."""
    text = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{name}==[^ ]+", text, re.MULTILINE)
    assert found is not None
    return found[0]


def _uv(*arguments: str | Path) -> None:
    command: Sequence[str | Path] = [_UV, *arguments[:1], "--quiet", *arguments[1:]]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)
    assert ended.returncode == 0, ended.stderr
