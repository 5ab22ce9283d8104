"""What one writes by hand: FastAPI's ``HTTPBearer`` and PyJWT, the key set in memory."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from benchmarks.subjects.subject import AUDIENCE, GUARDED_PATH, HELLO, ISSUER, LIFE_SECONDS, Subject, bearer

KEY_ID = "benchmark"


def dependency() -> Subject:
    """ES256 with signature, issuer, audience and expiry checked."""
    private_key = ec.generate_private_key(ec.SECP256R1())
    keys = {KEY_ID: private_key.public_key()}
    scheme = HTTPBearer()

    async def caller(given: HTTPAuthorizationCredentials = Depends(scheme)) -> dict[str, Any]:
        token = given.credentials
        try:
            key = keys[jwt.get_unverified_header(token)["kid"]]
            return jwt.decode(
                token,
                key,
                algorithms=["ES256"],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": ["exp", "iat", "sub"]},
            )
        except (jwt.InvalidTokenError, KeyError):
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None

    app = FastAPI()

    @app.get(GUARDED_PATH)
    async def guarded(claims: dict[str, Any] = Depends(caller)) -> dict[str, str]:
        return HELLO

    async def credentials(count: int) -> list[str]:
        return [
            bearer(jwt.encode(claims(), private_key, "ES256", headers={"kid": KEY_ID, "typ": "at+jwt"}))
            for _ in range(count)
        ]

    return Subject(app, credentials, ("pyjwt", "cryptography"))


def claims() -> dict[str, Any]:
    """The claims of RFC 9068 §2.2, as many as watchword's tokens have."""
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(uuid4()),
        "client_id": "browser",
        "sid": str(uuid4()),
        "jti": uuid4().hex[:16],
        "iat": now,
        "exp": now + LIFE_SECONDS,
        "auth_time": now,
        "roles": ["editor"],
        "scope": "",
    }
