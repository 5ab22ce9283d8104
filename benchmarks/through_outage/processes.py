"""The processes of a run: the provider, and ``watchword demo`` as anybody would start it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Any, Final

from benchmarks.through_outage.plan import Plan

_ROOT: Final = Path(__file__).parents[2]
_PATIENCE_SECONDS: Final = 30.0
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 15.0


class CannotMeasure(Exception):
    """A process did not start, or ended before it should."""


class Provider:
    """The development provider's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.settings: dict[str, Any] = self._told()
        self.people: list[str] = self.settings.pop("people")

    def order(self, what: str) -> Mapping[str, int]:
        """A fault, ``heal`` or ``calls``; how often each endpoint was called. Raises CannotMeasure."""
        if self._process.stdin is None:
            raise CannotMeasure("the provider has no pipe")
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._told()

    def _told(self) -> dict[str, Any]:
        patience = Timer(_PATIENCE_SECONDS, self._process.kill)
        patience.start()
        line = "" if self._process.stdout is None else self._process.stdout.readline()
        patience.cancel()
        if not line:
            raise CannotMeasure("the provider ended; its last words are above")
        told: dict[str, Any] = json.loads(line)
        return told


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Ends with its input. Raises CannotMeasure."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.through_outage.provider"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Provider(process)
    finally:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)


@contextmanager
def running_service(folder: Path, plan: Plan, provider: Provider) -> Iterator[str]:
    """The address of a service that is ready; its log is ``service.log`` in the folder. Raises
    CannotMeasure."""
    port = _free_port()
    settings = _environment(folder, plan, provider, port)
    with (folder / "service.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*_WATCHWORD, "demo", "--port", str(port), "--workers", str(plan.workers)],
            cwd=folder,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_until_ready(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(_STOP_SECONDS)


_WATCHWORD: Final = (sys.executable, "-m", "watchword")


def _environment(folder: Path, plan: Plan, provider: Provider, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD_")}
    settings = {
        "BASE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": plan.database_url or f"sqlite:///{folder}/watchword.db",
        "SECRET_KEY": base64.b64encode(os.urandom(32)).decode("ascii"),
        "PROVIDERS": json.dumps({"dev": provider.settings}),
        "PROVIDER_RECHECK_SECONDS": str(plan.recheck_seconds),
        "PROVIDER_GRACE_SECONDS": str(plan.grace_seconds),
        "MAX_SESSIONS_PER_USER": "1000",
    }
    environment = kept | {f"WATCHWORD_{name}": value for name, value in settings.items()}
    if plan.database_url is not None:
        _migrate(folder, environment)
    return environment


def _migrate(folder: Path, environment: Mapping[str, str]) -> None:
    """A database that the demo does not make itself. Raises CannotMeasure."""
    command = [*_WATCHWORD, "db", "upgrade"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise CannotMeasure(f"the database cannot be brought up to date: {done.stderr.strip()}")


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise CannotMeasure("the service did not start; see its log")
        time.sleep(0.1)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
