"""A whole service without a provider: its own keys, database and gate, and a forge that knows them."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.gate.forge import Forge
from tests.servers.sqlite import migrated_sqlite
from watchword import CurrentPrincipal, Settings, Watchword, public, require_auth
from watchword.api.dependencies import OptionalPrincipal
from watchword.api.services import Services
from watchword.testing import FakeClock

BASE_URL = "https://app.example.test"
AUDIENCE = "https://api.example.test"
ACCESS_COOKIE = "__Host-ww_access"


@dataclass
class OwnService:
    """One running replica, and the means to lie to it."""

    app: FastAPI
    auth: Watchword
    client: TestClient
    clock: FakeClock
    forge: Forge


def guarded_app(auth: Watchword) -> FastAPI:
    """Who calls, on a protected and on a public route."""
    app = FastAPI()
    auth.install(app)

    @app.get("/closed")
    @require_auth
    async def closed(caller: CurrentPrincipal) -> dict[str, Any]:
        return {"subject": caller.subject}

    @app.get("/live")
    @require_auth(live=True)
    async def live(caller: CurrentPrincipal) -> dict[str, Any]:
        return {"subject": caller.subject}

    @app.get("/open")
    @public
    async def opened(caller: OptionalPrincipal) -> dict[str, Any]:
        return {"subject": None if caller is None else caller.subject}

    return app


@contextmanager
def own_service(folder: Path, **settings: Any) -> Iterator[OwnService]:
    """A started service over a fresh SQLite file in ``folder``."""
    url = migrated_sqlite(folder / "own.db")
    clock = FakeClock()
    given = {
        "base_url": BASE_URL,
        "audience": AUDIENCE,
        "database_url": url,
        "secret_key": b64encode(os.urandom(32)).decode(),
    }
    auth = Watchword(Settings(**{**given, **settings}), clock=clock)
    app = guarded_app(auth)
    with TestClient(app, base_url=auth.settings.base_url, raise_server_exceptions=False) as client:
        assert client.portal is not None
        yield OwnService(app, auth, client, clock, forge_of(auth, client.portal.call(auth.services)))


def forge_of(auth: Watchword, services: Services) -> Forge:
    """A forge with the very key that signs."""
    active = services.keyring.active
    assert isinstance(active.private_key, ec.EllipticCurvePrivateKey)
    return Forge(
        key=active.private_key,
        kid=active.kid,
        issuer=auth.settings.base_url,
        audience=auth.settings.token_audience,
        now=auth.now_seconds(),
        life_seconds=auth.settings.longest_access_token_seconds,
    )
