"""What callers of watchword write: a module without a mistake, and mistakes with what they are told."""

from __future__ import annotations

from typing import NamedTuple


class Mistake(NamedTuple):
    """One wrong line, a part of what mypy says about it, and pyright's name for it."""

    line: str
    mypy: str
    pyright: str


GOOD = """
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, assert_type

from fastapi import APIRouter, FastAPI, Security, WebSocket
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.testclient import TestClient
from watchword import (
    CurrentPrincipal,
    OptionalPrincipal,
    Principal,
    Settings,
    Watchword,
    current_principal,
    optional_principal_of,
    principal_of,
    public,
    require_auth,
    version,
)
from watchword.config.auth import Environment
from watchword.testing import FakeClock, assert_all_routes_protected
from watchword.dev_provider import DevProviderServer
from watchword.testing.plugin import SignedIn
from watchword.testing.provider import provider_settings

settings = Settings()
assert_type(settings.base_url, str)
assert_type(settings.environment, Environment)
Settings(
    base_url="https://api.example.test",
    providers={"main": {"preset": "auth0", "issuer": "https://example.test", "client_id": "web"}},
    rate_limits={"login": "20/minute"},
    access_token_seconds=600,
)
auth = Watchword(settings, default="deny", clock=FakeClock(), templates=Path("pages"), translations="de")
app = FastAPI()
auth.install(app, operations=False)
Watchword().install(Starlette())


@require_auth
async def bare(caller: CurrentPrincipal, count: int) -> dict[str, str]:
    assert_type(caller, Principal)
    assert_type(caller.user_id, str | None)
    assert_type(caller.roles, frozenset[str])
    return {"hello": caller.subject}


@app.delete("/orders/{order_id}")
@require_auth(roles=["admin"], scopes={"orders:write"}, live=True, max_age_seconds=300)
def called(order_id: str) -> bool:
    return bool(order_id)


@public
async def opened() -> None: ...


@public
def opened_too(name: str = "") -> str:
    return name


@require_auth(roles=["admin"])
def blocking(caller: CurrentPrincipal, *, size: int = 1) -> list[int]:
    return [size]


@app.websocket("/live")
@require_auth(scopes=["live"])
async def live(socket: WebSocket, caller: CurrentPrincipal) -> None:
    assert_type(optional_principal_of(socket), Principal | None)


v1 = version("v1", deprecated_at="2027-01-31", guide="/guide", mode="observe", successor="v2")
assert_type(v1(APIRouter()), APIRouter)


@v1
@require_auth
async def old(count: int) -> str:
    return str(count)


@app.get("/orders", dependencies=[Security(current_principal, scopes=["orders:read"])])
async def listed(
    caller: Annotated[Principal, Security(current_principal, scopes=["orders:read"])],
    guest: OptionalPrincipal,
) -> str:
    assert_type(guest, Principal | None)
    return caller.subject


def plain(request: Request, connection: HTTPConnection) -> None:
    assert_type(principal_of(connection), Principal)
    assert_type(principal_of(request), Principal)
    assert_type(optional_principal_of(request), Principal | None)


async def uses(caller: Principal) -> None:
    assert_type(await bare(caller, 1), dict[str, str])
    assert_type(called("x"), bool)
    assert_type(await opened(), None)
    assert_type(await old(1), str)
    assert_type(opened_too("x"), str)
    assert_type(blocking(caller, size=2), list[int])
    handler: Callable[[Principal, int], Coroutine[Any, Any, dict[str, str]]] = bare
    assert_type(await handler(caller, 1), dict[str, str])
    assert_type(caller.scopes, frozenset[str])
    assert_type(caller.email, str | None)
    assert_all_routes_protected(app, public=["/"], allow=["/old"])


def test_something(signed_in: SignedIn) -> None:
    with signed_in(app, roles=["admin"]) as client:
        assert_type(client, TestClient)


def test_an_outage(
    signed_in: SignedIn, watchword_provider: DevProviderServer, watchword_clock: FakeClock
) -> None:
    Settings(providers={"dev": provider_settings(watchword_provider)})
    watchword_clock.advance(30)
    watchword_provider.provider.faults.fail("token")
    with signed_in(app) as client:
        assert_type(client.get("/orders").status_code, int)
"""

BAD = (
    Mistake("signed_in(app, role=['admin'])", 'Unexpected keyword argument "role"', "reportCallIssue"),
    Mistake("signed_in(app, roles=[1])", 'incompatible type "int"', "reportArgumentType"),
    Mistake("bare(caller)", 'Missing positional argument "count"', "reportCallIssue"),
    Mistake("called(5)", 'incompatible type "int"', "reportArgumentType"),
    Mistake("blocking(caller, 2)", "Too many positional arguments", "reportCallIssue"),
    Mistake("require_auth('admin')", "No overload variant", "reportArgumentType"),
    Mistake("require_auth(role=['admin'])", 'Unexpected keyword argument "role"', "reportCallIssue"),
    Mistake("require_auth(max_age_seconds='300')", "No overload variant", "reportArgumentType"),
    Mistake("caller.user", 'has no attribute "user"', "reportAttributeAccessIssue"),
    Mistake("caller.subject = 'x'", "read-only", "reportAttributeAccessIssue"),
    Mistake("caller.roles.add('admin')", 'has no attribute "add"', "reportAttributeAccessIssue"),
    Mistake("caller.name.upper()", 'has no attribute "upper"', "reportOptionalMemberAccess"),
    Mistake("Settings().base_ulr", 'has no attribute "base_ulr"', "reportAttributeAccessIssue"),
    Mistake("Watchword(default='open')", "Literal", "reportArgumentType"),
    Mistake("Watchword('settings.toml')", 'incompatible type "str"', "reportArgumentType"),
    Mistake("version('v1', mode='off')", "Literal", "reportArgumentType"),
    Mistake("version('v1', deprecated_at=5)", 'incompatible type "int"', "reportArgumentType"),
)

IMPORTS = "from service import app, bare, blocking, called\nfrom watchword.testing.plugin import SignedIn"
NAMES = ("Principal", "Settings", "Watchword", "require_auth", "version")


def mistakes() -> str:
    """A module with every mistake on a line of its own."""
    head = f"{IMPORTS}\nfrom watchword import {', '.join(NAMES)}\n"
    return "\n".join(
        [
            head,
            "",
            "def f(caller: Principal, signed_in: SignedIn) -> None:",
            *(f"    {bad.line}" for bad in BAD),
            "",
        ]
    )


def line_of(mistake: Mistake) -> int:
    """The number of its line, from 1."""
    return mistakes().splitlines().index(f"    {mistake.line}") + 1
