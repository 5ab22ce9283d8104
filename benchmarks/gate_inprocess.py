"""What the gate adds to one request, in microseconds of CPU, without a server or a network.

    .venv/bin/python benchmarks/gate_inprocess.py [--json] [--rounds N]

Two ASGI apps are called directly, in turn: one with a bare route, and one with the same route under
``@require_auth`` in which watchword is installed as a service installs it (its own routes included).
Each round calls both as often, the order alternates, and a round's figure is the difference, per
request, of the CPU time this thread used; the table shows the median of the rounds and its quartiles.

*warm*: the tokens were seen before. *cold*: every token is new, so that it is verified.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice, product
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
from watchword.migrations.runner import upgrade

REQUESTS_PER_ROUND = 100
WARM_UP_ROUNDS = 5
MANY_TOKENS = 10_000
SECRET_KEY = "benchmark" * 4 + "benchma="


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table. ``principal``: the endpoint asks who calls."""

    framework: str
    principal: bool
    tokens: int
    cache: str


@dataclass(frozen=True, slots=True)
class Figure:
    """Microseconds of CPU per request: the bare route, and what the gate adds to it."""

    case: Case
    bare: float
    added: float
    lower_quartile: float
    upper_quartile: float
    rounds: int


CASES = [
    Case(framework, principal, tokens, cache)
    for framework, principal, (tokens, cache) in product(
        ("starlette", "fastapi"), (False, True), ((1, "warm"), (MANY_TOKENS, "warm"), (MANY_TOKENS, "cold"))
    )
]


# --- the apps -----------------------------------------------------------------------------------


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


# --- the measurement ----------------------------------------------------------------------------


async def measure(case: Case, database_url: str, *, rounds: int) -> Figure:
    bare = APPS[case.framework](protected=False, principal=False)
    async with gated_app(case, database_url) as gated:
        warm = cycle(gated.known(case.tokens)) if case.cache == "warm" else None
        if warm is not None:
            await _timed(gated.app, gated.known(case.tokens))
        base, added = [], []
        gc.collect()
        gc.freeze()
        for number in range(rounds + WARM_UP_ROUNDS):
            tokens = (
                gated.fresh(REQUESTS_PER_ROUND) if warm is None else list(islice(warm, REQUESTS_PER_ROUND))
            )
            first, second = await _pair(bare, gated.app, tokens, swapped=number % 2 == 1)
            if number >= WARM_UP_ROUNDS:
                base.append(first)
                added.append(second - first)
            await asyncio.sleep(0.001)
    lower, middle, upper = statistics.quantiles(added, n=4)
    return Figure(case, statistics.median(base), middle, lower, upper, rounds)


async def _pair(bare: Any, gated: Any, tokens: Sequence[str], *, swapped: bool) -> tuple[float, float]:
    if not swapped:
        first = await _timed(bare, tokens)
        return first, await _timed(gated, tokens)
    second = await _timed(gated, tokens)
    return await _timed(bare, tokens), second


async def _timed(app: Any, tokens: Sequence[str]) -> float:
    """Microseconds of CPU per request. Raises SystemExit unless every answer is a 200."""
    scopes = [_scope(token) for token in tokens]
    statuses: set[int] = set()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.add(message["status"])

    gc.disable()
    started = time.thread_time_ns()
    for scope in scopes:
        await app(scope, _receive, send)
    used = time.thread_time_ns() - started
    gc.enable()
    if statuses != {200}:
        raise SystemExit(f"expected nothing but 200, got {sorted(statuses)}")
    return used / len(scopes) / 1000


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def _scope(token: str) -> dict[str, Any]:
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


# --- the report ---------------------------------------------------------------------------------


async def figures(rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        database_url = f"sqlite+aiosqlite:///{folder}/benchmark.db"
        await upgrade(database_url)
        return [await measure(case, database_url, rounds=rounds) for case in CASES]


def table(found: Sequence[Figure]) -> Iterator[str]:
    yield "microseconds of CPU per request; added: median and quartiles of the rounds"
    yield f"{'framework':10} {'endpoint':17} {'tokens':>7} {'cache':5} {'bare':>7} {'added':>7}   quartiles"
    for each in found:
        case = each.case
        endpoint = "CurrentPrincipal" if case.principal else "@require_auth"
        yield (
            f"{case.framework:10} {endpoint:17} {case.tokens:>7,} {case.cache:5} {each.bare:7.1f} "
            f"{each.added:7.1f}   {each.lower_quartile:.1f} to {each.upper_quartile:.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--rounds", type=int, default=100, help="pairs of runs for each line (default 100)")
    asked = parser.parse_args()
    if asked.rounds < 2:
        parser.error("--rounds must be at least 2")
    logging.disable(logging.WARNING)
    found = asyncio.run(figures(asked.rounds))
    if asked.json:
        report = {
            "python": platform.python_version(),
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "unit": "microseconds of CPU per request",
            "figures": [asdict(each) for each in found],
        }
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(table(found)) + "\n")


if __name__ == "__main__":
    main()
