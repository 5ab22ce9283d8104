"""A deployment by the environment, and the report of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.sqlite import migrated_sqlite


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.servers.postgres")


@pytest.fixture(autouse=True)
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated database, and nothing else; its address."""
    monkeypatch.chdir(tmp_path)
    url = migrated_sqlite(tmp_path / "service.db")
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", url)
    return url
