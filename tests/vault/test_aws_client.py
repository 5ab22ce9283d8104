"""Promises of the client for AWS Secrets Manager."""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.aws import Aws, in_aws_environment
from tests.servers.ports import loopback_port
from watchword.errors import SecretUnavailable
from watchword.vault.aws_client import aws_cause, secrets_manager_client

pytest_plugins = ["tests.servers.moto"]


def caused(secret_id: str) -> str:
    """The sentence for whatever asking for this secret raises."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        secrets_manager_client(secret_id).get_secret_value(SecretId=secret_id)
    except (BotoCoreError, ClientError) as error:
        return aws_cause(error)
    except SecretUnavailable as error:
        return error.detail
    raise AssertionError("it answered")


def test_the_standard_environment_leads_to_the_secret(aws: Aws) -> None:
    """Endpoint, region and credentials are AWS's own variables."""
    aws.keep("prod/it", "value")
    assert secrets_manager_client().get_secret_value(SecretId="prod/it")["SecretString"] == "value"


def test_an_arn_chooses_its_region(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever region the process is in, and also where it knows none."""
    aws.keep("prod/it", "value")
    arn = aws.client.describe_secret(SecretId="prod/it")["ARN"]
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    assert secrets_manager_client(arn).get_secret_value(SecretId=arn)["SecretString"] == "value"
    assert secrets_manager_client("plain:name").meta.region_name == "us-east-2"


def test_every_wait_is_bounded(aws: Aws) -> None:
    """Also those for credentials, which other clients of the same session fetch."""
    config: Any = secrets_manager_client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 3)
    assert config.retries == {"total_max_attempts": 2, "mode": "standard"}


def test_what_is_wrong_is_said_with_its_fix(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in words of ours: no body of an answer gets into them."""
    aws.keep("gone", "value")
    aws.remove("gone")
    assert "no such secret" in caused("nowhere")
    assert "marked for deletion" in caused("gone")
    monkeypatch.delenv("AWS_REGION")
    assert "set AWS_REGION" in caused("nowhere")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "credentials cannot be found" in caused("nowhere")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "credentials cannot be found" in caused("nowhere")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "credentials cannot be found (ProfileNotFound)" in caused("nowhere")


def test_a_service_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to look at."""
    in_aws_environment(monkeypatch, f"http://127.0.0.1:{loopback_port()}")
    assert "does not answer (EndpointConnectionError)" in caused("any")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "no address")
    assert "AWS" in caused("any")
