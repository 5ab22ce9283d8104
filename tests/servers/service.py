"""``watchword serve`` as a process of its own, over the default database, migrated first."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.demo import (
    COMMAND,
    STOP_SECONDS,
    DemoProcess,
    environment,
    wait_until_ready,
)
from tests.servers.ports import loopback_port
from tests.servers.sqlite import migrated_sqlite


@contextmanager
def running_service(folder: Path, *arguments: str, **settings: str) -> Iterator[DemoProcess]:
    """A service on a free port, ready; killed at the end where a test has not stopped it.

    ``settings`` are without ``WATCHWORD_``, except for ``WEB_CONCURRENCY``, which has no prefix.
    """
    others = {name: settings.pop(name) for name in ("WEB_CONCURRENCY",) if name in settings}
    migrated_sqlite(folder / ".watchword" / "watchword.db")
    port = loopback_port()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port), *arguments],
        cwd=folder,
        env=environment(**settings) | others,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until_ready(port, process)
        yield DemoProcess(f"http://127.0.0.1:{port}", port, process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=STOP_SECONDS)
