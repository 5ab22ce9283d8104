"""watchword: a marked route, and one that also takes its caller as an argument."""

from __future__ import annotations

import asyncio
import logging
from uuid import uuid4

from fastapi import FastAPI

from benchmarks.subjects.subject import GUARDED_PATH, HELLO, LIFE_SECONDS, Subject, bearer
from watchword import CurrentPrincipal, Settings, Watchword, require_auth
from watchword.migrations.runner import upgrade
from watchword.protocol.access_token import build_claims, token_id
from watchword.protocol.signing import sign

logging.getLogger("watchword").setLevel(logging.ERROR)


def marked() -> Subject:
    """``@require_auth`` alone."""
    app = FastAPI()

    @app.get(GUARDED_PATH)
    @require_auth
    async def guarded() -> dict[str, str]:
        return HELLO

    return _installed(app)


def with_principal() -> Subject:
    """``@require_auth`` and a ``CurrentPrincipal``."""
    app = FastAPI()

    @app.get(GUARDED_PATH)
    @require_auth
    async def guarded(caller: CurrentPrincipal) -> dict[str, str]:
        return HELLO

    return _installed(app)


def _installed(app: FastAPI) -> Subject:
    settings = Settings(access_token_seconds=LIFE_SECONDS)
    asyncio.run(upgrade(settings.database_url))
    auth = Watchword(settings)
    auth.install(app)

    async def credentials(count: int) -> list[str]:
        return [bearer(await _token(auth)) for _ in range(count)]

    return Subject(app, credentials, ("watchword", "cryptography"))


async def _token(auth: Watchword) -> str:
    """Signed as at a sign-in, each for a session of its own; the gate reads no session."""
    now = auth.now_seconds()
    claims = build_claims(
        issuer=auth.settings.base_url,
        audience=auth.settings.token_audience,
        subject=str(uuid4()),
        client_id="browser",
        session_id=str(uuid4()),
        token_id=token_id(1, uuid4().hex[:16]),
        issued_at=now,
        expires_at=now + LIFE_SECONDS,
        auth_time=now,
        roles=["editor"],
        scopes=[],
    )
    return sign(claims, (await auth.services()).keyring.active)
