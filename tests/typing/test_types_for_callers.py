"""What a user's type checker says about our public names: everything it should, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.servers.node import PYRIGHT, PYRIGHT_PROGRAM, install, node_program
from tests.typing.samples import BAD, GOOD, line_of, mistakes

ROOT = Path(__file__).parents[2]
WITH_OUR_CACHE = (f"--config-file={ROOT / 'pyproject.toml'}", f"--cache-dir={ROOT / '.mypy_cache'}")
"""The options of ``make check``, so that nothing it has read is read again."""


class Said(NamedTuple):
    """One error of a type checker: the file, the line from 1, and what it says."""

    file: str
    line: int
    text: str


def test_mypy_finds_a_users_module_clean_and_every_mistake(tmp_path: Path) -> None:
    """With ``--strict``: decorated endpoints keep their parameters and results, the caller is a
    Principal, and each wrong line is an error."""
    assert (ROOT / "src" / "watchword" / "py.typed").is_file()
    _write(tmp_path)
    options = ["--strict", "--no-error-summary", *WITH_OUR_CACHE]
    told = _run([sys.executable, "-m", "mypy", *options, "service.py", "mistakes.py"], tmp_path)
    parts = [line.split(":", 2) for line in told.splitlines()]
    said = [Said(file, int(number), text) for file, number, text in parts]
    assert not [each for each in said if each.file == "service.py"]
    for mistake in BAD:
        assert any(mistake.mypy in each.text for each in said if each.line == line_of(mistake)), mistake


def test_pyright_finds_a_users_module_clean_and_every_mistake(tmp_path: Path) -> None:
    """The same in the strict mode of what editors ask."""
    _write(tmp_path)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}))
    node = node_program()
    install(PYRIGHT, node)
    options = ["--outputjson", "--pythonpath", sys.executable, "--project", str(tmp_path)]
    told = json.loads(_run([str(node), str(PYRIGHT_PROGRAM), *options], tmp_path))
    assert told["summary"]["filesAnalyzed"] == 2
    said = [
        Said(Path(each["file"]).name, each["range"]["start"]["line"] + 1, each["rule"])
        for each in told["generalDiagnostics"]
    ]
    assert not [each for each in said if each.file == "service.py"]
    for mistake in BAD:
        assert Said("mistakes.py", line_of(mistake), mistake.pyright) in said, mistake


def _write(folder: Path) -> None:
    (folder / "service.py").write_text(GOOD)
    (folder / "mistakes.py").write_text(mistakes())


def _run(command: Sequence[str], folder: Path) -> str:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 1, ended.stderr
    return ended.stdout
