"""References ``aws-sm:SECRET_ID#key`` to secrets in AWS Secrets Manager."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from watchword.config.references import SecretValue
from watchword.errors import SecretUnavailable
from watchword.vault.aws_client import aws_cause, secrets_manager_client

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import GetSecretValueResponseTypeDef


class AwsSecrets:
    """A SecretSource. A name is a secret's name or ARN; each ARN's region gets a client of its own."""

    def __init__(self) -> None:
        self._clients: dict[str, SecretsManagerClient] = {}
        self._making = threading.Lock()

    def read(self, name: str, *, previous: bool) -> SecretValue:
        """The version staged ``AWSCURRENT``, and ``AWSPREVIOUS`` where that is asked for."""
        answer = self._ask(name, "AWSCURRENT")
        if "SecretString" not in answer:
            raise SecretUnavailable("it is kept as binary; keep it as text (SecretString)")
        before = self._previous(name) if previous else None
        return SecretValue(answer["SecretString"], before, answer["VersionId"])

    def _previous(self, name: str) -> str | None:
        """Whatever keeps it from us, there is the current one."""
        try:
            return self._ask(name, "AWSPREVIOUS").get("SecretString")
        except SecretUnavailable:
            return None

    def _ask(self, name: str, stage: str) -> GetSecretValueResponseTypeDef:
        from botocore.exceptions import BotoCoreError, ClientError

        client = self._client(name)
        try:
            return client.get_secret_value(SecretId=name, VersionStage=stage)
        except (BotoCoreError, ClientError) as error:
            raise SecretUnavailable(aws_cause(error)) from None

    def _client(self, name: str) -> SecretsManagerClient:
        region = name.split(":")[3] if name.startswith("arn:") and name.count(":") >= 6 else ""
        with self._making:
            if region not in self._clients:
                self._clients[region] = secrets_manager_client(name)
            return self._clients[region]
