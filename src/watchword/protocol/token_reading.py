"""What a token says of itself, read without believing it: for people who look for why one is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from watchword.protocol import jws
from watchword.protocol.access_token import ACCESS_TOKEN_TYPE
from watchword.protocol.claims import ClaimError, read_unverified_claims
from watchword.protocol.refresh_token import PREFIX

TokenKind = Literal["access_token", "id_token", "logout_token", "jwt", "refresh_token", "unreadable"]
"""``jwt``: one that does not say what it is for; ``unreadable``: none of the others."""

_BY_TYPE: Final[Mapping[str, TokenKind]] = {ACCESS_TOKEN_TYPE: "access_token", "logout+jwt": "logout_token"}
_OF_ID_TOKENS: Final = frozenset({"nonce", "at_hash", "c_hash"})
"""Claims that only ID tokens have (OpenID Connect Core §2, §3.3.2.11)."""


@dataclass(frozen=True, slots=True)
class TokenReading:
    """``fault`` is why it could not be read whole. Header and claims may be anybody's words."""

    kind: TokenKind
    header: Mapping[str, Any] = field(default_factory=dict, repr=False)
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    fault: str | None = None


def read_token(text: str) -> TokenReading:
    """Take a presented text for what it looks like; no signature and no time is checked."""
    if text.startswith(PREFIX):
        return TokenReading("refresh_token")
    try:
        unverified = jws.parse(text)
    except jws.JwsError as error:
        return TokenReading("unreadable", fault=str(error))
    try:
        claims = read_unverified_claims(unverified)
    except ClaimError as error:
        return TokenReading("unreadable", header=unverified.header, fault=str(error))
    return TokenReading(_kind(unverified.typ, claims), header=unverified.header, claims=claims)


def _kind(typ: str | None, claims: Mapping[str, Any]) -> TokenKind:
    named = _BY_TYPE.get((typ or "").lower().removeprefix("application/"))
    return named or ("id_token" if _OF_ID_TOKENS & claims.keys() else "jwt")


def hints(
    reading: TokenReading, *, issuer: str, audience: str, providers: Mapping[str, str]
) -> Iterator[str]:
    """What an operator may have mixed up, each with its way out. ``providers``: issuers by id of ours."""
    said = reading.claims.get("iss")
    named = [provider_id for provider_id, known in providers.items() if known == said]
    if named:
        yield _of_a_provider(reading.kind, named[0])
    elif isinstance(said, str) and said != issuer:
        yield from _almost(
            said, {"BASE_URL": issuer} | {f"provider {name}": at for name, at in providers.items()}
        )
    if said == issuer and not _is_meant_for(reading.claims.get("aud"), audience):
        yield f"it is not for this API: AUDIENCE is {audience}"


def _of_a_provider(kind: TokenKind, provider_id: str) -> str:
    if kind == "id_token":
        return f"it is an ID token of provider {provider_id}: it says who signed in, and opens no API"
    if kind == "logout_token":
        return f"it is a logout token, which {provider_id} posts to /auth/backchannel-logout/{provider_id}"
    setting = f"WATCHWORD_PROVIDERS__{provider_id.upper()}__ACCEPT_ACCESS_TOKENS"
    return f"it is of provider {provider_id}, whose own access tokens count only with {setting}=true"


def _almost(said: str, known: Mapping[str, str]) -> Iterator[str]:
    for name, issuer in known.items():
        if _folded(said) == _folded(issuer):
            yield f"its issuer is not letter for letter {name}'s, {issuer}: look at case, slash, scheme"


def _folded(issuer: str) -> str:
    return issuer.casefold().rstrip("/").removeprefix("https://").removeprefix("http://")


def _is_meant_for(claimed: object, audience: str) -> bool:
    return claimed == audience or (isinstance(claimed, list) and audience in claimed)
