"""The stores of signing keys outside the database, by their settings."""

from __future__ import annotations

from watchword.auth.key_ports import KeyStore
from watchword.config.auth import KeySettings
from watchword.errors import ConfigurationError


def open_outside(keys: KeySettings) -> KeyStore | None:
    """The store that the settings name, None where that is the database. Nothing is asked yet."""
    match keys.store:
        case "file":
            from watchword.vault.file_store import FileKeyStore

            return FileKeyStore(_given(keys.path, "WATCHWORD_KEYS__PATH"))
        case "aws-secrets-manager":
            from watchword.vault.aws_key_store import AwsKeyStore

            return AwsKeyStore(_given(keys.secret_id, "WATCHWORD_KEYS__SECRET_ID"))
        case "vault":
            from watchword.vault.vault_key_store import VaultKeyStore

            return VaultKeyStore(_given(keys.path, "WATCHWORD_KEYS__PATH"))
        case "database":
            return None


def _given(value: str | None, name: str) -> str:
    if value is None:
        raise ConfigurationError([f"{name}: is required with this key store"])
    return value
