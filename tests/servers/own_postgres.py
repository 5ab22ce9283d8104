"""A PostgreSQL that one test has for itself, because it stops or freezes it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers.postgres import Installation, PostgresServer, installed, stop
from watchword.migrations.runner import render_sql


class OwnPostgres:
    """Migrated and running; ``url`` stays the same through stops and starts."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        self._server = PostgresServer(installation.binaries, installation.folder, template="postgres")
        self.url = self._server.create("service")
        self._server.run_sql(render_sql("postgresql"), database="service")

    @property
    def folder(self) -> Path:
        """Where its socket is."""
        return self._installation.folder

    def start(self) -> None:
        """What it has committed outlives ``stop``."""
        self._process = self._installation.launch(synchronous_commit="on")

    def stop(self) -> None:
        """Cuts every connection in mid word, as a crash of its machine does."""
        if self._process is not None:
            self.thaw()
            stop(self._process)
            self._process = None

    def freeze(self) -> None:
        """Every process of the server stands still: it accepts connections and never answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def take_writes(self, *, writes: bool) -> None:
        """Also from those who are connected already, as after a failover to a standby."""
        value = "off" if writes else "on"
        self._server.run_sql(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        self._server.run_sql("SELECT pg_reload_conf()")

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for pid in (parent, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    with installed() as installation:
        server = OwnPostgres(installation)
        try:
            yield server
        finally:
            server.stop()
