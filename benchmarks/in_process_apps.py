"""What ``gate_inprocess`` calls: bare apps, apps behind the gate, tokens, and requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from watchword import CurrentPrincipal, Settings, Watchword, require_auth
from watchword.api.dependencies import principal_of
from watchword.auth.ports import LiveSession
from watchword.auth.token_issuer import TokenIssuer

SECRET_KEY = "benchmark" * 4 + "benchma="


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table. ``principal``: the endpoint asks who calls."""

    framework: str
    principal: bool
    tokens: int
    cache: str


def starlette_app(*, protected: bool, principal: bool) -> Starlette:
    async def orders(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    async def orders_of(request: Request) -> PlainTextResponse:
        principal_of(request)
        return PlainTextResponse("ok")

    endpoint = orders_of if principal else orders
    return Starlette(routes=[Route("/orders", require_auth(endpoint) if protected else endpoint)])


def fastapi_app(*, protected: bool, principal: bool) -> FastAPI:
    async def orders() -> dict[str, bool]:
        return {"ok": True}

    async def orders_of(caller: CurrentPrincipal) -> dict[str, bool]:
        return {"ok": True}

    app = FastAPI()
    endpoint = orders_of if principal else orders
    app.get("/orders")(require_auth(endpoint) if protected else endpoint)
    return app


APPS: dict[str, Callable[..., Any]] = {"starlette": starlette_app, "fastapi": fastapi_app}


class Gated:
    """A started app with watchword, and tokens that it accepts."""

    def __init__(self, app: Any, auth: Watchword, issuer: TokenIssuer) -> None:
        self.app = app
        self._auth = auth
        self._issuer = issuer
        self._known: list[str] = []

    def fresh(self, count: int) -> list[str]:
        """Tokens that were never presented."""
        now = self._auth.now()
        return [self._issuer.issue(_session(now), now=now).text for _ in range(count)]

    def known(self, count: int) -> list[str]:
        """The same tokens every time."""
        self._known += self.fresh(count - len(self._known))
        return self._known[:count]


@asynccontextmanager
async def gated_app(case: Case, database_url: str) -> AsyncIterator[Gated]:
    app = APPS[case.framework](protected=True, principal=case.principal)
    settings = Settings(database_url=database_url, secret_key=SECRET_KEY)
    auth = Watchword(settings)
    auth.install(app)
    async with app.router.lifespan_context(app):
        services = await auth.services()
        issuer = TokenIssuer(
            services.keyring,
            issuer=settings.base_url,
            audience=settings.token_audience,
            life_seconds=settings.access_token_seconds,
        )
        yield Gated(app, auth, issuer)


def _session(now: datetime) -> LiveSession:
    return LiveSession(
        session_id=uuid4(),
        user_id=uuid4(),
        client_id="browser",
        scopes=frozenset(),
        roles=frozenset({"editor"}),
        issuer="https://provider.example",
        subject="somebody",
        provider_id="dev",
        email=None,
        name=None,
        generation=1,
        created_at=now,
        auth_time=now,
        idle_ends_at=now + timedelta(hours=1),
        absolute_ends_at=now + timedelta(days=1),
    )


async def receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def request(token: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": "/orders",
        "raw_path": b"/orders",
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64)"),
            (b"accept", b"application/json"),
            (b"accept-language", b"en"),
            (b"accept-encoding", b"gzip, deflate"),
            (b"authorization", b"Bearer " + token.encode()),
            (b"connection", b"keep-alive"),
        ],
        "state": {},
    }
