"""Signed assertions by which clients authenticate: ``private_key_jwt`` (RFC 7523 §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from watchword.protocol import claims
from watchword.protocol.claims import ClaimError
from watchword.protocol.jws import UnverifiedJws, VerifiedJws
from watchword.protocol.strict_json import MalformedJson, loads_object

ASSERTION_ALGORITHMS: Final = frozenset({"ES256", "RS256", "PS256", "EdDSA", "Ed25519"})
MAX_ASSERTION_SECONDS: Final = 300
"""How far ahead ``exp`` may lie: one that is kept longer than a request takes is a password."""

_TYPES: Final = frozenset({"jwt", "application/jwt"})


@dataclass(frozen=True, slots=True)
class CheckedAssertion:
    """What has to be remembered so that it is used once; ``expires_at`` in seconds since 1970."""

    jti: str
    expires_at: int


def claimed_client(unverified: UnverifiedJws) -> str | None:
    """Whose assertion it says it is: good for choosing the keys that it is then checked with, and for
    nothing else. None where it does not say."""
    try:
        subject = loads_object(unverified.payload, max_bytes=len(unverified.payload)).get("sub")
    except MalformedJson:
        return None
    return subject if claims.is_safe_text(subject) else None


def check_client_assertion(
    verified: VerifiedJws,
    *,
    client_id: str,
    audiences: frozenset[str],
    now_seconds: int,
    leeway_seconds: int,
) -> CheckedAssertion:
    """An assertion of ``client_id`` for one of our ``audiences`` and nobody else. Raises ClaimError.

    ``exp`` and ``jti`` are required; ``exp`` lies at most five minutes ahead, and as long after
    ``iat`` where there is one. The leeway is for every time.
    """
    if verified.typ is not None and verified.typ.lower() not in _TYPES:
        raise ClaimError("typ", "mismatch", "not a plain JWT")
    found = claims.read_claims(verified)
    claims.required_match(found, "iss", client_id)
    claims.required_match(found, "sub", client_id)
    _check_audience(found, audiences)
    expires_at = _check_times(found, now_seconds, leeway_seconds)
    return CheckedAssertion(claims.required_text(found, "jti"), expires_at)


def _check_audience(found: Mapping[str, Any], audiences: frozenset[str]) -> None:
    """Exactly one, so that no other server can use the assertion here (RFC 7523 §3 point 3)."""
    value = found.get("aud")
    if isinstance(value, list) and len(value) != 1:
        raise ClaimError("aud", "mismatch", "more or less than one audience")
    if not claims.audiences(found) <= audiences:
        raise ClaimError("aud", "mismatch", "neither our issuer nor the endpoint that was called")


def _check_times(found: Mapping[str, Any], now_seconds: int, leeway_seconds: int) -> int:
    expires_at = claims.required_timestamp(found, "exp")
    if now_seconds >= expires_at + leeway_seconds:
        raise ClaimError("exp", "expired", f"{now_seconds - expires_at} s ago")
    if expires_at - now_seconds > MAX_ASSERTION_SECONDS + leeway_seconds:
        raise ClaimError("exp", "out_of_range", f"more than {MAX_ASSERTION_SECONDS} s ahead")
    for name in ("iat", "nbf"):
        moment = claims.optional_timestamp(found, name)
        if moment is not None and moment > now_seconds + leeway_seconds:
            raise ClaimError(name, "in_the_future", f"{moment - now_seconds} s ahead; are the clocks right?")
    issued_at = claims.optional_timestamp(found, "iat")
    if issued_at is not None and not 0 < expires_at - issued_at <= MAX_ASSERTION_SECONDS:
        raise ClaimError("iat", "out_of_range", f"exp is not within {MAX_ASSERTION_SECONDS} s after it")
    return expires_at
