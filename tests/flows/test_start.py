"""Promises of the start: what stops it, what is only said, and readiness."""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import StartService
from watchword import Settings, Watchword
from watchword.config.secrets import Secret
from watchword.errors import DatabaseUnavailable, MigrationNeeded, SecretKeyMismatch
from watchword.migrations.runner import downgrade, upgrade

KEY = base64.b64encode(bytes(range(100, 132))).decode()
ENVIRONMENTS: Mapping[str, Mapping[str, Any]] = {
    "development": {},
    "staging": {"secret_key": KEY},
    "production": {"secret_key": Secret(KEY, "environment"), "base_url": "https://app.example.test"},
}


@pytest.fixture(params=list(ENVIRONMENTS))
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings that are right for one environment, over a database that is not there yet."""
    given = ENVIRONMENTS[request.param]
    return Settings(environment=request.param, database_url=f"sqlite:///{tmp_path}/app.db", **given)


async def test_a_database_that_is_not_migrated_stops_every_environment(
    settings: Settings, tmp_path: Path
) -> None:
    """Whether it is missing or old; the command that helps is named, and nothing was made or changed."""
    with pytest.raises(MigrationNeeded, match="run: watchword db upgrade"):
        await Watchword(settings).services()
    assert not os.listdir(tmp_path)
    await upgrade(settings.database_url)
    await downgrade(settings.database_url, "base")
    with pytest.raises(MigrationNeeded):
        await Watchword(settings).services()


async def test_a_check_leaves_nothing_behind(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """It raises what a start would raise and says nothing else; a start after it is a first one."""
    auth = Watchword(settings)
    with pytest.raises(MigrationNeeded):
        await auth.check()
    await upgrade(settings.database_url)
    await auth.check()
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]
    await auth.services()
    await auth.stop()


async def test_another_services_secret_key_is_told(tmp_path: Path) -> None:
    """Replicas without the others' key say so and stop."""
    url = f"sqlite:///{tmp_path}/app.db"
    await upgrade(url)
    await Watchword(Settings(database_url=url)).check()
    with pytest.raises(SecretKeyMismatch):
        await Watchword(Settings(database_url=url, secret_key=KEY)).check()


async def test_a_database_that_cannot_be_reached_is_told() -> None:
    """Nobody waits for it for long."""
    auth = Watchword(Settings(database_url="postgresql://nobody@127.0.0.1:1/nothing"))
    with pytest.raises(DatabaseUnavailable):
        await auth.check()


def test_staging_is_warned_once_and_works(
    start_service: StartService, caplog: pytest.LogCaptureFixture
) -> None:
    """What production would refuse is told at the start, not at every request; people can sign in."""
    with caplog.at_level(logging.WARNING, logger="watchword"):
        service = start_service(environment="staging", secret_key=KEY)
        assert service.signed_in().signed_in
    told = [message for message in caplog.messages if message.startswith("production would refuse ")]
    assert len(told) == len(set(told)) == 5
    assert any("WATCHWORD_PROVIDERS__DEV__ISSUER: must be https" in message for message in told)
    assert KEY not in caplog.text


def test_development_is_not_warned(start_service: StartService, caplog: pytest.LogCaptureFixture) -> None:
    """A log without noise is read."""
    with caplog.at_level(logging.WARNING, logger="watchword"):
        start_service()
    assert not [message for message in caplog.messages if "WATCHWORD_" in message]
