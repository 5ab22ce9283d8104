"""SES-88: what boto3 writes at DEBUG while secrets are read and written."""

from __future__ import annotations

import logging

from tests.leaks.gathering import everything_logged
from tests.servers.aws import Aws
from watchword.vault.aws_client import secrets_manager_client

pytest_plugins = ["tests.servers.moto"]

CANARY = "canary-5f1c0a7be2d94c63"


def test_ses_88_no_secret_of_aws_is_logged(aws: Aws) -> None:
    """Neither what is read nor what is written, though every logger of boto3 is at DEBUG."""
    with everything_logged("boto3", "botocore", "urllib3") as (lines, _):
        client = secrets_manager_client()
        client.create_secret(Name="service", SecretString=CANARY)
        assert client.get_secret_value(SecretId="service")["SecretString"] == CANARY
    assert not [line[:300] for line in lines if CANARY in line]


def test_what_a_host_app_asks_aws_is_logged_as_ever(aws: Aws) -> None:
    """Our filters are for our calls alone; without them the canary would have been seen."""
    secrets_manager_client().create_secret(Name="ours", SecretString="x")
    with everything_logged("botocore") as (lines, heard):
        aws.client.create_secret(Name="theirs", SecretString=CANARY)
    assert "botocore" in heard
    assert [line for line in lines if CANARY in line]
    assert logging.getLogger("botocore.parsers").isEnabledFor(logging.WARNING)
