"""The long search: every harness under atheris, for as long as `make soak` gives it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.registry import HARNESSES
from tests.house.tree import ROOT
from tests.soak.timing import SOAK_SECONDS

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("name", HARNESSES)
def test_a_search_finds_nothing(name: str, tmp_path: Path) -> None:
    """No input breaks a promise, none takes five seconds. What does is a file in ``tests/fuzz/cases``."""
    if importlib.util.find_spec("atheris") is None:
        missing = "atheris has no wheel for this machine"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", name, str(int(SOAK_SECONDS))],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SOAK_SECONDS * 2 + 120,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
