"""Our own access tokens (RFC 9068): what goes in, and what has to be there when one comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from watchword.protocol import claims
from watchword.protocol.claims import ClaimError
from watchword.protocol.frozen import frozen
from watchword.protocol.jws import VerifiedJws
from watchword.protocol.principal import AUTH_TIME_SOURCE, Principal
from watchword.protocol.refresh_token import MAX_GENERATION

ACCESS_TOKEN_TYPE: Final = "at+jwt"  # noqa: S105

_TYPES = frozenset({ACCESS_TOKEN_TYPE, f"application/{ACCESS_TOKEN_TYPE}"})
_TOKEN_ID = re.compile(r"([1-9][0-9]{0,9})\.[A-Za-z0-9_-]{8,128}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def token_id(generation: int, random_part: str) -> str:
    """A ``jti`` that says at which generation of its session it was issued, so that a change of
    roles can refuse the older ones. ``random_part``: 8 to 128 base64url characters.

    Raises ValueError for anything ``generation_of`` would not read back.
    """
    made = f"{generation}.{random_part}"
    if generation_of(made) != generation:
        raise ValueError("the generation or the random part is out of range")
    return made


def generation_of(jti: str) -> int | None:
    """The generation in a ``jti`` of ours, None in any other."""
    found = _TOKEN_ID.fullmatch(jti)
    generation = int(found[1]) if found else 0
    return generation if 1 <= generation <= MAX_GENERATION else None


def build_claims(
    *,
    issuer: str,
    audience: str,
    subject: str,
    client_id: str,
    session_id: str | None,
    token_id: str,
    issued_at: int,
    expires_at: int,
    auth_time: int | None,
    auth_time_asserted: bool = False,
    roles: Iterable[str],
    scopes: Iterable[str],
) -> dict[str, Any]:
    """The claims of RFC 9068 §2.2, nothing personal; times in seconds since 1970.

    An ``auth_time`` that is not ``auth_time_asserted`` by the provider is marked as the time of
    sign-in, so that nobody takes it for a recent authentication.

    Raises ValueError for a scope that would read back as something else (RFC 6749 §3.3).
    """
    granted = sorted(scopes)
    if not all(_SCOPE.fullmatch(scope) for scope in granted):
        raise ValueError("a scope holds characters that RFC 6749 does not allow")
    made: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "client_id": client_id,
        "jti": token_id,
        "iat": issued_at,
        "exp": expires_at,
        "roles": sorted(roles),
        "scope": " ".join(granted),
    }
    if session_id is not None:
        made["sid"] = session_id
    if auth_time is not None:
        made["auth_time"] = auth_time
        if not auth_time_asserted:
            made[AUTH_TIME_SOURCE] = "sign_in"
    return made


def check_access_token(
    verified: VerifiedJws,
    *,
    issuer: str,
    audience: str,
    now_seconds: int,
    max_life_seconds: int,
    leeway_seconds: int = 5,
) -> Principal:
    """The caller a token of ours was issued to (RFC 9068 §4). Raises ClaimError.

    Claims we do not know are kept in ``claims``, read-only like all of them. A token that a client
    got for itself has the client as its subject and no session, and so no ``user_id``.
    """
    if verified.typ is None or verified.typ.lower() not in _TYPES:
        raise ClaimError("typ", "mismatch", "not an access token")
    found = claims.read_claims(verified)
    claims.required_match(found, "iss", issuer)
    claims.required_audience(found, audience)
    claims.check_times(
        found, now_seconds=now_seconds, leeway_seconds=leeway_seconds, max_life_seconds=max_life_seconds
    )
    subject, client_id = claims.required_text(found, "sub"), claims.required_text(found, "client_id")
    session_id = claims.optional_text(found, "sid")
    return Principal(
        user_id=None if session_id is None and subject == client_id else subject,
        session_id=session_id,
        client_id=client_id,
        roles=_roles(found),
        scopes=_scopes(found),
        issuer=issuer,
        subject=subject,
        email=_profile_text(found, "email"),
        name=_profile_text(found, "name"),
        auth_time=claims.optional_auth_time(found, now_seconds=now_seconds, leeway_seconds=leeway_seconds),
        token_id=claims.required_text(found, "jti"),
        claims=frozen(found),
    )


def _roles(found: Mapping[str, Any]) -> frozenset[str]:
    value = found.get("roles", [])
    if not isinstance(value, list) or not all(isinstance(role, str) and role for role in value):
        raise ClaimError("roles", "wrong_type")
    return frozenset(value)


def _scopes(found: Mapping[str, Any]) -> frozenset[str]:
    value = found.get("scope", "")
    if not isinstance(value, str):
        raise ClaimError("scope", "wrong_type")
    return frozenset(filter(None, value.split(" ")))


def _profile_text(found: Mapping[str, Any], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) else None
