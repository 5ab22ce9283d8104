"""The ID token of a sign-in by authorization code (OpenID Connect Core §3.1.3.7), or of a refresh (§12.2)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from watchword.protocol import base64url, claims
from watchword.protocol.algorithms import ALGORITHMS, ID_TOKEN_ALGORITHMS
from watchword.protocol.claims import ClaimError
from watchword.protocol.issuer_rule import IssuerRule, check_token_issuer
from watchword.protocol.jws import VerifiedJws

MAX_ID_TOKEN_BYTES = 16 * 1024
MAX_LIFE_SECONDS = 86_400
MAX_AGE_SECONDS = 600
MAX_LEEWAY_SECONDS = 60

_TYPES = frozenset({"jwt", "application/jwt"})


@dataclass(frozen=True, slots=True)
class IdTokenPolicy:
    """What one attempt expects: who issued the token, for whom, and for which ``nonce``. That is None
    for a refreshed token and no other: no browser carried it, and it need not repeat the first one's.
    ``hosted_domains``, where there are any, are those of which ``hd`` has to be one (Google).
    ``kind`` is a claim by which the provider tells its tokens apart, and its value in ID tokens.
    ``max_age_seconds`` is set when the request asked for a recent sign-in, ``asked_at`` is when that
    was: whoever signed in since then did so recently, however long the way back took.

    Raises ValueError for a leeway above 60 s, an empty expectation or an unknown algorithm.
    """

    issuer: IssuerRule
    client_id: str
    nonce: str | None = field(repr=False)
    algorithms: frozenset[str] = ID_TOKEN_ALGORITHMS
    leeway_seconds: int = 30
    max_age_seconds: int | None = None
    asked_at: int | None = None
    hosted_domains: frozenset[str] = frozenset()
    kind: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.leeway_seconds <= MAX_LEEWAY_SECONDS:
            raise ValueError(f"leeway_seconds must be between 0 and {MAX_LEEWAY_SECONDS}")
        if not (self.issuer.issuer and self.client_id) or self.nonce == "":
            raise ValueError("issuer, client_id and nonce must not be empty")
        if not self.algorithms <= ALGORITHMS.keys():
            raise ValueError("algorithms must be names this service can verify")


@dataclass(frozen=True, slots=True)
class IdToken:
    """A sign-in the provider vouches for. Times are seconds since 1970; ``sid`` is the provider's
    own session (OpenID Connect Front-Channel Logout §3)."""

    issuer: str
    subject: str
    claims: Mapping[str, Any] = field(repr=False, hash=False)
    issued_at: int
    expires_at: int
    auth_time: int | None
    sid: str | None


def check_id_token(
    verified: VerifiedJws, policy: IdTokenPolicy, *, now_seconds: int, access_token: str | None
) -> IdToken:
    """Check every claim of a token whose signature holds. Raises ClaimError naming the claim.

    ``access_token`` is the one that came in the same response; an ``at_hash`` has to fit it.
    """
    _check_header(verified, policy)
    found = claims.read_claims(verified)
    issuer = check_token_issuer(found, policy.issuer, key_issuer=verified.key.issuer)
    _check_kind(found, policy.kind)
    _check_audience(found, policy.client_id)
    issued_at, expires_at = claims.check_times(
        found,
        now_seconds=now_seconds,
        leeway_seconds=policy.leeway_seconds,
        max_life_seconds=MAX_LIFE_SECONDS,
    )
    if now_seconds - issued_at > MAX_AGE_SECONDS + policy.leeway_seconds:
        raise ClaimError("iat", "too_old", f"{now_seconds - issued_at} s ago; are the clocks right?")
    subject = claims.required_text(found, "sub")
    if policy.nonce is not None:
        _check_nonce(found, policy.nonce)
    claims.check_hosted_domain(found, policy.hosted_domains)
    _check_at_hash(found, verified.alg, access_token)
    return IdToken(
        issuer=issuer,
        subject=subject,
        claims=MappingProxyType(found),
        issued_at=issued_at,
        expires_at=expires_at,
        auth_time=_auth_time(found, policy, now_seconds),
        sid=claims.optional_text(found, "sid"),
    )


def _check_header(verified: VerifiedJws, policy: IdTokenPolicy) -> None:
    if verified.alg not in policy.algorithms:
        raise ClaimError("alg", "mismatch", "not the algorithm this provider is known to use")
    if verified.typ is not None and verified.typ.lower() not in _TYPES:
        raise ClaimError("typ", "mismatch", "another kind of token")


def _check_kind(found: Mapping[str, Any], kind: tuple[str, str] | None) -> None:
    """Some vendors say in a claim what a token is; where they do, it has to be an ID token."""
    if kind is not None and kind[0] in found:
        claims.required_match(found, *kind)


def _check_audience(found: Mapping[str, Any], client_id: str) -> None:
    """``azp`` has to be us where it is present, and present where others are addressed as well."""
    named = claims.required_audience(found, client_id)
    if "azp" in found or len(named) > 1:
        claims.required_match(found, "azp", client_id)


def _check_nonce(found: Mapping[str, Any], expected: str) -> None:
    nonce = claims.required_text(found, "nonce")
    if not hmac.compare_digest(nonce.encode("utf-8"), expected.encode("utf-8")):
        raise ClaimError("nonce", "mismatch", "the token belongs to another sign-in")


def _check_at_hash(found: Mapping[str, Any], alg: str, access_token: str | None) -> None:
    """Left half of the access token's hash, by the hash of ``alg`` (Core §3.1.3.6)."""
    at_hash = claims.optional_text(found, "at_hash")
    if at_hash is None:
        return
    if access_token is None:
        raise ClaimError("at_hash", "unverifiable", "no access token came with the ID token")
    digest = hashlib.new(ALGORITHMS[alg].digest, access_token.encode("utf-8", "surrogatepass")).digest()
    expected = base64url.encode(digest[: len(digest) // 2])
    if not hmac.compare_digest(at_hash.encode("utf-8"), expected.encode("ascii")):
        raise ClaimError("at_hash", "mismatch", "the access token is not the one this ID token came with")


def _auth_time(found: Mapping[str, Any], policy: IdTokenPolicy, now_seconds: int) -> int | None:
    auth_time = claims.optional_auth_time(
        found, now_seconds=now_seconds, leeway_seconds=policy.leeway_seconds
    )
    if policy.max_age_seconds is None:
        return auth_time
    if auth_time is None:
        raise ClaimError("auth_time", "missing", "max_age was asked for")
    in_this_attempt = policy.asked_at is not None and auth_time >= policy.asked_at - policy.leeway_seconds
    too_old = now_seconds - auth_time > policy.max_age_seconds + policy.leeway_seconds
    if too_old and not in_this_attempt:
        raise ClaimError("auth_time", "too_old", f"{now_seconds - auth_time} s ago")
    return auth_time
