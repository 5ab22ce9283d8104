"""Promises of ``/healthz`` and ``/readyz``."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from sqlalchemy import make_url
from starlette.applications import Starlette

from tests.flows.conftest import Service, StartService
from tests.flows.health import answer, fail
from watchword import Settings, Watchword
from watchword.auth.first_look import FirstLook
from watchword.auth.provider_health import EndpointKind
from watchword.dev_provider import DevProviderServer
from watchword.migrations.runner import upgrade
from watchword.testing.provider import provider_settings

if TYPE_CHECKING:
    from tests.servers.postgres import PostgresServer

pytest_plugins = ["tests.servers.postgres"]

READY = {"status": "ready", "database": "ok", "keys": "ok", "providers": {}}


@asynccontextmanager
async def serving(*, lifespan: bool = True, operations: bool = True, **settings: Any) -> AsyncIterator[Any]:
    """A client of an app with nothing but watchword."""
    app = Starlette()
    auth = Watchword(Settings(**settings))
    auth.install(app, operations=operations)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        if lifespan:
            async with app.router.lifespan_context(app):
                yield client
        else:
            yield client
            await auth.stop()


async def readiness(client: httpx2.AsyncClient) -> tuple[int, Any]:
    """What ``/readyz`` says, while ``/healthz`` says that the process lives, whatever else is true."""
    assert (await client.get("/healthz")).status_code == 200
    response = await client.get("/readyz")
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()


@pytest.mark.postgres
async def test_a_replica_is_ready_while_it_reaches_its_database(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    """Away: 503 in time. Back: 200 again, without a restart."""
    from tests.servers.line import line_to

    async with line_to(postgres_server.socket) as line:
        name = make_url(postgres_url).database
        url = f"postgresql://postgres@127.0.0.1:{line.port}/{name}"
        async with serving(
            database_url=url, secret_key=base64.b64encode(bytes(range(32))).decode()
        ) as client:
            assert await readiness(client) == (200, READY)
            await line.close()
            assert await readiness(client) == (
                503,
                {
                    "status": "not ready",
                    "database": "unavailable",
                    "keys": "unknown",
                    "code": "database_unavailable",
                    "providers": {},
                },
            )
            await line.open()
            assert await readiness(client) == (200, READY)


async def test_a_database_that_is_not_migrated_is_told_and_awaited(tmp_path: Path) -> None:
    """Where no lifespan stopped the start, the first probe after the migration is ready."""
    url = f"sqlite:///{tmp_path}/app.db"
    async with serving(lifespan=False, database_url=url) as client:
        status, body = await readiness(client)
        assert (status, body["database"], body["code"]) == (503, "not migrated", "migration_needed")
        await upgrade(url)
        assert await readiness(client) == (200, READY)


async def test_keys_that_cannot_be_opened_are_told(tmp_path: Path) -> None:
    """The database is there, but was sealed under another key."""
    url = f"sqlite:///{tmp_path}/app.db"
    await upgrade(url)
    async with serving(lifespan=False, database_url=url) as client:
        assert await readiness(client) == (200, READY)
    key = base64.b64encode(bytes(range(32))).decode()
    async with serving(lifespan=False, database_url=url, secret_key=key) as client:
        status, body = await readiness(client)
        assert (status, body["database"], body["keys"]) == (503, "ok", "unreadable")
        assert body["code"] == "secret_key_mismatch"


async def test_a_host_app_may_bring_its_own(tmp_path: Path) -> None:
    """``operations=False`` leaves both addresses to it."""
    url = f"sqlite:///{tmp_path}/app.db"
    await upgrade(url)
    async with serving(operations=False, database_url=url) as client:
        assert (await client.get("/healthz")).status_code == 404
        assert (await client.get("/readyz")).status_code == 404
        assert (await client.get("/.well-known/jwks.json")).status_code == 200


def shown(service: Service) -> tuple[int, str, dict[str, str]]:
    """Status, what it is called, and the state of each provider."""
    response = service.client.get("/readyz")
    body = response.json()
    assert all(set(each) == {"state"} for each in body["providers"].values())
    states = {provider: each["state"] for provider, each in body["providers"].items()}
    return response.status_code, body["status"], states


def test_flt_17_a_provider_that_is_down_is_shown_and_not_required(service: Service) -> None:
    """Closed, open, half open when its time is up, closed after two answers: 200 all along."""
    assert shown(service) == (200, "ready", {"dev": "closed"})
    fail(service, times=4)
    assert shown(service) == (200, "ready", {"dev": "closed"})
    fail(service, times=1)
    assert shown(service) == (200, "degraded", {"dev": "open"})
    service.clock.advance(13)
    assert shown(service) == (200, "degraded", {"dev": "half_open"})
    answer(service, times=2)
    assert shown(service) == (200, "ready", {"dev": "closed"})


@pytest.mark.parametrize("kind", ["discovery", "jwks", "token", "userinfo", "par"])
def test_each_provider_shows_the_worst_of_its_endpoints(
    start_service: StartService, provider_server: DevProviderServer, kind: EndpointKind
) -> None:
    """And no other provider's."""
    dev = provider_settings(provider_server)
    service = start_service(providers={"dev": dev, "other": dev})
    fail(service, kind, provider="other")
    assert shown(service) == (200, "degraded", {"dev": "closed", "other": "open"})


