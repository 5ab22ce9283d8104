"""The servers that vault tests speak to."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    for plugin in ("moto", "key_value"):
        config.pluginmanager.import_plugin(f"tests.servers.{plugin}")
