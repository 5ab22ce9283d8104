"""A whole service for each test: the app, its SQLite file, and the development provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.flows.browser import Browser, local_part
from tests.flows.key_reader import KeyReader
from tests.flows.refusals import Refusals
from tests.servers.sqlite import migrated_sqlite
from watchword import CurrentPrincipal, Settings, Watchword, public, require_auth
from watchword.dev_provider import DevClient, DevProvider, DevProviderServer
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings
from watchword.transport.provider_http import HttpxProviderHttp

BASE_URL = "https://app.example.test"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.servers.key_value")


@dataclass
class Service:
    """One running replica and what a test may want to do with it."""

    app: FastAPI
    auth: Watchword
    client: TestClient
    provider: DevProvider
    clock: FakeClock

    def browser(self) -> Browser:
        return Browser(self.client)

    def begin(self, browser: Browser, *, return_to: str | None = None, provider: str = "dev") -> str:
        """Start a sign-in; returns where the browser is sent."""
        query = "" if return_to is None else f"?return_to={return_to}"
        response = browser.get(f"/auth/login/{provider}{query}")
        assert response.status_code == 303, response.text
        return response.headers["location"]

    def approve(self, location: str, person: str = "alice") -> str:
        """What the provider sends the browser back with, as a path of ours."""
        return local_part(self.provider.approve(location, person))

    def sign_in(self, browser: Browser, person: str = "alice", **begin: Any) -> httpx2.Response:
        """The whole way; returns the callback's answer."""
        return browser.get(self.approve(self.begin(browser, **begin), person))

    def signed_in(self, person: str = "alice") -> Browser:
        browser = self.browser()
        response = self.sign_in(browser, person)
        assert response.status_code == 303, response.text
        return browser

    def call(self, work: Callable[..., Any], *args: Any) -> Any:
        """Run a coroutine function in the service's own event loop."""
        assert self.client.portal is not None
        return self.client.portal.call(work, *args)

    def forget_faults(self) -> None:
        """Ask every provider again, whatever it did."""
        for client in self.call(self.auth.services).sign_in.clients.values():
            client.guard.reset()

    def renew_keys(self, *, older_than_seconds: float) -> None:
        """Fetch the keys that would soon be fetched in the background, while a test counts requests."""
        for client in self.call(self.auth.services).sign_in.clients.values():
            age_seconds = client.keys.age_seconds
            if age_seconds is None or age_seconds > older_than_seconds:
                client.keys.forget()
                self.call(client.keys.current, self.call(client.metadata).jwks_uri, "provider")


StartService = Callable[..., Service]


@pytest.fixture
def provider_server(watchword_clock: FakeClock) -> Iterator[DevProviderServer]:
    """The development provider on a real socket, on the test's clock."""
    with serve_provider(watchword_clock) as server:
        yield server


@pytest.fixture
def start_service(
    provider_server: DevProviderServer, watchword_clock: FakeClock, tmp_path: Path
) -> Iterator[StartService]:
    """Start replicas that share the test's database and provider; settings may be changed."""
    with replicas(provider_server, watchword_clock, tmp_path) as start:
        yield start


@pytest.fixture
def service(start_service: StartService) -> Service:
    """One replica with the settings most tests need."""
    return start_service()


@pytest.fixture(scope="module")
def module_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One replica for a whole file, metadata and keys of its providers known. ``other`` is the same
    provider as ``dev``, but always asked for userinfo."""
    clock = FakeClock()
    with serve_provider(clock) as server, replicas(server, clock, tmp_path_factory.mktemp("shared")) as start:
        dev = provider_settings(server)
        service = start(providers={"dev": dev, "other": {**dev, "userinfo": "always"}})
        for name in ("dev", "other"):
            service.sign_in(service.browser(), "carol", provider=name)
        yield service


@pytest.fixture
def shared(module_service: Service) -> Service:
    """The file's replica with a provider that behaves, a second later. What one test leaves behind
    does not matter to the next: tests of it compare before and after and leave the keys alone."""
    module_service.provider.reset()
    module_service.clock.advance(1)
    module_service.forget_faults()
    module_service.renew_keys(older_than_seconds=20)
    return module_service


@pytest.fixture
def refusals(shared: Service, caplog: pytest.LogCaptureFixture) -> Refusals:
    return Refusals(shared, caplog)


@pytest.fixture
async def reader(provider_server: DevProviderServer, watchword_clock: FakeClock) -> AsyncIterator[KeyReader]:
    """The keys of the test's provider, apart from any service."""
    reading = KeyReader(provider_server.provider, watchword_clock)
    yield reading
    await reading.http.close()


