"""A service and its provider, with everything between them that can go wrong at the turn of a switch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from typing import Any, NamedTuple

import httpx2
import pytest
from cryptography.x509 import DNSName

from tests.flows.browser import Browser
from tests.flows.certificates import Authority
from tests.flows.conftest import BASE_URL, Service, replicas, serve_provider
from tests.flows.refusals import reference_of
from tests.servers.tls_front import TlsFront, tls_front
from watchword import Watchword
from watchword.auth.attempt import Attempt
from watchword.auth.ports import HttpAnswer, ProviderHttp
from watchword.auth.provider_health import EndpointHealth, EndpointKind, ProviderHealth
from watchword.auth.sealing import Sealer
from watchword.composition import Composition
from watchword.composition_secrets import RunningSecrets
from watchword.dev_provider import DevProviderServer
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings
from watchword.transport.provider_http import TOTAL_SECONDS, HttpxProviderHttp

LOCALHOST = (DNSName("localhost"),)
MakeOutage = Callable[..., "Outage"]
Resolver = Callable[..., Awaitable[list[Any]]]


class SwitchedHttp:
    """Asks providers as in production or, in a hurry, with a deadline that a test can wait for.

    ``asked`` is how often anything was sent or tried; ``gate``, where set, is waited for before that.
    """

    def __init__(self, context: SSLContext) -> None:
        self.asked = 0
        self.gate: asyncio.Event | None = None
        self._context = context
        self._all: list[HttpxProviderHttp] = []
        self.connect_anew()

    def connect_anew(self, *, in_a_hurry: bool = False) -> None:
        """Use none of the connections there are."""
        total_seconds = 0.3 if in_a_hurry else TOTAL_SECONDS
        self._chosen = HttpxProviderHttp(ssl_context=self._context, total_seconds=total_seconds)
        self._all.append(self._chosen)

    async def get(self, url: str, *, max_bytes: int, bearer: str | None = None) -> HttpAnswer:
        await self._counted()
        return await self._chosen.get(url, max_bytes=max_bytes, bearer=bearer)

    async def post_form(
        self, url: str, form: Mapping[str, str], *, max_bytes: int, authorization: str | None = None
    ) -> HttpAnswer:
        await self._counted()
        return await self._chosen.post_form(url, form, max_bytes=max_bytes, authorization=authorization)

    async def close(self) -> None:
        for each in self._all:
            await each.close()

    async def _counted(self) -> None:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()


class SwitchedWatchword(Watchword):
    """The same service, whose patience a test decides."""

    http: SwitchedHttp

    def _composition(self, sealer: Sealer, secrets: RunningSecrets) -> Composition:
        made = self

        class Switched(Composition):
            def _provider_http(self, context: SSLContext) -> ProviderHttp:
                made.http = SwitchedHttp(context)
                return made.http

        return Switched(self.settings, self._clock, sealer, secrets)


class Waiting(NamedTuple):
    """Somebody who has just signed in at the provider, before the way back to us."""

    target: str
    cookies: dict[str, str]


class Tls(NamedTuple):
    """What speaks TLS in front of the provider, and who signs its certificates."""

    front: TlsFront
    authority: Authority

    def show(self, **certificate: Any) -> None:
        """Another certificate for the connections from now on."""
        self.front.context = self.authority.server(**{"names": LOCALHOST, **certificate})


@dataclass
class Outage:
    """One service with one provider, ``dev``, at a host name, and the log of what is said about it.
    ``replica`` starts another one over the same database."""

    service: Service
    server: DevProviderServer
    replica: Callable[[], Outage]
    log: pytest.LogCaptureFixture | None = None
    tls: Tls | None = None

    @property
    def http(self) -> SwitchedHttp:
        assert isinstance(self.service.auth, SwitchedWatchword)
        return self.service.auth.http

    @property
    def provider_health(self) -> ProviderHealth:
        services = self.service.call(self.service.auth.services)
        health: ProviderHealth = services.providers["dev"].health()
        return health

    def health(self, kind: EndpointKind) -> EndpointHealth:
        return self.provider_health.endpoints[kind]

    @property
    def changes(self) -> list[str]:
        """What the log says about the state of the provider, one line for each change."""
        assert self.log is not None
        told = [each.getMessage() for each in self.log.records if each.levelno >= logging.WARNING]
        return [each.removeprefix("provider dev: ") for each in told if each.startswith("provider dev: ")]

    def waiting(self, number: int) -> list[Waiting]:
        """So many people on their way back from the provider."""
        found = []
        for _ in range(number):
            browser = self.service.browser()
            found.append(Waiting(self.service.approve(self.service.begin(browser)), browser.cookies))
        return found

    def come_back(self, people: list[Waiting], caller: Browser) -> list[httpx2.Response]:
        """All of them at once, while ``caller`` works with the API, who must not notice."""
        backs: list[httpx2.Response] = self.service.call(self.coming_back, people, caller)
        return backs

    async def coming_back(self, people: list[Waiting], caller: Browser) -> list[httpx2.Response]:
        """The same, in the event loop of the service."""
        bearer = {"authorization": f"Bearer {caller.access}"}
        backs = [self._ask(each.target, _cookies(each.cookies)) for each in people]
        calls = [self._ask("/private", bearer) for _ in range(10)]
        answers = await asyncio.gather(*calls, *backs)
        assert [each.status_code for each in answers[:10]] == [200] * 10
        return answers[10:]

    async def redeem(self, number: int) -> list[asyncio.Future[Any]]:
        """So many codes that nobody has given out are on their way to the provider."""
        services = await self.service.auth.services()
        client = services.sign_in.clients["dev"]
        attempt = Attempt("dev", client.registration, "/", 0, state="s", nonce="n", verifier="v" * 43)
        return [asyncio.ensure_future(client.redeem(attempt, "code")) for _ in range(number)]

    async def _ask(self, target: str, headers: Mapping[str, str]) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=self.service.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return await client.get(target, headers=dict(headers))

    def is_unnoticed_by(self, person: Browser) -> None:
        """Whoever is signed in goes on: with the API, and with a refresh."""
        assert person.get("/private").status_code == 200
        assert person.post("/auth/refresh").status_code == 200

    def tells_to_wait(self, page: httpx2.Response, status: int = 503) -> None:
        """A page that a person can use: no session, a reference, and for how long to wait."""
        assert page.status_code == status, page.text
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-store"
        assert reference_of(page)
        assert not any("ww_access" in each for each in page.headers.get_list("set-cookie"))
        if status == 503:
            assert 1 <= int(page.headers["retry-after"]) <= 72

    def resolve_by(self, resolver: Resolver | None) -> None:
        """Names are looked up by ``resolver`` in the event loop of the service, None: as usual."""

        async def change() -> None:
            loop: Any = asyncio.get_running_loop()
            if resolver is None:
                vars(loop).pop("getaddrinfo", None)
            else:
                loop.getaddrinfo = resolver

        self.service.call(change)

    def start_over(self, log: pytest.LogCaptureFixture) -> None:
        """As new, for another test: nothing is wrong or remembered of what was."""
        self.heal()
        self.server.provider.reset()
        self.advance(31)
        self.service.forget_faults()
        self.look()
        self.log = log

    def heal(self) -> None:
        """Whatever was wrong is over."""
        self.server.start()
        self.server.provider.heal()
        self.server.provider.behaviour.reset()
        self.resolve_by(None)
        if self.tls is not None:
            self.tls.show()
        self.http.connect_anew()

    def look(self) -> None:
        """What happens in the background about every ten seconds."""
        self.service.call(self.service.call(self.service.auth.services).provider_watch.look)

    def wait(self) -> None:
        """As long as the provider is left alone."""
        rest = [each.retry_after_seconds or 0 for each in self.provider_health.endpoints.values()]
        self.advance(max(rest))

    def advance(self, seconds: float) -> None:
        """Time passes, and what was ended is known at the end of it, as in a service that runs."""
        self.service.clock.advance(seconds)
        self.service.call(self.service.call(self.service.auth.services).feed.catch_up)


@contextmanager
def outages(clock: FakeClock, folder: Path) -> Iterator[MakeOutage]:
    """Start services whose provider is at ``localhost``, by https where wanted; settings, and those of
    the provider, may be changed."""
    with ExitStack() as stack:

        def make(*, https: bool = False, settings: dict[str, Any] | None = None, **changes: Any) -> Outage:
            tls = _tls(folder, stack) if https else None
            address = {} if tls is None else {"issuer": tls.front.address}
            server = stack.enter_context(serve_provider(clock, host="localhost", **address))
            dev: dict[str, Any] = {**provider_settings(server), **changes}
            if tls is not None:
                tls.front.target = server.port
                dev["ca_file"] = str(tls.authority.file)
            start = stack.enter_context(replicas(server, clock, folder))

            def replica() -> Outage:
                service = start(SwitchedWatchword, providers={"dev": dev}, **(settings or {}))
                service.call(_watch_no_more)
                return Outage(service, server, replica, tls=tls)

            return replica()

        yield make


async def _watch_no_more() -> None:
    """A test says itself when the provider is looked at in the background."""
    for task in asyncio.all_tasks():
        if task.get_name() == "watchword provider watch":
            task.cancel()


def _tls(folder: Path, stack: ExitStack) -> Tls:
    authority = Authority(folder)
    return Tls(stack.enter_context(tls_front(authority.server(names=LOCALHOST))), authority)


def _cookies(cookies: Mapping[str, str]) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
