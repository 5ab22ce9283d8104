"""Replicas of a service over one PostgreSQL, and clients that hold refresh tokens and never give up."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.servers.demo import COMMAND, environment, wait_until_ready
from tests.servers.ports import loopback_port
from tests.sessions.parts import person
from watchword import Settings, Watchword
from watchword.auth.grants import BROWSER, ClientContext, Grant

SECRET_KEY = base64.b64encode(bytes(range(32))).decode()
BASE_URL = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 30
EMPTY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Running:
    """``watchword serve``; ``log`` is what it tells. Nobody reads a pipe, so it gets none: a full one
    would stop the service at its next line."""

    url: str
    process: subprocess.Popen[str]
    log: Path


Replicas = list[Running]


@contextmanager
def replicas(
    folder: Path, database_url: str, *, number: int = 1, workers: int = 1, more: Mapping[str, str] = EMPTY
) -> Iterator[Replicas]:
    """Services of one base URL on ports of their own, ready; ``more`` are further settings."""
    with ExitStack() as stack:
        running = [
            stack.enter_context(_running(folder / f"{each}.log", database_url, workers, more))
            for each in range(number)
        ]
        yield running


@contextmanager
def _running(log: Path, database_url: str, workers: int, more: Mapping[str, str]) -> Iterator[Running]:
    port = loopback_port()
    settings = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY, "BASE_URL": BASE_URL, **more}
    with log.open("w") as written:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(port), "--workers", str(workers)],
            cwd=log.parent,
            env=environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            text=True,
            start_new_session=True,
        )
    try:
        wait_until_ready(port, process)
        yield Running(f"http://127.0.0.1:{port}", process, log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(TIMEOUT_SECONDS)


@asynccontextmanager
async def signing_in(database_url: str) -> AsyncIterator[SignIns]:
    auth = Watchword(
        Settings(
            base_url=BASE_URL, database_url=database_url, secret_key=SECRET_KEY, max_sessions_per_user=1000
        )
    )
    try:
        yield SignIns(auth)
    finally:
        await auth.stop()


@dataclass(frozen=True, slots=True)
class SignIns:
    """Opens sessions as a callback would, at a replica in this process, few at a time."""

    auth: Watchword
    few: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(5))

    async def open(self, subject: str) -> Grant:
        async with self.few:
            return await self._open(subject)

    async def _open(self, subject: str) -> Grant:
        services = await self.auth.services()
        return await services.sessions.open(
            person(subject),
            client_id=BROWSER,
            scopes=frozenset(),
            auth_time=self.auth.now(),
            provider_sid=None,
            client=ClientContext(),
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer: its status, 0 for a connection that broke; when it was asked for and how long it took."""

    status: int
    at: float
    seconds: float
    retry_after: bool


@dataclass(slots=True)
class Client:
    """Has one session; keeps the token it was given last, whatever else it hears."""

    token: str
    access: str
    samples: list[Sample] = field(default_factory=list)

    async def refresh(self, http: httpx2.AsyncClient) -> int:
        answer = await self._ask(http, "POST", "/auth/refresh", json={"refresh_token": self.token})
        if answer is not None and answer.status_code == 200:
            told = answer.json()
            self.token, self.access = told["refresh_token"], told["access_token"]
        return 0 if answer is None else answer.status_code

    async def call(self, http: httpx2.AsyncClient) -> int:
        """A check of the access token that needs no database."""
        bearer = {"authorization": f"Bearer {self.access}"}
        answer = await self._ask(http, "GET", "/auth/verify", headers=bearer)
        return 0 if answer is None else answer.status_code

    async def _ask(
        self, http: httpx2.AsyncClient, method: str, path: str, **options: object
    ) -> httpx2.Response | None:
        begun = time.monotonic()
        try:
            answer = await http.request(method, path, **options)  # type: ignore[arg-type]
        except httpx2.TransportError:
            answer = None
        status = 0 if answer is None else answer.status_code
        told = answer is not None and "retry-after" in answer.headers
        self.samples.append(Sample(status, begun, time.monotonic() - begun, told))
        return answer


@asynccontextmanager
async def http_to(service: Running) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx2.AsyncClient(base_url=service.url, timeout=TIMEOUT_SECONDS, limits=limits) as http:
        yield http


async def at_rate(http: httpx2.AsyncClient, clients: list[Client], *, per_second: int, until: float) -> None:
    """Refreshes by one client after the other, whether or not the last ones were answered."""
    asked: dict[int, asyncio.Task[int]] = {}
    number, next_at = 0, time.monotonic()
    while time.monotonic() < until:
        number = (number + 1) % len(clients)
        if number not in asked or asked[number].done():
            asked[number] = asyncio.create_task(clients[number].refresh(http))
        next_at += 1 / per_second
        await asyncio.sleep(max(0.0, next_at - time.monotonic()))
    await asyncio.gather(*asked.values())


def samples_of(clients: list[Client]) -> list[Sample]:
    return sorted((each for client in clients for each in client.samples), key=lambda each: each.at)


def told(samples: list[Sample]) -> str:
    """For ``-s``: how often each status, and how long the answers took, in seconds."""
    waits = sorted(each.seconds for each in samples)
    p99 = waits[int(len(waits) * 0.99)] if waits else 0
    counted = dict(sorted(Counter(each.status for each in samples).items()))
    return f"{counted}, p99 {p99:.3f} s, longest {waits[-1] if waits else 0:.3f} s"


async def assert_all_go_on(http: httpx2.AsyncClient, clients: list[Client]) -> None:
    """Nobody was signed out: what each client holds works."""
    for client in clients:
        assert await client.refresh(http) == 200
        assert await client.call(http) == 200
