"""Search with atheris for inputs that break a promise: ``python -m tests.fuzz NAME SECONDS``.

It goes where the parser's own branches lead. What it finds lies in ``tests/fuzz/cases/NAME``.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

MAX_INPUT_BYTES = 4096
SLOWEST_SECONDS = 5
"""An input that takes longer is a finding too."""


def search(name: str, seconds: int) -> None:
    """Does not return: libFuzzer ends the process, with 0 where it found nothing."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["watchword"]):
        harness = importlib.import_module("tests.fuzz.registry").HARNESSES[name]
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, case in enumerate(harness.cases()):
        (corpus / f"seed-{number}").write_bytes(case)
    words = folder / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in harness.words), encoding="ascii")
    harness.folder.mkdir(exist_ok=True)
    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-dict={words}",
            f"-artifact_prefix={harness.folder}/",
            f"-max_total_time={seconds}",
            f"-max_len={MAX_INPUT_BYTES}",
            f"-timeout={SLOWEST_SECONDS}",
            "-print_final_stats=1",
        ],
        harness.run,
    )
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    search(sys.argv[1], int(sys.argv[2]))
