"""A clock that stands still, and a Valkey where a test asks for one."""

from __future__ import annotations

import pytest

from watchword.testing import FakeClock


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.servers.valkey")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
