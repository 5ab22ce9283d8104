"""What somebody makes who has a key of ours: a signing key, or the secret key."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx2
import jwt

from tests.flows.browser import Browser
from tests.flows.conftest import Service
from tests.flows.first_party import FirstParty, challenge, claims_of
from watchword.auth.client_requests import seal_client_request
from watchword.auth.refresh_tokens import RefreshTokens
from watchword.auth.sealing import Sealer
from watchword.protocol.client_request import ClientRequest


def forged(service: Service, victim: Browser, **changes: str) -> str:
    """What somebody makes who has the private key: the victim as an administrator, with these claims."""
    active = service.call(service.auth.services).keyring.active
    claims = claims_of(victim.access) | {"roles": ["admin"], "jti": "9.forged"} | changes
    headers = {"kid": active.kid, "typ": "at+jwt"}
    return jwt.encode(claims, active.private_key, algorithm="ES256", headers=headers)


def minted(secret_key: bytes, session_id: str, generation: int) -> str:
    """A refresh token with a tag under some key, which nobody was given."""
    return RefreshTokens(Sealer(secret_key)).mint(UUID(session_id), generation).text


def by_forged_link(service: Service, secret_key: bytes, client: FirstParty, **asked: Any) -> httpx2.Response:
    """The first step of a request that somebody sealed who has the secret key."""
    request = ClientRequest(client.client_id, asked.pop("at", client.redirect_uri), False, **asked)
    sealed = seal_client_request(request, Sealer(secret_key), now_seconds=service.clock.now_seconds())
    return client.browser.get(f"/auth/login/dev?{urlencode({'request': sealed})}")


def scopes_by_forged_link(service: Service, secret_key: bytes) -> str | None:
    """What somebody gets for themselves by one that asks for more than the client may; None where it is
    refused."""
    client = FirstParty(service)
    begun = by_forged_link(
        service, secret_key, client, code_challenge=challenge(client.verifier), scopes=("anything",)
    )
    if begun.status_code != 303:
        return None
    given = client.finish(begun.headers["location"])
    return str(client.exchange(given["code"]).json()["scope"])
