"""The logout token of a provider (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from watchword.errors import InvalidRequest
from watchword.protocol import claims
from watchword.protocol.claims import ClaimError
from watchword.protocol.form import FORM_TYPE, read_form
from watchword.protocol.jws import VerifiedJws
from watchword.protocol.media_type import media_type

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
TYPES: Final = frozenset({"logout+jwt", "application/logout+jwt"})
MAX_LOGOUT_TOKEN_BYTES: Final = 8 * 1024
MAX_LOGOUT_BODY_BYTES: Final = 16 * 1024
MAX_AGE_SECONDS: Final = 120
MAX_LIFE_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class LogoutTokenPolicy:
    """Who may say that somebody signed out, and to whom."""

    issuer: str
    client_id: str
    leeway_seconds: int


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """Whose sessions end: the one of ``sid``, or without it every one of ``subject``; one of the two
    is there. ``acceptable_until`` is in seconds since 1970: later the token is refused anyway."""

    issuer: str
    token_id: str = field(repr=False)
    sid: str | None
    subject: str | None
    acceptable_until: int


def read_logout_body(content_type: str | None, body: bytes) -> str:
    """The token of a logout request (§2.5). Raises InvalidRequest, RequestTooLarge above 16 KB."""
    if media_type(content_type or "") != FORM_TYPE:
        raise InvalidRequest(f"a logout request is {FORM_TYPE}")
    token = read_form(body, max_bytes=MAX_LOGOUT_BODY_BYTES).get("logout_token")
    if not token:
        raise InvalidRequest("the parameter logout_token is missing")
    return token


def check_logout_token(verified: VerifiedJws, policy: LogoutTokenPolicy, *, now_seconds: int) -> LogoutToken:
    """Check every claim of a token whose signature holds. Raises ClaimError naming the claim.

    Stricter than §2.6 asks: the type has to be stated (RFC 8725 §3.11), we are the only audience, and
    the token is at most two minutes old.
    """
    if verified.typ is None or verified.typ.lower() not in TYPES:
        raise ClaimError("typ", "mismatch", "not a logout token")
    found = claims.read_claims(verified)
    claims.required_match(found, "iss", policy.issuer)
    if len(claims.required_audience(found, policy.client_id)) > 1:
        raise ClaimError("aud", "mismatch", "the token is for others as well")
    acceptable_until = _acceptable_until(found, policy.leeway_seconds, now_seconds)
    _check_event(found)
    if "nonce" in found:
        raise ClaimError("nonce", "mismatch", "a logout token has none; this is an ID token")
    sid, subject = claims.optional_text(found, "sid"), claims.optional_text(found, "sub")
    if sid is None and subject is None:
        raise ClaimError("sid", "missing", "neither sid nor sub says whose sessions end")
    return LogoutToken(policy.issuer, claims.required_text(found, "jti"), sid, subject, acceptable_until)


def _acceptable_until(found: Mapping[str, Any], leeway_seconds: int, now_seconds: int) -> int:
    issued_at, expires_at = claims.check_times(
        found, now_seconds=now_seconds, leeway_seconds=leeway_seconds, max_life_seconds=MAX_LIFE_SECONDS
    )
    too_old_at = issued_at + MAX_AGE_SECONDS
    if now_seconds > too_old_at + leeway_seconds:
        raise ClaimError("iat", "too_old", f"{now_seconds - issued_at} s ago; are the clocks right?")
    return min(expires_at, too_old_at) + leeway_seconds


def _check_event(found: Mapping[str, Any]) -> None:
    if "events" not in found:
        raise ClaimError("events", "missing")
    events = found["events"]
    if not isinstance(events, dict) or not isinstance(events.get(EVENT, {}), dict):
        raise ClaimError("events", "wrong_type")
    if EVENT not in events:
        raise ClaimError("events", "mismatch", "not the event of a logout")
