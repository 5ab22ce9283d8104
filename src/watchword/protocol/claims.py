"""Checks that every kind of token shares: exact types, safe text, one leeway for all times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from watchword.protocol.jws import UnverifiedJws, VerifiedJws
from watchword.protocol.printable import printable
from watchword.protocol.strict_json import MalformedJson, loads_object

MAX_TEXT_CHARS = 255
MAX_TIMESTAMP_SECONDS = 253_402_300_799
"""The last second of the year 9999, so that every accepted time is a date."""

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class ClaimError(ValueError):
    """A signed statement that is not acceptable here: which ``claim``, and a stable ``reason``
    (malformed, missing, wrong_type, unsafe_text, out_of_range, mismatch, expired, not_yet_valid,
    in_the_future, too_old, life_too_long, unverifiable)."""

    def __init__(self, claim: str, reason: str, detail: str = "") -> None:
        super().__init__(f"{claim}: {reason}" + (f" ({detail})" if detail else ""))
        self.claim = claim
        self.reason = reason


def read_claims(verified: VerifiedJws) -> dict[str, Any]:
    """The claims set of a token whose signature was checked (RFC 7519 §7.2). Raises ClaimError."""
    return _read(verified.payload)


def read_unverified_claims(unverified: UnverifiedJws) -> dict[str, Any]:
    """What a token claims that anybody may have written: good for choosing who is asked about it, and
    for refusing it. Raises ClaimError."""
    return _read(unverified.payload)


def is_safe_text(value: object) -> bool:
    """A string of 1 to 255 characters without control characters, line separators or surrogates."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT_CHARS:
        return False
    return (value.isascii() and value.isprintable()) or not _UNSAFE.search(value)


def optional_text(claims: Mapping[str, Any], name: str) -> str | None:
    """A claim that identifies something, or None where it is absent; null is a wrong type."""
    if name not in claims:
        return None
    value = claims[name]
    if not isinstance(value, str):
        raise ClaimError(name, "wrong_type")
    if not is_safe_text(value):
        raise ClaimError(name, "unsafe_text")
    return value


def required_text(claims: Mapping[str, Any], name: str) -> str:
    value = optional_text(claims, name)
    if value is None:
        raise ClaimError(name, "missing")
    return value


def optional_timestamp(claims: Mapping[str, Any], name: str) -> int | None:
    """Seconds since 1970 as a JSON integer; no booleans, fractions or strings."""
    if name not in claims:
        return None
    value = claims[name]
    if type(value) is not int:
        raise ClaimError(name, "wrong_type")
    if not 0 <= value <= MAX_TIMESTAMP_SECONDS:
        raise ClaimError(name, "out_of_range")
    return value


def required_timestamp(claims: Mapping[str, Any], name: str) -> int:
    value = optional_timestamp(claims, name)
    if value is None:
        raise ClaimError(name, "missing")
    return value


def required_match(claims: Mapping[str, Any], name: str, expected: str) -> str:
    """A claim that has to equal ``expected`` to the character."""
    value = claims.get(name)
    if value == expected:
        return expected
    if name not in claims:
        raise ClaimError(name, "missing")
    if not isinstance(value, str):
        raise ClaimError(name, "wrong_type")
    raise ClaimError(name, "mismatch", f"expected '{printable(expected)}', got '{printable(value)}'")


def audiences(claims: Mapping[str, Any]) -> frozenset[str]:
    """Whom the token is for: a string, or a list of at least one and nothing but strings."""
    if "aud" not in claims:
        raise ClaimError("aud", "missing")
    value = claims["aud"]
    named = value if isinstance(value, list) else [value]
    if not named or not all(isinstance(one, str) and one for one in named):
        raise ClaimError("aud", "wrong_type")
    return frozenset(named)


def required_audience(claims: Mapping[str, Any], expected: str) -> frozenset[str]:
    """All audiences, of which ``expected`` is one."""
    named = audiences(claims)
    if expected not in named:
        got = ", ".join(printable(one) for one in sorted(named)[:5])
        raise ClaimError("aud", "mismatch", f"expected '{printable(expected)}', got '{got}'")
    return named


def check_hosted_domain(claims: Mapping[str, Any], allowed: frozenset[str]) -> None:
    """Whether ``hd`` is one of the domains, where any are (Google). The claim counts: the request parameter
    of the same name is a hint that anybody may change."""
    if allowed and (domain := required_text(claims, "hd")) not in allowed:
        raise ClaimError("hd", "mismatch", f"the domain '{printable(domain)}' is not one of those allowed")


def check_times(
    claims: Mapping[str, Any], *, now_seconds: int, leeway_seconds: int, max_life_seconds: int
) -> tuple[int, int]:
    """``iat`` and ``exp``, both required, and ``nbf`` where there is one (RFC 7519 §4.1.4-4.1.6).

    A token is expired from ``exp`` plus the leeway on; ``iat`` and ``nbf`` may be ahead of our
    clock by the leeway; between ``iat`` and ``exp`` lie at most ``max_life_seconds``.
    """
    issued_at, expires_at = required_timestamp(claims, "iat"), required_timestamp(claims, "exp")
    if now_seconds >= expires_at + leeway_seconds:
        raise ClaimError("exp", "expired", f"{now_seconds - expires_at} s ago")
    if issued_at > now_seconds + leeway_seconds:
        raise ClaimError("iat", "in_the_future", f"{issued_at - now_seconds} s ahead; are the clocks right?")
    not_before = optional_timestamp(claims, "nbf")
    if not_before is not None and not_before > now_seconds + leeway_seconds:
        raise ClaimError("nbf", "not_yet_valid", f"{not_before - now_seconds} s ahead; are the clocks right?")
    if expires_at - issued_at > max_life_seconds:
        raise ClaimError("exp", "life_too_long", f"{expires_at - issued_at} s, at most {max_life_seconds}")
    return issued_at, expires_at


def optional_auth_time(claims: Mapping[str, Any], *, now_seconds: int, leeway_seconds: int) -> int | None:
    """When the person proved who they are (OpenID Connect Core §2); never ahead of our clock."""
    auth_time = optional_timestamp(claims, "auth_time")
    if auth_time is not None and auth_time > now_seconds + leeway_seconds:
        raise ClaimError("auth_time", "in_the_future", f"{auth_time - now_seconds} s ahead")
    return auth_time


def seconds_that_fit(claims: Mapping[str, Any], *, leeway_seconds: int) -> range:
    """Every second at which ``check_times`` and ``optional_auth_time`` accept the times of claims
    that they accepted once, with the same leeway."""
    starts = max(claims[name] for name in ("iat", "nbf", "auth_time") if name in claims)
    return range(starts - leeway_seconds, claims["exp"] + leeway_seconds)


def _read(payload: bytes) -> dict[str, Any]:
    try:
        return loads_object(payload, max_bytes=len(payload))
    except MalformedJson as error:
        raise ClaimError("payload", "malformed", str(error)) from None
