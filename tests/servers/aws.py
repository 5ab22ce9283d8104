"""What tests need of AWS, whatever server plays it: its standard environment, and secrets to put there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

REGION = "eu-west-1"


@dataclass(frozen=True, slots=True)
class Aws:
    """The server, and a client that puts secrets there."""

    url: str
    client: SecretsManagerClient

    @property
    def environment(self) -> dict[str, str]:
        """What a process of its own needs to find it."""
        return aws_environment(self.url)

    def keep(self, name: str, text: str) -> None:
        """Create a secret, or give it a new version."""
        try:
            self.client.create_secret(Name=name, SecretString=text)
        except self.client.exceptions.ResourceExistsException:
            self.client.put_secret_value(SecretId=name, SecretString=text)

    def remove(self, name: str) -> None:
        """As an operator does, with time to regret it."""
        self.client.delete_secret(SecretId=name)


def aws_environment(url: str, folder: Path = Path("/nowhere")) -> dict[str, str]:
    """AWS's standard variables for a service at ``url``, with credentials that only a double takes."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "NO_PROXY": "127.0.0.1",
    }


def in_aws_environment(patch: pytest.MonkeyPatch, url: str) -> None:
    """Nothing of the machine's own set-up counts in this test."""
    for name in (
        "AWS_PROFILE",
        "AWS_DEFAULT_REGION",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    ):
        patch.delenv(name, raising=False)
    for name, value in aws_environment(url).items():
        patch.setenv(name, value)
