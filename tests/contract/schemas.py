"""The whole schema of a database, in the database's own words, to compare with another to the letter."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing

from sqlalchemy import make_url

from tests.servers.postgres import PostgresServer
from watchword.config.database_url import sqlite_path

Schema = Callable[[str], str]


def schema_of(url: str, server: Callable[[], PostgresServer]) -> str:
    """``server`` is asked for a PostgreSQL address only."""
    file = sqlite_path(url)
    return _postgres_schema(server(), url) if file is None else _sqlite_schema(file)


def _sqlite_schema(file: str) -> str:
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE name <> 'sqlite_sequence'"
        )
        return "\n".join(sorted(re.sub(r"\s+", " ", f"{kind} {name} {sql}") for kind, name, sql in found))


def _postgres_schema(server: PostgresServer, url: str) -> str:
    command = [str(server.binaries / "pg_dump"), "-s", "-h", str(server.folder), "-U", "postgres"]
    database = make_url(url).database or ""
    dumped = subprocess.run(
        [*command, database], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    return "\n".join(line for line in dumped.splitlines() if not re.match(r"\\(un)?restrict|--|$", line))
