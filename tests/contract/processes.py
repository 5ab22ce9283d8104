"""Real processes that begin at the same moment."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TextIO

from tests.servers.forked import FORKS, take_streams

WAIT_SECONDS = 60


class Worker:
    """A script in a process of its own; what tests use of ``subprocess.Popen``, its streams being text."""

    def __init__(self, script: Path, *arguments: str) -> None:
        their_input, to_them = FORKS.Pipe(duplex=False)
        from_them, their_output = FORKS.Pipe(duplex=False)
        self._errors = tempfile.NamedTemporaryFile(prefix="ww-worker-")  # noqa: SIM115 -- closed by `close`
        given = (str(script), arguments, their_input, their_output, self._errors.name)
        self._process = FORKS.Process(target=_run, args=given)
        self._process.start()
        self.stdin, self.stdout = _text(to_them, "w"), _text(from_them, "r")
        their_input.close()
        their_output.close()

    def communicate(self, timeout: float) -> tuple[str, str]:
        """What it wrote, on standard output and as errors, until its end. Raises TimeoutExpired."""
        self.stdin.close()
        self.wait(timeout)
        return self.stdout.read(), self.errors()

    def errors(self) -> str:
        return Path(self._errors.name).read_text()

    def wait(self, timeout: float) -> None:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("worker", timeout)

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        """Nothing of it stays."""
        self.kill()
        self.wait(WAIT_SECONDS)
        for each in (self.stdin, self.stdout, self._errors):
            each.close()


@contextmanager
def workers(number: int, script: Path, *arguments: str) -> Iterator[list[Worker]]:
    """So many processes of a script that says ``ready`` and waits for a line; none survives."""
    with ExitStack() as stack:
        started = []
        for n in range(number):
            started.append(Worker(script, *arguments, f"p{n}"))
            stack.callback(started[-1].close)
        yield started


def let_go_together(processes: Sequence[Worker]) -> list[str]:
    """What each says after ``ready``; an error or a late answer fails the test."""
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.errors()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=WAIT_SECONDS) for process in processes]
    assert [errors for _, errors in answers if errors] == []
    return [output for output, _ in answers]


def _text(connection: Connection, mode: str) -> TextIO:
    """The same pipe as a file."""
    descriptor = os.dup(connection.fileno())
    connection.close()
    return os.fdopen(descriptor, mode)  # type: ignore[return-value]


def _run(script: str, arguments: Sequence[str], source: Connection, sink: Connection, errors: str) -> None:
    streams = os.dup(source.fileno()), os.dup(sink.fileno()), os.open(errors, os.O_WRONLY)
    source.close()
    sink.close()
    take_streams(*streams)
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")
