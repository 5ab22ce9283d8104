"""Secrets of confidential clients as this process holds them: keyed hashes, compared in constant time."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence

from watchword.protocol.client_secret import secret_digest

_HASH_BYTES = 32


class ClientSecrets:
    """``digests`` are the SHA-256 of each client's secrets; ``key`` is a subkey of ``SECRET_KEY``.

    Every look-up does the same work, also for a client that has fewer secrets than others or none.
    """

    def __init__(self, digests: Mapping[str, Sequence[bytes]], key: bytes) -> None:
        self._key = key
        most = max(map(len, digests.values()), default=1)
        self._nobodys = [secrets.token_bytes(_HASH_BYTES) for _ in range(most)]
        self._hashes = {
            client_id: [*(self._hash(client_id, each) for each in known), *self._nobodys[len(known) :]]
            for client_id, known in digests.items()
        }

    def match(self, client_id: str, presented: str) -> bool:
        """Whether ``presented`` is a secret of that client."""
        found = self._hash(client_id, secret_digest(presented))
        known = self._hashes.get(client_id, self._nobodys)
        matching = [hmac.compare_digest(found, each) for each in known]
        return any(matching)

    def _hash(self, client_id: str, digest: bytes) -> bytes:
        return hmac.digest(self._key, client_id.encode() + b"\0" + digest, "sha256")
