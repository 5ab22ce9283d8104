"""``watchword`` as a process of its own that is forked from one which has imported everything.

It has its own arguments, environment, folder and streams, as one that was started from nothing; only the
second that Python needs to import a service is spent once a test process. What the start from nothing
promises is for ``subprocess``: see ``run_from_nothing`` in ``tests.servers.demo``.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_IMPORTED: Final = (
    "watchword.cli.main",
    "watchword.app",
    "watchword.serving.service",
    "watchword.serving.server",
    "watchword.demo.server",
    "watchword.demo.walkthrough",
    "watchword.doctor",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn.lifespan.on",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "sqlalchemy.dialects.postgresql.asyncpg",
)
FORKS: Final = multiprocessing.get_context("forkserver")
"""For functions of tests as well: a test process has one server of forks, so what it imports is said here."""
FORKS.set_forkserver_preload([*_IMPORTED, "pytest", "tests.sessions.callers"])


class ForkedProcess:
    """What tests use of ``subprocess.Popen``. Its output is kept in files, so that no pipe is ever full."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        terminal: str | None = None,
    ) -> None:
        """Start ``watchword`` in a session of its own; ``terminal`` is the device that gets its errors."""
        self._kept = tempfile.TemporaryDirectory(prefix="ww-forked-")
        self._out, self._err = (Path(self._kept.name) / name for name in ("out", "err"))
        self._out.touch()
        self._err.touch()
        streams = str(self._out), terminal or str(self._err)
        self._process = FORKS.Process(
            target=_become, args=(list(arguments), str(folder), dict(environment), streams)
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid
        self._told: tuple[str, str] | None = None

    @property
    def returncode(self) -> int | None:
        """As Popen has it: None while it runs, the negative signal where one ended it."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("watchword", timeout)
        return self.returncode

    def communicate(self, timeout: float = 60) -> tuple[str, str]:
        """Wait for its end; what it wrote, the same each time."""
        self.wait(timeout)
        if self._told is None:
            self._told = self._out.read_text(), self._err.read_text()
            self._kept.cleanup()
        return self._told

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_forked(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    timeout: float,
    terminal: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """``subprocess.run`` of the same: until it ends by itself."""
    process = ForkedProcess(arguments, folder, environment, terminal=terminal)
    try:
        out, err = process.communicate(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate(timeout)
        raise
    return subprocess.CompletedProcess(["watchword", *arguments], process.wait(timeout), out, err)


def _become(arguments: list[str], folder: str, environment: dict[str, str], streams: tuple[str, str]) -> None:
    """In the child: everything that ``python -m watchword`` would find."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    opened = (
        os.open(os.devnull, os.O_RDONLY),
        os.open(streams[0], os.O_WRONLY),
        os.open(streams[1], os.O_WRONLY | os.O_NOCTTY),
    )
    take_streams(*opened)
    sys.argv = ["watchword", *arguments]
    runpy.run_module("watchword", run_name="__main__", alter_sys=True)


def take_streams(stdin: int, stdout: int, stderr: int) -> None:
    """In a forked process: these descriptors are its standard streams."""
    for number, given in enumerate((stdin, stdout, stderr)):
        os.dup2(given, number)
        os.close(given)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- as long as the process lives
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
