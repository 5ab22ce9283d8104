"""A running service whose settings are references: what it reads again, and what it only tells (FLT-23)."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.metrics import samples, value
from tests.servers.aws import Aws
from watchword import Settings
from watchword.dev_provider import DevClient
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.testing.provider import provider_settings

pytest_plugins = ["tests.servers.moto"]

NEW = "the-new-secret-of-ours"
SETTING = "WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "client-secret"
    file.write_text(CLIENT_SECRET + "\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def referring(start_service: StartService, provider_server: Any, secret_file: Path) -> Service:
    """A service that reads its client secret from a file."""
    given = {**provider_settings(provider_server), "client_secret": f"file:{secret_file}"}
    return start_service(providers={"dev": given})


def rotate_at_provider(service: Service) -> None:
    client = DevClient(CLIENT_ID, NEW, [f"{BASE_URL}/auth/callback/dev"], any_loopback=True)
    service.provider.add_client(client)


def look(service: Service) -> None:
    service.call(service.call(service.auth.services).secret_watch.look)


def test_flt_23_a_client_secret_is_rotated_without_a_failed_sign_in(
    referring: Service, secret_file: Path
) -> None:
    """People who were already at the provider come back to a service that reads the new secret when the
    old one is refused; it is not started again."""
    referring.signed_in()
    browser = referring.browser()
    target = referring.approve(referring.begin(browser))
    rotate_at_provider(referring)
    secret_file.write_text(NEW)
    assert browser.get(target).status_code == 303
    referring.signed_in("bob")


def test_flt_23_the_schedule_finds_what_has_changed(
    referring: Service, secret_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Told by the setting's name and nothing else; while the file is away the last value goes on, which
    metrics show."""
    with caplog.at_level(logging.INFO, "watchword"):
        secret_file.write_text(NEW)
        look(referring)
        secret_file.unlink()
        look(referring)
    assert caplog.messages[0] == f"{SETTING} has changed, and its new value is used from now on"
    assert caplog.messages[1].startswith(f"{SETTING} cannot be read again, so its last value goes on: ")
    assert NEW not in caplog.text
    rotate_at_provider(referring)
    referring.signed_in()
    assert value(samples(referring.client), "watchword_secret_stale", setting=SETTING) == 1
    secret_file.write_text(NEW)
    look(referring)
    assert value(samples(referring.client), "watchword_secret_stale", setting=SETTING) == 0


def test_flt_23_what_no_process_changes_while_it_runs_is_told_once(
    start_service: StartService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The base URL of a running service stays, and the operator reads when the new one counts."""
    file = tmp_path / "base-url"
    file.write_text(BASE_URL)
    service = start_service(base_url=f"file:{file}")
    with caplog.at_level(logging.WARNING, "watchword"):
        look(service)
        file.write_text("https://elsewhere.example.test")
        look(service)
        look(service)
    assert caplog.messages == [
        "WATCHWORD_BASE_URL has changed, which counts from the next start of this process"
    ]
    assert service.auth.settings.base_url == BASE_URL


def test_flt_23_settings_know_which_of_them_are_references(
    monkeypatch: pytest.MonkeyPatch, secret_file: Path
) -> None:
    """By the names that operators know, from the environment and from code; a value does not print."""
    monkeypatch.setenv("WATCHWORD_SECRET_KEY", "env:KEY_OF_OURS")
    monkeypatch.setenv("KEY_OF_OURS", "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=")
    dev = {"issuer": "https://op.example", "client_id": "x", "client_secret": f"file:{secret_file}"}
    references = Settings(providers={"dev": dev}).references
    assert {name: str(each.reference) for name, each in references.items()} == {
        "WATCHWORD_SECRET_KEY": "env:KEY_OF_OURS",
        SETTING: f"file:{secret_file}",
    }
    assert CLIENT_SECRET not in repr(references)


def test_flt_23_a_process_that_starts_in_mid_rotation_signs_in_with_aws_previous(
    aws: Aws, start_service: StartService, provider_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """AWSCURRENT is ahead of the provider, and the value before is only in AWS Secrets Manager."""
    for secret in (CLIENT_SECRET, NEW):
        aws.keep("watchword/dev", json.dumps({"client_secret": secret}))
    given = {**provider_settings(provider_server), "client_secret": "aws-sm:watchword/dev#client_secret"}
    service = start_service(providers={"dev": given})
    with caplog.at_level(logging.WARNING, "watchword"):
        service.signed_in()
    assert f"{SETTING}: the provider takes the previous value" in caplog.text
    rotate_at_provider(service)
    service.signed_in()
    assert NEW not in caplog.text
