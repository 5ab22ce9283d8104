"""What the provider says about a person (OpenID Connect Core §2, §3.1.3.6, §5.4)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from watchword.dev_provider.people import Person
from watchword.dev_provider.state import TOKEN_SECONDS, Grant, ProviderState


def person_claims(person: Person, scopes: tuple[str, ...]) -> dict[str, Any]:
    """Subject and roles always, name and e-mail by scope."""
    claims: dict[str, Any] = {"sub": person.sub, "roles": list(person.roles), **person.claims}
    if "profile" in scopes:
        claims |= {"name": person.name, "preferred_username": person.username}
    if "email" in scopes:
        claims |= {"email": person.email, "email_verified": person.email_verified}
    return claims


def id_token_claims(
    provider: ProviderState, grant: Grant, access_token: str, nonce: str | None
) -> dict[str, Any]:
    """The claims of an ID token issued now, beside ``access_token``."""
    now = int(provider.clock())
    claims = person_claims(grant.person, grant.scopes) | {
        "iss": provider.issuer,
        "aud": grant.client_id,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "auth_time": grant.auth_time,
        "at_hash": access_token_hash(access_token),
        "sid": grant.sid,
    }
    if provider.behaviour.omit_auth_time:
        del claims["auth_time"]
    return claims if nonce is None else claims | {"nonce": nonce}


def access_token_hash(access_token: str) -> str:
    """``at_hash`` for ES256 and RS256: the left half of SHA-256, in base64url."""
    digest = hashlib.sha256(access_token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode("ascii")
