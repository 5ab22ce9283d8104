"""HashiCorp Vault's key-value engine, version 2, for tests: a small double on loopback.

Written from the engine's HTTP API documentation, and held against a real OpenBao by the same contract
suite (``tests/servers/openbao.py``). It knows ``data`` of one mount: reading a version, writing with
``cas``, deleting the newest; tokens; namespaces; being sealed; and not answering.

Fixture: ``key_value``, which also sets Vault's standard environment for the test.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest

from tests.servers.ports import loopback_port

TOKEN: Final = "hvs.test-token-of-the-double"
MOUNT: Final = "secret"
_STALE: Final = "check-and-set parameter did not match the current version"


@dataclass
class Version:
    number: int
    created_time: str
    data: dict[str, Any] | None
    deletion_time: str = ""

    def metadata(self) -> dict[str, Any]:
        return {
            "created_time": self.created_time,
            "custom_metadata": None,
            "deletion_time": self.deletion_time,
            "destroyed": False,
            "version": self.number,
        }


@dataclass
class KeyValueServer:
    """What it holds, and how it is to behave."""

    url: str
    versions: dict[str, list[Version]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    sealed: bool = False
    garbage: bool = False
    namespace: str | None = None
    hanging: threading.Event | None = None
    requests: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, path: str, data: dict[str, Any]) -> None:
        """As an operator does, without check-and-set."""
        with self.lock:
            self._add(path, data)

    def delete(self, path: str) -> None:
        """The newest version, softly."""
        with self.lock:
            newest = self.versions[path][-1]
            newest.data, newest.deletion_time = None, _now()

    def hang(self) -> threading.Event:
        """Accept requests and answer none, until the event is set."""
        self.hanging = threading.Event()
        return self.hanging

    def answer(self, method: str, path: str, headers: Any, body: bytes, query: str) -> tuple[int, Any]:
        self.requests.append((method, path))
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if (
            headers.get("X-Vault-Namespace") != self.namespace
            or headers.get("X-Vault-Token") not in self.tokens
        ):
            return 403, {"errors": ["permission denied"]}
        prefix = f"/v1/{MOUNT}/data/"
        if not path.startswith(prefix):
            route = path.removeprefix("/v1/")
            return 404, {"errors": [f'no handler for route "{route}". route entry not found.']}
        with self.lock:
            inside = path.removeprefix(prefix)
            return self._read(inside, query) if method == "GET" else self._write(inside, body)

    def _read(self, path: str, query: str) -> tuple[int, Any]:
        versions = self.versions.get(path, [])
        asked = int(query.removeprefix("version=")) if query else 0
        found = [each for each in versions if not asked or each.number == asked]
        if not found:
            return 404, {"errors": []}
        answer = {"data": {"data": found[-1].data, "metadata": found[-1].metadata()}}
        return (200 if found[-1].data is not None else 404), answer

    def _write(self, path: str, body: bytes) -> tuple[int, Any]:
        given = json.loads(body)
        versions = self.versions.get(path, [])
        cas = given.get("options", {}).get("cas")
        if cas is not None and cas != (versions[-1].number if versions else 0):
            return 400, {"errors": [_STALE]}
        return 200, {"data": self._add(path, given["data"]).metadata()}

    def _add(self, path: str, data: dict[str, Any]) -> Version:
        versions = self.versions.setdefault(path, [])
        made = Version(len(versions) + 1, _now(), data)
        versions.append(made)
        return made


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _handler(server: KeyValueServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: what is asked is in ``requests``."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if server.hanging is not None:
                server.hanging.wait(30)
                self.close_connection = True
                return
            path, _, query = self.path.partition("?")
            status, document = server.answer(self.command, path, self.headers, body, query)
            text = b"<html>no such page</html>" if server.garbage else json.dumps(document).encode()
            self.send_response(200 if server.garbage else status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    return Handler


@pytest.fixture
def key_value(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyValueServer]:
    """A running, empty engine at the mount ``secret``, and the environment that leads there."""
    with serving() as server:
        in_vault_environment(monkeypatch, server.url, TOKEN)
        yield server


@contextmanager
def serving() -> Iterator[KeyValueServer]:
    """A running, empty engine at the mount ``secret``."""
    port = loopback_port()
    server = KeyValueServer(f"http://127.0.0.1:{port}")
    http = ThreadingHTTPServer(("127.0.0.1", port), _handler(server))
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        if server.hanging is not None:
            server.hanging.set()
        http.shutdown()
        http.server_close()
        thread.join(5)


def in_vault_environment(patch: pytest.MonkeyPatch, url: str, token: str) -> None:
    """Nothing of the machine's own set-up counts in this test."""
    for name in ("VAULT_TOKEN_FILE", "VAULT_NAMESPACE", "VAULT_CACERT", "VAULT_CAPATH"):
        patch.delenv(name, raising=False)
    patch.setenv("VAULT_ADDR", url)
    patch.setenv("VAULT_TOKEN", token)
    patch.setenv("NO_PROXY", "127.0.0.1")
