"""Compact JWS, strictly: parse first, believe nothing; verify second (RFC 7515 §5.2, RFC 8725 §3).

The two halves return two types. Whoever needs verified content asks for a ``VerifiedJws``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from watchword.protocol import base64url
from watchword.protocol.algorithms import ALGORITHMS, is_signature_valid
from watchword.protocol.frozen import frozen
from watchword.protocol.jwk import KeySet, VerificationKey
from watchword.protocol.strict_json import MalformedJson, loads_object

MAX_TOKEN_BYTES = 8192


class JwsError(ValueError):
    """A token that is refused. ``reason`` is one of: too_large, malformed, critical_header,
    alg_not_allowed, key_mismatch, unknown_key, bad_signature. Nothing of the token is repeated."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class UnknownKey(JwsError):
    """None of the keys at hand can be the signer's; freshly fetched ones may be (``unknown_key``)."""

    def __init__(self, detail: str) -> None:
        super().__init__("unknown_key", detail)


@dataclass(frozen=True, slots=True)
class UnverifiedJws:
    """A well-formed token that anybody may have written."""

    header: Mapping[str, Any] = field(repr=False)
    payload: bytes = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    alg: str
    kid: str | None
    typ: str | None


@dataclass(frozen=True, slots=True)
class VerifiedJws:
    """What ``key`` signed. The content is the signer's word; whether it is meant for us is for the
    claims to say."""

    header: Mapping[str, Any] = field(repr=False)
    payload: bytes = field(repr=False)
    alg: str
    typ: str | None
    key: VerificationKey


def parse(token: str, *, max_bytes: int = MAX_TOKEN_BYTES) -> UnverifiedJws:
    """Take a compact token apart. Raises JwsError for anything but three canonical base64url
    parts with an acceptable header; ``crit`` and ``b64`` are refused (RFC 7515 §4.1.11, RFC 7797).
    Keys a token brings along (``jwk``, ``jku``, ``x5u``, ``x5c``) are never looked at."""
    if len(token) > max_bytes:
        raise JwsError("too_large", f"more than {max_bytes} bytes")
    parts = token.split(".", 3)
    if len(parts) != 3:
        raise JwsError("malformed", "not three parts")
    try:
        payload, signature = base64url.decode(parts[1]), base64url.decode(parts[2])
        header = _read_header(parts[0])
    except base64url.InvalidBase64Url:
        raise JwsError("malformed", "a part is not canonical base64url") from None
    except MalformedJson as error:
        raise JwsError("malformed", f"header: {error}") from None
    return UnverifiedJws(
        header=header.members,
        payload=payload,
        signing_input=token.rpartition(".")[0].encode("ascii"),
        signature=signature,
        alg=header.alg,
        kid=header.kid,
        typ=header.typ,
    )


def verify_with(
    jws: UnverifiedJws, keys: KeySet | Sequence[VerificationKey], *, algorithms: frozenset[str]
) -> VerifiedJws:
    """Check the signature with the key the token names, or, where it names none, with every key
    that fits. ``alg`` has to be in ``algorithms`` and to fit the key's type, curve and own ``alg``.
    A name that no key has takes as long as a wrong signature does.

    Raises UnknownKey when no key at hand can be the signer's, else JwsError.
    """
    algorithm = ALGORITHMS.get(jws.alg) if jws.alg in algorithms else None
    if algorithm is None:
        raise JwsError("alg_not_allowed", "the token's alg is not one of those accepted here")
    key_set = keys if isinstance(keys, KeySet) else KeySet(tuple(keys))
    candidates = key_set.candidates(jws.kid, jws.alg)
    stand_in = () if candidates else key_set.candidates(None, jws.alg)[:1]
    for key in candidates or stand_in:
        is_valid = is_signature_valid(algorithm, key.public_key, jws.signature, jws.signing_input)
        if is_valid and key in candidates:
            return VerifiedJws(header=jws.header, payload=jws.payload, alg=jws.alg, typ=jws.typ, key=key)
    if jws.kid is None:
        raise UnknownKey("the token names no key, and none of those known verifies it")
    if candidates:
        raise JwsError("bad_signature", "the signature does not verify under the named key")
    if key_set.knows(jws.kid):
        raise JwsError("key_mismatch", "the named key is not for the token's alg")
    raise UnknownKey("no key has the token's kid")


class _Header(NamedTuple):
    members: Mapping[str, Any]
    alg: str
    kid: str | None
    typ: str | None


@lru_cache(maxsize=32)
def _read_header(text: str) -> _Header:
    """What one key signs begins with the same characters every time, so the last few are kept.
    Raises InvalidBase64Url, MalformedJson, JwsError."""
    raw = base64url.decode(text)
    header = loads_object(raw, max_bytes=len(raw))
    if "crit" in header or "b64" in header:
        raise JwsError("critical_header", "header extensions are not supported")
    alg = _header_text(header, "alg")
    if alg is None:
        raise JwsError("malformed", "header without alg")
    return _Header(frozen(header), alg, _header_text(header, "kid"), _header_text(header, "typ"))


def _header_text(header: Mapping[str, Any], name: str) -> str | None:
    if name not in header:
        return None
    value = header[name]
    if not isinstance(value, str):
        raise JwsError("malformed", f"header: {name} is not a string")
    return value