@pytest.fixture
async def http() -> AsyncIterator[HttpxProviderHttp]:
    """The client that asks providers."""
    client = HttpxProviderHttp()
    yield client
    await client.close()


@pytest.fixture
async def hasty_http() -> AsyncIterator[HttpxProviderHttp]:
    """The same with deadlines that a test can wait for."""
    client = HttpxProviderHttp(connect_seconds=1, read_seconds=1, total_seconds=1.2)
    yield client
    await client.close()


@contextmanager
def serve_provider(clock: FakeClock, **options: Any) -> Iterator[DevProviderServer]:
    """A development provider that knows the callbacks of the service under test."""
    with DevProviderServer(clock=clock.time, **options) as server:
        redirect_uris = [f"{BASE_URL}/auth/callback/{name}" for name in ("dev", "other")]
        server.provider.add_client(
            DevClient(
                CLIENT_ID,
                CLIENT_SECRET,
                redirect_uris,
                any_loopback=True,
                post_logout_redirect_uris=[f"{BASE_URL}/auth/signed-out"],
            )
        )
        yield server


@pytest.fixture(scope="module")
def own_clock() -> FakeClock:
    """The clock of ``own_server``."""
    return FakeClock()


@pytest.fixture(scope="module")
def own_server(own_clock: FakeClock) -> Iterator[DevProviderServer]:
    """A development provider that the tests of one module share."""
    with serve_provider(own_clock) as server:
        yield server


@contextmanager
def replicas(server: DevProviderServer, clock: FakeClock, folder: Path) -> Iterator[StartService]:
    """A migrated database in ``folder`` and a way to start replicas over it.

    The clock stands still, so of many sessions of one person none is the oldest: no cap here but in
    tests of the cap.
    """
    url = migrated_sqlite(folder / "service.db")
    with ExitStack() as stack:

        def start(made_by: type[Watchword] = Watchword, **changes: Any) -> Service:
            given: dict[str, Any] = {
                "base_url": BASE_URL,
                "database_url": url,
                "providers": {"dev": provider_settings(server)},
                "max_sessions_per_user": 1000,
                "cleanup_interval_seconds": 0,
            }
            auth = made_by(Settings(**{**given, **changes}), clock=clock)
            app = example_app(auth)
            client = stack.enter_context(TestClient(app, base_url=auth.settings.base_url))
            return Service(app, auth, client, server.provider, clock)

        yield start


def example_app(auth: Watchword) -> FastAPI:
    """A little API with one route of every kind."""
    app = FastAPI()
    auth.install(app)

    @app.get("/open")
    @public
    async def open_to_all() -> dict[str, bool]:
        return {"open": True}

    @app.get("/private")
    @require_auth
    async def private(caller: CurrentPrincipal) -> dict[str, Any]:
        return {"subject": caller.subject, "roles": sorted(caller.roles)}

    @app.post("/private")
    @require_auth
    def private_post() -> dict[str, bool]:
        return {"done": True}

    @app.get("/admin")
    @require_auth(roles=["admin"])
    async def admin() -> dict[str, bool]:
        return {"admin": True}

    @app.get("/live")
    @require_auth(live=True)
    async def live(caller: CurrentPrincipal) -> dict[str, Any]:
        return {"email": caller.email}

    return app
