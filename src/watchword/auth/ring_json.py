"""A ring as one JSON text: what files and vaults keep, and the sealed copy in the database.

``{"format": 1, "keys": […]}``, each key with every field of ``StoredKey``: ``sealed_private`` in base64,
times in RFC 3339 with microseconds. Private parts stay sealed under ``SECRET_KEY`` wherever the text goes.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from watchword.auth.key_ports import KeyState, StoredKey
from watchword.errors import KeyStoreInvalid
from watchword.protocol.algorithms import OWN_ALGORITHMS
from watchword.protocol.jwk import key_from_jwk, thumbprint
from watchword.protocol.jwk_material import InvalidKey
from watchword.protocol.strict_json import MalformedJson, loads_object

MAX_RING_BYTES: Final = 65_536
"""What AWS Secrets Manager takes as one secret; the same everywhere, so that every ring can move."""

_FORMAT: Final = 1
_MAX_SEALED_BYTES: Final = 16_384
_STATES: Final = ("next", "active", "retired")
_MEMBERS: Final = frozenset(StoredKey.__dataclass_fields__)


class _NoRing(ValueError):
    """What is wrong with the text, without any of it."""


def ring_to_json(keys: Sequence[StoredKey], *, place: str) -> str:
    """The text to keep at ``place``, ASCII only. Raises KeyStoreInvalid for a ring that no store takes."""
    text = json.dumps({"format": _FORMAT, "keys": [_written(key) for key in keys]}, separators=(",", ":"))
    if len(text) > MAX_RING_BYTES:
        raise KeyStoreInvalid(
            f"{place}: the ring of {len(keys)} keys makes {len(text)} bytes and a store takes "
            f"{MAX_RING_BYTES}; rotate less often, or let retired keys run out first"
        )
    try:
        ring_from_json(text.encode(), place=place)
    except KeyStoreInvalid as fault:
        raise ValueError(f"not a ring that could be read again: {fault.detail}") from None
    return text


def ring_from_json(text: bytes, *, place: str) -> tuple[StoredKey, ...]:
    """The keys in ``text``, newest first. Raises KeyStoreInvalid that names ``place`` and the fault, and
    repeats nothing of the text."""
    try:
        ring = loads_object(text, max_bytes=MAX_RING_BYTES)
        if ring.get("format") != _FORMAT or isinstance(ring["format"], bool):
            raise _NoRing(f'"format" is not {_FORMAT}')
        if ring.keys() != {"format", "keys"} or not isinstance(ring["keys"], list):
            raise _NoRing('its members are not "format" and a list "keys"')
        keys = [_read_entry(position, entry) for position, entry in enumerate(ring["keys"])]
        _check_together(keys)
    except (MalformedJson, _NoRing) as fault:
        raise KeyStoreInvalid(
            f"{place} holds no key ring of ours: {fault}; put its last good content back, nothing was changed"
        ) from None
    return newest_first(keys)


def newest_first(keys: Sequence[StoredKey]) -> tuple[StoredKey, ...]:
    """As every store answers them."""
    return tuple(sorted(sorted(keys, key=lambda key: key.kid), key=lambda key: key.created_at, reverse=True))


def _written(key: StoredKey) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.state,
        "public_jwk": dict(key.public_jwk),
        "sealed_private": base64.b64encode(key.sealed_private).decode("ascii"),
        "created_at": _time(key.created_at),
        "activated_at": _time(key.activated_at),
        "retired_at": _time(key.retired_at),
        "verify_until": _time(key.verify_until),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def _read_entry(position: int, entry: Any) -> StoredKey:
    try:
        if not isinstance(entry, dict) or entry.keys() != _MEMBERS:
            raise _NoRing("has not exactly the members of a key")
        return _read_key(entry)
    except _NoRing as fault:
        raise _NoRing(f"key {position}: {fault}") from None


def _read_key(entry: Mapping[str, Any]) -> StoredKey:
    if not isinstance(entry["algorithm"], str) or entry["algorithm"] not in OWN_ALGORITHMS:
        raise _NoRing("algorithm is none that this version signs with")
    if entry["state"] not in _STATES:
        raise _NoRing(f"state is none of {', '.join(_STATES)}")
    return StoredKey(
        kid=_kid(entry),
        algorithm=entry["algorithm"],
        state=cast("KeyState", entry["state"]),
        public_jwk=entry["public_jwk"],
        sealed_private=_sealed(entry["sealed_private"]),
        created_at=_moment(entry, "created_at"),
        activated_at=_moment_or_none(entry, "activated_at"),
        retired_at=_moment_or_none(entry, "retired_at"),
        verify_until=_moment_or_none(entry, "verify_until"),
    )


def _kid(entry: Mapping[str, Any]) -> str:
    """The id, which is the thumbprint of the public part and says so itself (RFC 7638)."""
    jwk = entry["public_jwk"]
    if not isinstance(jwk, dict):
        raise _NoRing("public_jwk is no object")
    try:
        key = key_from_jwk(jwk)
        kid = thumbprint(jwk)
    except InvalidKey as fault:
        raise _NoRing(f"public_jwk must not be used ({fault.reason})") from None
    if entry["kid"] != kid or key.kid != kid:
        raise _NoRing("kid is not the thumbprint of public_jwk")
    if not key.fits(entry["algorithm"]):
        raise _NoRing("public_jwk does not go with algorithm")
    return kid


def _sealed(given: Any) -> bytes:
    try:
        sealed = base64.b64decode(given, validate=True) if isinstance(given, str) else b""
    except (binascii.Error, ValueError):
        sealed = b""
    if not 0 < len(sealed) <= _MAX_SEALED_BYTES:
        raise _NoRing("sealed_private is not sealed bytes in base64")
    return sealed


def _moment(entry: Mapping[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(entry[name])
        aware = moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise _NoRing(f"{name} is no time") from None
    if moment.tzinfo is None:
        raise _NoRing(f"{name} has no time zone")
    return aware


def _moment_or_none(entry: Mapping[str, Any], name: str) -> datetime | None:
    return None if entry[name] is None else _moment(entry, name)


def _check_together(keys: Sequence[StoredKey]) -> None:
    """What must hold between keys, as the database's table has it too."""
    if not keys:
        raise _NoRing("it has no keys")
    if len({key.kid for key in keys}) != len(keys):
        raise _NoRing("a key is in it twice")
    for state in ("active", "next"):
        if sum(key.state == state for key in keys) > 1:
            raise _NoRing(f"it has two {state} keys")
