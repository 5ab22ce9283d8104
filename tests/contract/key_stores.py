"""Key rings to keep, and every place to keep them in, as the contract suite of key stores sees it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from tests.contract.samples import NOW
from tests.servers.aws import REGION, Aws
from tests.servers.key_value import KeyValueServer
from watchword.auth.key_ports import KeyState, KeyStore, StoredKey
from watchword.protocol.signing import public_jwk
from watchword.vault.aws_key_store import AwsKeyStore
from watchword.vault.file_store import RING_FILE, FileKeyStore
from watchword.vault.vault_key_store import VaultKeyStore

SECRET_PART = b"the sealed part of a private key"
HELD = "watchword/keys"


def key(number: int, state: KeyState, *, age_seconds: int = 0) -> StoredKey:
    """A key that is always the same, in whatever state; every field that its state has is filled."""
    jwk = public_jwk(ec.derive_private_key(0xA11CE + number, ec.SECP256R1()), "ES256")
    created_at = NOW - timedelta(seconds=age_seconds)
    return StoredKey(
        kid=jwk["kid"],
        algorithm="ES256",
        state=state,
        public_jwk=jwk,
        sealed_private=SECRET_PART + bytes(range(256)),
        created_at=created_at,
        activated_at=None if state == "next" else created_at + timedelta(microseconds=1),
        retired_at=created_at + timedelta(microseconds=2) if state == "retired" else None,
        verify_until=NOW + timedelta(hours=1, microseconds=3) if state == "retired" else None,
    )


def ring(first: int = 0, *, age_seconds: int = 0) -> tuple[StoredKey, ...]:
    """An active key, one announced and one retired, newest first."""
    states: tuple[KeyState, ...] = ("next", "active", "retired")
    return tuple(
        key(first + position, state, age_seconds=age_seconds + position)
        for position, state in enumerate(states)
    )


@dataclass
class Place:
    """Somewhere to keep a ring: ``open`` is what each process does, ``spoil`` writes something else there,
    ``fault`` makes it not answer."""

    name: str
    open: Callable[[], KeyStore]
    spoil: Callable[[bytes], None] | None = None
    fault: Callable[[], None] | None = None
    never_in_messages: tuple[str, ...] = field(default=())


def in_file(folder: Path) -> Place:
    def spoil(content: bytes) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / RING_FILE
        path.write_bytes(content)
        path.chmod(0o600)

    def fault() -> None:
        """A file where the folder should be: as a file system that is not mounted, for any account."""
        if folder.exists():
            os.rename(folder, folder.with_name("moved"))
        folder.write_text("not a folder")

    return Place("file", lambda: FileKeyStore(str(folder)), spoil, fault)


def in_aws(aws: Aws, fault: Callable[[], None]) -> Place:
    return Place(
        "aws-secrets-manager",
        lambda: AwsKeyStore(HELD),
        lambda content: aws.keep(HELD, content.decode("utf-8", "replace") or " "),
        fault,
        ("AWS4-HMAC",),
    )


def in_vault(server: KeyValueServer) -> Place:
    def fault() -> None:
        server.sealed = True

    return Place(
        "vault",
        lambda: VaultKeyStore(f"secret/{HELD}"),
        lambda content: server.keep(HELD, {"ring": content.decode("utf-8", "replace")}),
        fault,
        ("hvs.",),
    )


def set_aws_back(aws: Aws, version_id: str) -> None:
    """Move AWSCURRENT to an older version, as operators do.

    moto forgets that for the next put, which then leaves two versions AWSCURRENT; AWS has only one, so
    moto is told which.
    """
    from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

    current = aws.client.get_secret_value(SecretId=HELD)["VersionId"]
    aws.client.update_secret_version_stage(
        SecretId=HELD, VersionStage="AWSCURRENT", MoveToVersionId=version_id, RemoveFromVersionId=current
    )
    (backend,) = (each[REGION] for each in secretsmanager_backends.values())
    secret = backend.secrets[HELD]
    assert isinstance(secret, FakeSecret)
    secret.default_version_id = version_id
