"""A whole service without lifespan, in the test's own event loop and with no task in the background."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from fastapi import FastAPI

from tests.gate.forge import Forge
from tests.gate.own_service import AUDIENCE, BASE_URL, forge_of
from tests.protocol.workshop import unb64
from tests.servers.sqlite import migrated_sqlite
from watchword import Settings, Watchword, require_auth
from watchword.auth.grants import BROWSER, ClientContext
from watchword.auth.ports import ProviderIdentity
from watchword.testing import FakeClock


@dataclass
class Chain:
    """Everything between a request and its endpoint, and somebody who may pass."""

    app: FastAPI
    auth: Watchword
    clock: FakeClock
    forge: Forge
    token: str
    refresh_token: str
    ran: list[str] = field(default_factory=list)

    def new_token(self) -> str:
        """Another token of the same session, which nobody has seen yet."""
        claims = json.loads(unb64(self.token.split(".")[1]))
        generation = claims["jti"].partition(".")[0]
        jti = f"{generation}.{secrets.token_urlsafe(12)}"
        return self.forge.token(json.dumps({**claims, "jti": jti}).encode())

    async def later(self) -> None:
        """Two seconds on; the signing keys are looked at, as is done behind the requests of an app with a
        lifespan: a fault there is survived with the keys that are held."""
        self.clock.advance(2)
        await (await self.auth.services()).key_watch.look()

    async def ask(self, method: str, path: str, headers: dict[str, str]) -> httpx2.Response:
        self.ran.clear()
        transport = httpx2.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return await client.request(method, path, headers=headers)


@asynccontextmanager
async def running_chain(folder: Path) -> AsyncIterator[Chain]:
    """``GET /live`` re-reads the session, ``POST /change`` does not; both write down that they ran."""
    url = migrated_sqlite(folder / "chain.db")
    clock = FakeClock()
    auth = Watchword(Settings(base_url=BASE_URL, audience=AUDIENCE, database_url=url), clock=clock)
    app = FastAPI()
    auth.install(app)
    services = await auth.services()
    grant = await services.sessions.open(
        ProviderIdentity("testing", "https://testing.invalid", "anna", None, False, None, frozenset()),
        client_id=BROWSER,
        scopes=frozenset(),
        auth_time=auth.now(),
        provider_sid=None,
        client=ClientContext(),
    )
    made = Chain(app, auth, clock, forge_of(auth, services), grant.access.text, grant.refresh_token)

    @app.get("/live")
    @require_auth(live=True)
    async def live() -> None:
        made.ran.append("live")

    @app.post("/change")
    @require_auth
    def change() -> None:
        made.ran.append("change")

    try:
        yield made
    finally:
        await auth.stop()
