"""``watchword serve`` as a process of its own, over the default database, migrated first."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.demo import COMMAND, DemoProcess, environment, serving
from tests.servers.forked import ForkedProcess
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
    command = ("serve", "--port", str(port), *arguments)
    with serving(port, ForkedProcess(command, folder, environment(**settings) | others)) as service:
        yield service


@contextmanager
def service_from_nothing(folder: Path) -> Iterator[DemoProcess]:
    """The same by a Python of its own, as a shell starts it."""
    migrated_sqlite(folder / ".watchword" / "watchword.db")
    port = loopback_port()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port)],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with serving(port, process) as service:
        yield service
