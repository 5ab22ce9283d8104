"""Promises of ``watchword doctor`` as a command: lines, JSON, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.servers.sqlite import migrated_sqlite
from watchword.cli.main import app
from watchword.dev_provider import DevProviderServer
from watchword.testing.provider import provider_settings


@pytest.fixture(autouse=True)
def configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watchword_provider: DevProviderServer
) -> None:
    """A migrated database and the development provider, by the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", migrated_sqlite(tmp_path / "service.db"))
    for name, value in provider_settings(watchword_provider).items():
        monkeypatch.setenv(f"WATCHWORD_PROVIDERS__DEV__{name.upper()}", value)


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *arguments])


def test_warnings_are_exit_0(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line a check; more than one worker without a cache is a warning that names it."""
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    told = doctor()
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert [line for line in lines if line.startswith("warning  service") and "WATCHWORD_CACHE_URL" in line]
    assert lines[-1].startswith("Faults: 0, warnings: ")
    assert all(line.split()[0] in ("ok", "warning", "Faults:") for line in lines)


def test_faults_are_exit_1_and_json_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong secret; it is in no output."""
    monkeypatch.setenv("WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET", "not-the-right-one")
    told = doctor("--json")
    assert told.exit_code == 1
    report = json.loads(told.stdout)
    assert report["faults"] == 1
    (fault,) = [each for each in report["findings"] if each["level"] == "fault"]
    assert (fault["about"], fault["check"]) == ("dev", "client_credentials")
    assert fault["fix"]
    assert "not-the-right-one" not in told.output


def test_settings_that_cannot_be_read_are_faults_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every problem at once, and nobody is asked."""
    monkeypatch.setenv("WATCHWORD_NO_SUCH", "1")
    monkeypatch.setenv("WATCHWORD_BASE_URL", "nowhere")
    told = doctor()
    assert told.exit_code == 1
    for name in ("NO_SUCH", "BASE_URL"):
        assert f"fault    service  settings: WATCHWORD_{name}: " in told.stdout


def test_production_refuses_the_development_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault by its setting."""
    monkeypatch.setenv("WATCHWORD_ENVIRONMENT", "production")
    told = doctor("--offline")
    assert told.exit_code == 1
    assert "WATCHWORD_PROVIDERS__DEV__CLIENT_ID: is the development provider's" in told.stdout
