"""The databases of the contract suite: every test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.schemas import Schema, schema_of
from tests.servers.sqlite import migrated_sqlite
from watchword.storage import SqlDatabase, open_database


def pytest_configure(config: pytest.Config) -> None:
    for plugin in ("postgres", "moto", "key_value", "openbao"):
        config.pluginmanager.import_plugin(f"tests.servers.{plugin}")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A fresh SQLite file at the newest migration."""
    return migrated_sqlite(tmp_path / "watchword.db").replace("sqlite:", "sqlite+aiosqlite:", 1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database of either kind."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that was never migrated."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/new/watchword.db"
    return str(request.getfixturevalue("empty_postgres_url"))


@pytest.fixture
def schema(request: pytest.FixtureRequest) -> Schema:
    """A function that writes down the whole schema of a database, in the database's own words."""
    return lambda url: schema_of(url, lambda: request.getfixturevalue("postgres_server"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[SqlDatabase]:
    opened = open_database(database_url)
    yield opened
    await opened.close()
