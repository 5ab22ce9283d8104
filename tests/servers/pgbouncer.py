"""Debian's PgBouncer on loopback in front of a PostgreSQL of the tests, in transaction mode.

Where it is not installed the tests that ask are skipped with the reason; with ``CI=true`` they fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.servers.ports import loopback_port

_START_SECONDS = 20
_STOP_SECONDS = 10
_CONFIGURATION = """
[databases]
* = host={socket_folder} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
{authentication}
pool_mode = {mode}
default_pool_size = {servers}
server_round_robin = 1
ignore_startup_parameters =
logfile = {folder}/log
"""


class PgBouncer:
    """``url_of`` is the way through it to a database of the server behind; the port stays the same through
    stops and starts."""

    def __init__(self, binary: str, folder: Path, port: int, account: dict[str, Any]) -> None:
        self._command = [binary, "-q", str(folder / "pgbouncer.ini")]
        self._folder = folder
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port

    def start(self) -> None:
        nowhere = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdout=nowhere, stderr=nowhere, **self._account)
        _wait_until_it_listens(self.port, self._process, self._folder)

    def stop(self) -> None:
        """Cuts every connection in mid word."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_STOP_SECONDS)
            self._process = None

    def url_of(self, url: str) -> str:
        name = make_url(url).database
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}"


@contextmanager
def running_pgbouncer(
    socket_folder: Path,
    *,
    mode: str = "transaction",
    servers: int = 4,
    passwords: Mapping[str, str] | None = None,
) -> Iterator[PgBouncer]:
    """One in front of the server whose socket is in ``socket_folder``. At most ``servers`` connections a
    database, used in turn, so that few transactions of a client meet the one before. It takes everybody, or
    those of ``passwords``, by name."""
    binary = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if binary is None:
        _missing("PgBouncer is not installed")
        raise AssertionError("unreachable")
    with tempfile.TemporaryDirectory(prefix="ww-pgb-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), loopback_port()
        account = _account(folder)
        authentication = "auth_type = any"
        if passwords is not None:
            authentication = f"auth_type = scram-sha-256\nauth_file = {folder}/users"
            listed = "".join(f'"{user}" "{password}"\n' for user, password in passwords.items())
            (folder / "users").write_text(listed)
        text = _CONFIGURATION.format(
            socket_folder=socket_folder,
            port=port,
            folder=folder,
            mode=mode,
            servers=servers,
            authentication=authentication,
        )
        (folder / "pgbouncer.ini").write_text(text)
        running = PgBouncer(binary, folder, port, account)
        try:
            running.start()
            yield running
        finally:
            running.stop()


def _account(folder: Path) -> dict[str, Any]:
    """It refuses to run as root: then ``nobody`` runs it, and owns its folder."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    folder.chmod(0o755)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            log = folder / "log"
            said = log.read_text() if log.exists() else ""
            raise AssertionError(f"PgBouncer ended with {process.returncode}: {said[-2000:]}")
        assert time.monotonic() < give_up_at, "PgBouncer does not listen"
        time.sleep(0.01)


def _missing(reason: str) -> None:
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)
