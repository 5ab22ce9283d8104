"""auth0-fastapi-api: ``require_auth()`` as a dependency."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import Depends, FastAPI
from fastapi_plugin.fast_api_client import Auth0FastAPI

from benchmarks.subjects.pyjwt_dependency import KEY_ID, claims
from benchmarks.subjects.subject import AUDIENCE, GUARDED_PATH, HELLO, ISSUER, Subject, bearer


def dependency() -> Subject:
    """RS256, which is all it accepts. Discovery must be https, so its own ``custom_fetch`` answers the
    two documents from memory; it keeps them for ten minutes."""
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public_jwk = jwt.algorithms.RSAAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    jwks_uri = f"{ISSUER}.well-known/jwks.json"
    documents: dict[str, dict[str, Any]] = {
        f"{ISSUER}.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": jwks_uri},
        jwks_uri: {"keys": [{**public_jwk, "kid": KEY_ID, "alg": "RS256", "use": "sig"}]},
    }

    async def fetch(url: str) -> dict[str, Any]:
        return documents[url]

    auth0 = Auth0FastAPI(domain=urlsplit(ISSUER).netloc, audience=AUDIENCE, custom_fetch=fetch)
    app = FastAPI()

    @app.get(GUARDED_PATH)
    async def guarded(claims: dict[str, Any] = Depends(auth0.require_auth())) -> dict[str, str]:
        return HELLO

    async def credentials(count: int) -> list[str]:
        return [
            bearer(jwt.encode(claims(), private_key, "RS256", headers={"kid": KEY_ID, "typ": "at+jwt"}))
            for _ in range(count)
        ]

    return Subject(app, credentials, ("auth0-fastapi-api", "auth0-api-python", "authlib"))
