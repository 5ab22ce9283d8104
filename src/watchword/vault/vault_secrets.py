"""References ``vault:MOUNT/PATH#key`` to secrets in HashiCorp Vault's key-value engine, version 2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from watchword.config.references import SecretValue
from watchword.errors import SecretUnavailable
from watchword.vault.kv_client import KeyValueClient


class VaultSecrets:
    """A SecretSource. What is at a path is a JSON object; a reference without key is all of it."""

    def __init__(self) -> None:
        self._client = KeyValueClient()

    def read(self, name: str, *, previous: bool) -> SecretValue:
        """The newest version, and the one numbered before it where that is asked for."""
        newest = self._client.read(name)
        if newest.number == 0:
            raise SecretUnavailable("there is nothing at that path in Vault; write it")
        if newest.data is None:
            raise SecretUnavailable("its newest version in Vault is deleted; undelete it or write a new one")
        before = self._previous(name, newest.number - 1) if previous else None
        return SecretValue(_text(newest.data), before, str(newest.number))

    def _previous(self, name: str, number: int) -> str | None:
        """Whatever keeps it from us, there is the current one."""
        if number == 0:
            return None
        try:
            data = self._client.read(name, version=number).data
        except SecretUnavailable:
            return None
        return None if data is None else _text(data)


def _text(data: Mapping[str, Any]) -> str:
    return json.dumps(dict(data), ensure_ascii=False)
