"""PostgreSQL for the tests of the demo that need it."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.servers.postgres")
