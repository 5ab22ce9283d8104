"""The databases of the session suite are those of the contract suite."""

from __future__ import annotations

import pytest

from tests.contract.conftest import database, database_url, sqlite_url
from tests.flows.conftest import provider_server, start_service

__all__ = ["database", "database_url", "provider_server", "sqlite_url", "start_service"]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.servers.postgres")
