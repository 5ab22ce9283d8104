"""authx: ``access_token_required`` as a dependency."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import uuid4

from authx import AuthX, AuthXConfig
from fastapi import Depends, FastAPI

from benchmarks.subjects.subject import GUARDED_PATH, HELLO, LIFE_SECONDS, Subject, bearer


def dependency() -> Subject:
    """HS256, as in its guide."""
    auth = AuthX(
        config=AuthXConfig(
            JWT_ALGORITHM="HS256",
            JWT_SECRET_KEY=secrets.token_urlsafe(32),
            JWT_TOKEN_LOCATION=["headers"],
            JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=LIFE_SECONDS),
        )
    )
    app = FastAPI()
    auth.handle_errors(app)

    @app.get(GUARDED_PATH, dependencies=[Depends(auth.access_token_required)])
    async def guarded() -> dict[str, str]:
        return HELLO

    async def credentials(count: int) -> list[str]:
        return [bearer(auth.create_access_token(uid=str(uuid4()))) for _ in range(count)]

    return Subject(app, credentials, ("authx", "pyjwt"))
