"""The example of ``docs/forward-auth.md`` as a whole: nginx, watchword behind uvicorn, and an app."""

from __future__ import annotations

import asyncio
import http.client
import json
import runpy
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.applications import Starlette

from tests.servers.nginx import running_nginx
from tests.servers.ports import loopback_port
from watchword import Settings, Watchword
from watchword.auth.grants import BROWSER, ClientContext, Grant
from watchword.auth.ports import ProviderIdentity
from watchword.migrations.runner import upgrade
from watchword.serving.server import options
from watchword.testing import FakeClock

EXAMPLE = Path(__file__).parents[2] / "examples" / "forward-auth"
_START_SECONDS = 20
_TIMEOUT_SECONDS = 15

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived at the app."""

    method: str
    path: str
    headers: list[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        """Every value of a header, as an app reads it that takes ``_`` for ``-``."""
        return [value for key, value in self.headers if key.lower().replace("_", "-") == name]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back to the client, and what the app saw of it, if anything."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seen: Seen | None


@dataclass
class Site:
    """nginx on ``port`` in front of both. ``seen``: what reached the app, in order."""

    port: int
    auth: Watchword
    clock: FakeClock
    portal: BlockingPortal
    database: Path
    seen: list[Seen] = field(default_factory=list)

    def request(self, method: str, target: str, headers: Headers = (), body: bytes = b"") -> Answer:
        """Exactly this, on a connection of its own; nothing is followed, nothing is kept."""
        before = len(self.seen)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        seen = self.seen[before] if len(self.seen) > before else None
        return Answer(response.status, response.headers, content, seen)

    def signed_in(self, subject: str, *, roles: Sequence[str] = (), scopes: Sequence[str] = ()) -> Grant:
        """A session of its own."""

        async def open_session() -> Grant:
            services = await self.auth.services()
            identity = ProviderIdentity(
                provider_id="testing",
                issuer="https://testing.invalid",
                subject=subject,
                email=None,
                email_verified=False,
                name=subject,
                roles=frozenset(roles),
            )
            return await services.sessions.open(
                identity,
                client_id=BROWSER,
                scopes=frozenset(scopes),
                auth_time=self.auth.now(),
                provider_sid=None,
                client=ClientContext(),
            )

        return self.portal.call(open_session)


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Everything on loopback and free ports, from the files of the example."""
    port, behind, app_port = loopback_port(), loopback_port(), loopback_port()
    database = folder / "watchword.db"
    asyncio.run(upgrade(f"sqlite:///{database}"))
    settings = Settings(base_url=f"http://127.0.0.1:{port}", database_url=f"sqlite:///{database}")
    clock = FakeClock()
    auth, app = Watchword(settings, clock=clock), Starlette()
    auth.install(app)
    with start_blocking_portal() as portal, served(app, behind, portal):
        site = Site(port, auth, clock, portal, database)
        with _mirror(app_port, site.seen), running_nginx(folder, site_of(port, behind, app_port), port):
            yield site


def site_of(port: int, watchword_port: int, app_port: int) -> str:
    """The configuration of the example, at other ports."""
    text = (EXAMPLE / "nginx.conf").read_text(encoding="utf-8")
    for address, other in (
        ("listen 127.0.0.1:8080;", f"listen 127.0.0.1:{port};"),
        ("server 127.0.0.1:8000;", f"server 127.0.0.1:{watchword_port};"),
        ("server 127.0.0.1:9000;", f"server 127.0.0.1:{app_port};"),
    ):
        assert text.count(address) == 1, address
        text = text.replace(address, other)
    return text


@contextmanager
def served(app: Starlette, port: int, portal: BlockingPortal) -> Iterator[None]:
    """Until it has stopped as a signal stops it."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, **options("127.0.0.1", port)))
    running = portal.start_task_soon(server.serve)
    give_up_at = time.monotonic() + _START_SECONDS
    while not server.started:
        assert not running.done(), "watchword did not start"
        assert time.monotonic() < give_up_at, "watchword is not ready"
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        running.result(_START_SECONDS)


@contextmanager
def _mirror(port: int, seen: list[Seen]) -> Iterator[None]:
    """The app of the example, which also writes down what it saw."""
    example: Any = runpy.run_path(str(EXAMPLE / "app.py"))["Mirror"]

    class Mirror(example):  # type: ignore[misc]
        def end_headers(self) -> None:
            seen.append(Seen(self.command, self.path, self.headers.items()))
            super().end_headers()

        def log_message(self, *_: Any) -> None:
            """Requests are in ``seen``."""

    assert issubclass(example, BaseHTTPRequestHandler)
    server = ThreadingHTTPServer(("127.0.0.1", port), Mirror)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def shown(answer: Answer) -> dict[str, Any]:
    """The app's own answer."""
    assert answer.status == 200, (answer.status, answer.body)
    found: dict[str, Any] = json.loads(answer.body)
    return found
