"""The version before the newest migration, out of the history of this repository, as a process."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.demo import COMMAND, STOP_SECONDS, DemoProcess, environment, wait_until_ready
from watchword.migrations import scripts

ROOT = Path(__file__).parents[2]
VERSIONS = Path(scripts.__file__).parent / "versions"


def code_before(revision: str, folder: Path) -> Path:
    """``src`` as it was before a migration came, unpacked; skips where there is no such history."""
    (file,) = VERSIONS.glob(f"{revision}.py")
    log = ["log", "--diff-filter=A", "--format=%H", "--", str(file.relative_to(ROOT))]
    try:
        added = _git(*log).decode().split()
        archive = _git("archive", "--format=tar", f"{added[-1]}^", "src") if added else b""
    except (OSError, subprocess.CalledProcessError):
        archive = b""
    if not archive:
        reason = f"the history from before {revision} is not here"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
    return folder / "src"


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True, timeout=60).stdout


def newest_of(code: Path, folder: Path) -> str:
    """The newest migration that the code there knows, as its own command line says."""
    done = subprocess.run(
        [*COMMAND, "db", "status", "--json"],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(code)},
        capture_output=True,
        timeout=STOP_SECONDS,
        check=False,
    )
    head: str = json.loads(done.stdout)["head"]
    return head


@contextmanager
def running_replica(code: Path, port: int, folder: Path, **settings: str) -> Iterator[DemoProcess]:
    """``watchword serve`` of the code there, ready; stopped by SIGTERM at the end."""
    log = (folder / f"replica-{port}.log").open("a")
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port)],
        cwd=folder,
        env=environment(**settings) | {"PYTHONPATH": str(code)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        text=True,
        start_new_session=True,
    )
    log.close()
    try:
        wait_until_ready(port, process)
        yield DemoProcess(f"http://127.0.0.1:{port}", port, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)
