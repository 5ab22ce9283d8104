"""The ring in AWS Secrets Manager: one JSON secret whose versions are versions of the ring
(``KEYS__STORE=aws-secrets-manager``).

Writers compete by the id of the version they would make: AWS lets nobody give an id to another content
(``ClientRequestToken`` of PutSecretValue), and all who replace the same version derive the same id. The new
version is AWSCURRENT at once; there is never an AWSPENDING.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar
from uuid import UUID, uuid5

from watchword.auth.forks import in_child
from watchword.auth.key_ports import StoredKey, StoredRing
from watchword.auth.ring_json import ring_from_json, ring_to_json
from watchword.errors import KeyStoreInvalid, KeyStoreUnavailable, SecretUnavailable
from watchword.vault.aws_client import aws_cause, secrets_manager_client
from watchword.vault.threads import CALL_SECONDS, Threads

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_IDS: Final = UUID("b3c0c3a2-7d52-4d43-9d0e-6b8c2f1f0a77")
_MISSING: Final = "ResourceNotFoundException"
_EXISTS: Final = "ResourceExistsException"

T = TypeVar("T")


class _Version(NamedTuple):
    """One version of the secret; without id where there is none, and without text where it has bytes."""

    version_id: str = ""
    text: str | None = None


class AwsKeyStore:
    """``KeyStore`` over the secret with the name or ARN ``secret_id``. The first ring makes the secret,
    or becomes the value of one that an operator made without."""

    def __init__(self, secret_id: str, *, call_seconds: float = CALL_SECONDS) -> None:
        self._secret_id = secret_id
        self.place = f"aws-secrets-manager:{secret_id}"
        self._threads = Threads(call_seconds)
        self._call_seconds = call_seconds
        self._made: SecretsManagerClient | None = None
        in_child(self, AwsKeyStore._begin_anew)

    async def load(self) -> StoredRing:
        found = await self._run(lambda: self._get("AWSCURRENT"))
        return StoredRing(found.version_id, self._keys(found))

    async def replace(self, known: StoredRing, keys: Sequence[StoredKey]) -> bool:
        text = ring_to_json(keys, place=self.place)
        return await self._run(lambda: self._replace(known.version, text))

    def _replace(self, known_version: str, text: str) -> bool:
        """The id is derived from what was current before as well, so that an operator who sets AWSCURRENT
        back to an older version does not end all writing. Read in this order, a writer who is outrun in
        between sees it."""
        before = self._get("AWSPREVIOUS").version_id
        if self._get("AWSCURRENT").version_id != known_version:
            return False
        version_id = str(uuid5(_IDS, f"{known_version} {before}"))
        try:
            self._put(version_id, text, first=not known_version)
        except self._client().exceptions.ResourceExistsException:
            return False
        return self._get(version_id=version_id).text == text

    def _put(self, version_id: str, text: str, *, first: bool) -> None:
        client = self._client()
        try:
            client.put_secret_value(
                SecretId=self._secret_id, ClientRequestToken=version_id, SecretString=text
            )
        except client.exceptions.ResourceNotFoundException:
            if not first or self._secret_id.startswith("arn:"):
                raise
            client.create_secret(
                Name=self._secret_id,
                ClientRequestToken=version_id,
                SecretString=text,
                Description="Key ring of watchword; private parts are sealed.",
            )

    def _get(
        self, stage: Literal["AWSCURRENT", "AWSPREVIOUS"] | None = None, *, version_id: str | None = None
    ) -> _Version:
        client = self._client()
        try:
            if version_id is None:
                found = client.get_secret_value(SecretId=self._secret_id, VersionStage=stage or "AWSCURRENT")
            else:
                found = client.get_secret_value(SecretId=self._secret_id, VersionId=version_id)
        except client.exceptions.ResourceNotFoundException:
            return _Version()
        return _Version(found.get("VersionId", ""), found.get("SecretString"))

    def _keys(self, found: _Version) -> tuple[StoredKey, ...]:
        if not found.version_id:
            return ()
        if found.text is None:
            raise KeyStoreInvalid(
                f"{self.place} holds no key ring of ours: it is binary; name another secret"
            )
        return ring_from_json(found.text.encode("utf-8", "replace"), place=self.place)

    def _client(self) -> SecretsManagerClient:
        if self._made is None:
            self._made = secrets_manager_client(self._secret_id)
        return self._made

    def _begin_anew(self) -> object:
        client, self._made = self._made, None
        return client

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await self._threads.run(lambda: _told(work))
        except TimeoutError:
            raise KeyStoreUnavailable(
                f"{self.place}: AWS Secrets Manager did not answer within {self._call_seconds:g} seconds; "
                "check the network, the region and AWS_ENDPOINT_URL"
            ) from None
        except SecretUnavailable as error:
            raise KeyStoreUnavailable(f"{self.place}: {error.detail}") from None


def _told(work: Callable[[], T]) -> T:
    """The work's result. Raises SecretUnavailable that says what an error of boto3 means."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return work()
    except (BotoCoreError, ClientError) as error:
        raise SecretUnavailable(aws_cause(error)) from None
