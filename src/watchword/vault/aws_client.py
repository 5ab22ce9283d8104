"""The client for AWS Secrets Manager: every wait is bounded, every failure has a sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from watchword.errors import SecretUnavailable
from watchword.vault.aws_logs import quiet

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 3
ATTEMPTS: Final = 2

_ARN_PARTS: Final = 7
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "KMSAccessDeniedException"})
_FALSE_CREDENTIALS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_THROTTLED: Final = frozenset({"RequestLimitExceeded", "ThrottlingException", "TooManyRequestsException"})
_UNFOUND_CREDENTIALS: Final = frozenset({"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"})
_GIVE_CREDENTIALS: Final = (
    "give the service a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE"
)


def secrets_manager_client(secret_id: str = "") -> SecretsManagerClient:
    """A client as AWS's standard environment describes it (``AWS_REGION``, ``AWS_ENDPOINT_URL``, roles and
    profiles included); an ARN as ``secret_id`` chooses the region.

    Synchronous, and about 0.1 s of work: make one and keep it, away from the event loop. Raises
    SecretUnavailable where no client can be made, for want of a region say.
    """
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    session = botocore.session.get_session()
    session.set_default_client_config(
        Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        )
    )
    try:
        made = boto3.session.Session(botocore_session=session)
        region = _region(secret_id) or os.environ.get("AWS_REGION") or made.region_name
        return quiet(made.client("secretsmanager", region_name=region))
    except (BotoCoreError, ValueError) as error:
        raise SecretUnavailable(aws_cause(error)) from None


def aws_cause(error: Exception) -> str:
    """What an error of boto3 means and what mends it, without anything secret or anything from a body."""
    answer: Mapping[str, Any] = getattr(error, "response", {})
    if answer:
        return _refusal(aws_code(error), str(getattr(error, "operation_name", "GetSecretValue")))
    kind = type(error).__name__
    if kind == "NoRegionError":
        return "no AWS region is known; set AWS_REGION"
    if kind in _UNFOUND_CREDENTIALS:
        return f"AWS credentials cannot be found ({kind}); {_GIVE_CREDENTIALS}"
    if kind in ("CredentialRetrievalError", "MetadataRetrievalError", "TokenRetrievalError"):
        return f"AWS credentials cannot be fetched ({kind}); {_GIVE_CREDENTIALS}"
    if kind == "ParamValidationError":
        return "AWS Secrets Manager knows no name of that form; write the secret's name or ARN"
    return f"AWS Secrets Manager does not answer ({kind}); check the network, the region and AWS_ENDPOINT_URL"


def aws_code(error: Exception) -> str:
    """The code AWS refused with, such as ``ResourceNotFoundException``; empty where nothing was answered."""
    answer: Mapping[str, Any] = getattr(error, "response", {})
    return str(answer.get("Error", {}).get("Code", ""))


def _refusal(code: str, action: str) -> str:
    if code == "ResourceNotFoundException":
        return "there is no such secret in AWS Secrets Manager in this account and region; create it"
    if code in _DENIED:
        kms = "kms:Decrypt" if action == "GetSecretValue" else "kms:GenerateDataKey and kms:Decrypt"
        return f"AWS denies access; allow secretsmanager:{action} on it (and {kms} on its key)"
    if code in _THROTTLED:
        return "AWS limits the rate of requests; ask less often, or raise the account's quota"
    if code in _FALSE_CREDENTIALS:
        return f"AWS does not accept the credentials ({code}); {_GIVE_CREDENTIALS}"
    if code == "InvalidRequestException":
        return "the secret is marked for deletion in AWS Secrets Manager; restore it"
    if code == "DecryptionFailure":
        return "AWS cannot decrypt the secret; enable its KMS key and allow kms:Decrypt"
    return f"AWS Secrets Manager refuses ({code or 'no code'})"


def _region(secret_id: str) -> str | None:
    parts = secret_id.split(":")
    return parts[3] or None if len(parts) >= _ARN_PARTS and parts[0] == "arn" else None
