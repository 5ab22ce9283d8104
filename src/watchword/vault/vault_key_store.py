"""The ring in HashiCorp Vault's key-value engine, version 2 (``KEYS__STORE=vault``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from watchword.auth.key_ports import StoredKey, StoredRing
from watchword.auth.ring_json import ring_from_json, ring_to_json
from watchword.errors import KeyStoreInvalid, KeyStoreUnavailable, SecretUnavailable
from watchword.vault.kv_client import KeyValueClient, KeyValueVersion
from watchword.vault.threads import CALL_SECONDS, Threads

FIELD: Final = "ring"

T = TypeVar("T")


class VaultKeyStore:
    """``KeyStore`` over the field ``ring`` of one secret at ``path`` (``MOUNT/PATH``). Its version is the
    engine's with the time that was made, since numbers begin again when all of a secret is destroyed."""

    def __init__(self, path: str, *, call_seconds: float = CALL_SECONDS) -> None:
        self._path = path.strip("/")
        self.place = f"vault:{self._path}"
        self._client = KeyValueClient()
        self._threads = Threads(call_seconds)
        self._call_seconds = call_seconds

    async def load(self) -> StoredRing:
        found = await self._run(lambda: self._client.read(self._path))
        return StoredRing(_version(found), self._keys(found))

    async def replace(self, known: StoredRing, keys: Sequence[StoredKey]) -> bool:
        text = ring_to_json(keys, place=self.place)
        return await self._run(lambda: self._replace(known.version, text))

    def _replace(self, known_version: str, text: str) -> bool:
        """The number of a deleted version has to be named too, so what is there is read again."""
        found = self._client.read(self._path)
        if _version(found) != known_version:
            return False
        return self._client.write(self._path, {FIELD: text}, cas=found.number)

    def _keys(self, found: KeyValueVersion) -> tuple[StoredKey, ...]:
        if found.data is None:
            return ()
        text = found.data.get(FIELD)
        if not isinstance(text, str):
            raise KeyStoreInvalid(
                f"{self.place} holds no key ring of ours: it has no text {FIELD!r}; name a path of its own, "
                "nothing was changed"
            )
        return ring_from_json(text.encode("utf-8", "replace"), place=self.place)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await self._threads.run(work)
        except TimeoutError:
            raise KeyStoreUnavailable(
                f"{self.place}: Vault did not answer within {self._call_seconds:g} seconds; "
                "check VAULT_ADDR and the network"
            ) from None
        except SecretUnavailable as error:
            raise KeyStoreUnavailable(f"{self.place}: {error.detail}") from None


def _version(found: KeyValueVersion) -> str:
    return "" if found.data is None else f"{found.number}.{found.created_time}"
