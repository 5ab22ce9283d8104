"""Real processes that begin at the same moment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

WAIT_SECONDS = 60


@contextmanager
def workers(number: int, script: Path, *arguments: str) -> Iterator[list[subprocess.Popen[str]]]:
    """So many processes of a script that says ``ready`` and waits for a line; none survives."""
    with ExitStack() as stack:
        yield [stack.enter_context(_worker(script, *arguments, f"p{n}")) for n in range(number)]


def let_go_together(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """What each says after ``ready``; an error or a late answer fails the test."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=WAIT_SECONDS) for process in processes]
    assert [errors for _, errors in answers if errors] == []
    return [output for output, _ in answers]


@contextmanager
def _worker(script: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(script), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