def test_what_a_provider_said_is_not_shown(service: Service) -> None:
    """States by configured id are all that everybody can read: no address, no cause."""
    fail(service)
    text = service.client.get("/readyz").text
    assert service.provider.issuer not in text
    assert "canary" not in text
    assert "unavailable" not in text


def looked(service: Service, *, again: bool = False) -> None:
    """Wait for the looks that answers have begun; with ``again``, begin one and wait without pauses."""

    async def settle() -> None:
        services = await service.auth.services()
        await services.first_look.settled()
        if again:
            eager = FirstLook(services.providers, service.clock, pause_seconds=0)
            eager.begin()
            await eager.settled()

    service.call(settle)


def counts(service: Service) -> tuple[int, int]:
    return service.provider.count("discovery"), service.provider.count("jwks")


@pytest.mark.parametrize("address", ["/readyz", "/metrics"])
def test_whoever_asks_how_a_new_provider_does_has_it_looked_at(service: Service, address: str) -> None:
    """Once, in the background; its first sign-in finds metadata and keys there."""
    before = counts(service)
    for _ in range(3):
        assert service.client.get(address).status_code == 200
    looked(service)
    assert service.client.get(address).status_code == 200
    looked(service)
    service.signed_in()
    assert counts(service) == (before[0] + 1, before[1] + 1)


def test_flt_17_a_start_in_an_outage_is_shown_as_one(service: Service) -> None:
    """Without a sign-in: the first look goes on until the breaker is open, and the next is half a minute
    away, however often anybody asks."""
    service.provider.behaviour.metadata = lambda _: {}
    before = service.provider.count("discovery")
    looked(service, again=True)
    assert shown(service) == (200, "degraded", {"dev": "open"})
    looked(service)
    assert service.provider.count("discovery") == before + 5
    for _ in range(3):
        shown(service)
    looked(service)
    assert service.provider.count("discovery") == before + 5
    service.provider.reset()
    service.clock.advance(30)
    shown(service)
    looked(service)
    assert service.provider.count("discovery") == 1


def test_a_provider_that_refuses_is_left_alone_between_looks(service: Service) -> None:
    """It answers, so no breaker opens; it is asked again half a minute later and not before."""
    service.provider.fail("discovery", status=404)
    before = service.provider.count("discovery")
    looked(service, again=True)
    first = service.provider.count("discovery") - before
    assert first == 6
    assert shown(service) == (200, "ready", {"dev": "closed"})


def test_nobody_waits_for_a_first_look(service: Service) -> None:
    """Neither a probe while it is under way, nor a stop."""
    service.provider.delay("discovery", 20)
    assert shown(service) == (200, "ready", {"dev": "closed"})
    service.client.__exit__()
    service.client.__enter__()
