"""``watchword demo`` as a process of its own, the way a person starts it."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tests.servers.forked import ForkedProcess, run_forked
from tests.servers.ports import loopback_port

START_SECONDS = 60
STOP_SECONDS = 30
COMMAND = (sys.executable, "-m", "watchword")
Process: TypeAlias = ForkedProcess | subprocess.Popen[str]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment with these ``WATCHWORD_*`` settings and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD_")}
    return kept | {f"WATCHWORD_{name}": value for name, value in settings.items()}


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """``watchword`` with these arguments, in a folder, until it ends by itself."""
    return run_forked(arguments, folder, environment(**settings), timeout=START_SECONDS)


def run_from_nothing(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The same by a Python of its own, as a shell starts it."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process went: its exit code and everything it wrote."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class DemoProcess:
    """A demo that answers ``/readyz``."""

    url: str
    port: int
    process: Process

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """Send one signal and wait for the end."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> Ended:
        out, err = self.process.communicate(timeout=STOP_SECONDS)
        return Ended(self.process.wait(STOP_SECONDS), out, err)


@contextmanager
def running_demo(
    folder: Path, *arguments: str, port: int | None = None, **settings: str
) -> Iterator[DemoProcess]:
    """A demo on a free port, ready to serve; killed at the end where a test has not stopped it."""
    port = port if port is not None else loopback_port()
    command = ("demo", "--port", str(port), *arguments)
    with serving(port, ForkedProcess(command, folder, environment(**settings))) as demo:
        yield demo


@contextmanager
def serving(port: int, process: Process) -> Iterator[DemoProcess]:
    """A started process as soon as it serves; killed at the end with all it has started."""
    try:
        wait_until_ready(port, process)
        yield DemoProcess(f"http://127.0.0.1:{port}", port, process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=STOP_SECONDS)


def wait_until_ready(port: int, process: Process) -> None:
    """Ask ``/readyz`` until it says 200; a process that ends or takes too long fails the test."""
    give_up_at = time.monotonic() + START_SECONDS
    while not _is_ready(port):
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode}: {process.communicate()}")
        assert time.monotonic() < give_up_at, "it is not ready yet"
        time.sleep(0.05)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
