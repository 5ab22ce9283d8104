"""Sealing: AES-256-GCM under subkeys of ``SECRET_KEY``, bound to a purpose and to a place.

Layout: version (1 byte), key id (4), nonce (12), ciphertext with its 16-byte tag. Version, key id,
purpose and place are associated data, so a value moved elsewhere does not open.

Nonces are 96 random bits, which bounds a key to 2^32 messages (NIST SP 800-38D §8.3). Each purpose has
a key of its own, and where there is an ``also``, each message.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from watchword.errors import ConfigurationError, SealBroken, SecretKeyMismatch

Purpose = Literal[
    "attempt",
    "signing-key",
    "refresh-successor",
    "refresh-tag",
    "ip-address",
    "rate-limit",
    "client-request",
    "authorization-code",
    "client-secret",
    "logout-hint",
    "provider-tokens",
    "pepper",
    "way-back",
    "key-ring-copy",
]

_VERSION = b"\x01"
_KEY_ID_BYTES, _NONCE_BYTES, _TAG_BYTES = 4, 12, 16
_HEAD_BYTES = len(_VERSION) + _KEY_ID_BYTES
_ALSO_CONTEXT = b"watchword/v1/also\0"


class Sealer:
    """Seals with the current secret, opens with it and with previous ones (32 bytes each). Raises
    ConfigurationError where two have the same id, so that nobody could tell what is sealed under which."""

    def __init__(self, current: bytes, previous: Sequence[bytes] = ()) -> None:
        self._secrets = tuple(dict.fromkeys((current, *previous)))
        self._by_id = {_key_id(secret): secret for secret in self._secrets}
        if len(self._by_id) < len(self._secrets):
            raise ConfigurationError(
                [
                    "WATCHWORD_SECRET_KEY: it or a previous one has the id of another, by a rare chance; "
                    "make another with: openssl rand -base64 32"
                ]
            )
        self._subkeys: dict[tuple[bytes, Purpose], bytes] = {}

    @property
    def key_ids(self) -> tuple[str, ...]:
        """What the configured secrets are called, the current one first: eight hexadecimal digits each,
        which say nothing about the secret."""
        return tuple(_key_id(secret).hex() for secret in self._secrets)

    @property
    def head(self) -> bytes:
        """What everything begins with that is sealed under the current secret."""
        return _VERSION + _key_id(self._secrets[0])

    def subkeys(self, purpose: Purpose) -> tuple[bytes, ...]:
        """The 32-byte subkey of one purpose under each secret, the current one first."""
        return tuple(self._subkey(secret, purpose) for secret in self._secrets)

    def seal(self, purpose: Purpose, plaintext: bytes, *, place: bytes, also: bytes = b"") -> bytes:
        """Seal for one purpose and place; with ``also``, opening needs those bytes as well."""
        secret = self._secrets[0]
        head = self.head
        nonce = os.urandom(_NONCE_BYTES)
        cipher = AESGCM(self._message_key(secret, purpose, also))
        return head + nonce + cipher.encrypt(nonce, plaintext, _associated(head, purpose, place))

    def open(self, purpose: Purpose, sealed: bytes, *, place: bytes, also: bytes = b"") -> bytes:
        """Open what ``seal`` made with the same purpose, place and ``also``.

        Raises SecretKeyMismatch when no configured secret made it, SealBroken for the rest.
        """
        if len(sealed) < _HEAD_BYTES + _NONCE_BYTES + _TAG_BYTES or sealed[:1] != _VERSION:
            raise SealBroken(f"a sealed {purpose} has not the form of one")
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        secret = self._by_id.get(head[1:])
        if secret is None:
            raise SecretKeyMismatch(
                f"a stored {purpose} was sealed under SECRET_KEY {head[1:].hex()}; "
                f"this process has {', '.join(key_id.hex() for key_id in self._by_id)}"
            )
        cipher = AESGCM(self._message_key(secret, purpose, also))
        nonce, ciphertext = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, ciphertext, _associated(head, purpose, place))
        except InvalidTag:
            raise SealBroken(f"a sealed {purpose} was altered or moved") from None

    def _message_key(self, secret: bytes, purpose: Purpose, also: bytes) -> bytes:
        """``also`` is hashed in a domain of its own: as it is, HMAC would shorten a long one to its
        plain SHA-256 (RFC 2104 §2), which a database may well hold."""
        subkey = self._subkey(secret, purpose)
        if not also:
            return subkey
        return _derive(subkey, b"watchword/v1/also", salt=hashlib.sha256(_ALSO_CONTEXT + also).digest())

    def _subkey(self, secret: bytes, purpose: Purpose) -> bytes:
        known = self._subkeys.get((secret, purpose))
        if known is None:
            known = self._subkeys[secret, purpose] = _derive(secret, f"watchword/v1/{purpose}".encode())
        return known


def sealed_under(sealed: bytes) -> str | None:
    """The id of the secret that a sealed value names; None for what is no sealed value."""
    if len(sealed) < _HEAD_BYTES or sealed[:1] != _VERSION:
        return None
    return sealed[1:_HEAD_BYTES].hex()


def _derive(secret: bytes, info: bytes, *, salt: bytes = b"") -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt or None, info=info).derive(secret)


def _key_id(secret: bytes) -> bytes:
    return hashlib.sha256(b"watchword/v1/key-id\0" + secret).digest()[:_KEY_ID_BYTES]


def _associated(head: bytes, purpose: Purpose, place: bytes) -> bytes:
    return head + purpose.encode() + b"\0" + place
