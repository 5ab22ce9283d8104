"""More callers than a database has room for: a queue with an end, and everything else goes on."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.applications import Starlette

from tests.servers.asgi import Answer, ask
from tests.sessions.parts import ISSUER, person
from watchword import Settings, Watchword
from watchword.auth.grants import BROWSER, ClientContext
from watchword.storage import DatabaseLimits, SqlDatabase

CROWD, SESSIONS = 500, 10
LIMITS = DatabaseLimits()


async def refresh(app: Starlette, token: str) -> Answer:
    body = json.dumps({"refresh_token": token}).encode()
    return await ask(app, "POST", "/auth/refresh", {"content-type": "application/json"}, body)


@asynccontextmanager
async def all_connections_taken(database: SqlDatabase) -> AsyncIterator[None]:
    """Until the end of the block."""
    taken, done = asyncio.Barrier(LIMITS.pool_size + LIMITS.pool_overflow + 1), asyncio.Event()

    async def hold(connection: AsyncConnection) -> None:
        await connection.execute(text("SELECT 1"))
        await taken.wait()
        await done.wait()

    holders = [
        asyncio.ensure_future(database.transactions.read("hold", hold)) for _ in range(taken.parties - 1)
    ]
    await taken.wait()
    try:
        yield
    finally:
        done.set()
        await asyncio.gather(*holders)


@pytest.mark.postgres
async def test_ses_47_a_crowd_at_an_exhausted_pool_is_told_to_come_back(postgres_url: str) -> None:
    """500 refreshes at once and not one connection: each waits for its second and then gets 503 with
    Retry-After, never a refusal; liveness and keys answer meanwhile. With connections again everybody
    is refreshed, with the token they held."""
    auth = Watchword(Settings(base_url=ISSUER, database_url=postgres_url))
    app = Starlette()
    auth.install(app)
    services = await auth.services()
    grants = [
        await services.sessions.open(
            person(f"person-{each}"),
            client_id=BROWSER,
            scopes=frozenset(),
            auth_time=auth.now(),
            provider_sid=None,
            client=ClientContext(),
        )
        for each in range(SESSIONS)
    ]
    database = services.database
    assert isinstance(database, SqlDatabase)
    async with all_connections_taken(database):
        tokens = [each.refresh_token for each in grants] * (CROWD // SESSIONS)
        waiting = [asyncio.ensure_future(refresh(app, each)) for each in tokens]
        await asyncio.sleep(0)
        for path in ("/healthz", "/.well-known/jwks.json"):
            assert (await ask(app, "GET", path)).status == 200
        answers = await asyncio.gather(*waiting)
    assert Counter(each.status for each in answers) == {503: CROWD}
    assert {each.headers["retry-after"] for each in answers} == {"2"}
    again = [await refresh(app, each.refresh_token) for each in grants]
    assert Counter(each.status for each in again) == {200: len(again)}
    await auth.stop()
