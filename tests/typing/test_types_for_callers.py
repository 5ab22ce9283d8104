"""What a user's type checker says about our public names: everything it should, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".mypy_cache" / "callers"

GOOD = """
from typing import Annotated, assert_type

from fastapi import APIRouter, FastAPI, Security
from starlette.requests import Request
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
from watchword.testing import FakeClock, assert_all_routes_protected
from watchword.testing.plugin import SignedIn

settings = Settings()
assert_type(settings.base_url, str)
auth = Watchword(Settings(), default="deny", clock=FakeClock())
app = FastAPI()
auth.install(app, operations=False)


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


def plain(request: Request) -> None:
    assert_type(principal_of(request), Principal)
    assert_type(optional_principal_of(request), Principal | None)


async def uses(caller: Principal) -> None:
    assert_type(await bare(caller, 1), dict[str, str])
    assert_type(called("x"), bool)
    assert_type(await opened(), None)
    assert_type(await old(1), str)
    assert_all_routes_protected(app, public=["/"], allow=["/old"])


def test_something(signed_in: SignedIn) -> None:
    with signed_in(app, roles=["admin"]) as client:
        assert_type(client, TestClient)
"""

BAD = {
    "bare(caller)": 'Missing positional argument "count"',
    "called(5)": 'incompatible type "int"',
    'require_auth("admin")': "No overload variant",
    "require_auth(role=['admin'])": 'Unexpected keyword argument "role"',
    "require_auth(max_age_seconds='300')": "No overload variant",
    "caller.user": 'has no attribute "user"',
    "caller.roles.add('admin')": 'has no attribute "add"',
    "Watchword(default='open')": "Literal",
    "version('v1', mode='off')": "Literal",
    "version('v1', deprecated_at=5)": 'incompatible type "int"',
}


def told_by_mypy(folder: Path) -> list[str]:
    """What ``mypy --strict`` says about a user's module and one with mistakes, line by line."""
    (folder / "service.py").write_text(GOOD)
    wrong = "\n".join(f"    {line}" for line in BAD)
    names = "Principal, Watchword, require_auth, version"
    head = f"from service import bare, called\nfrom watchword import {names}\n"
    (folder / "mistakes.py").write_text(f"{head}\n\ndef f(caller: Principal) -> None:\n{wrong}\n")
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={CACHE}", "service.py", "mistakes.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return (ended.stdout + ended.stderr).splitlines()


def test_a_users_module_is_clean_and_mistakes_are_found(tmp_path: Path) -> None:
    """Decorated endpoints keep their parameters and results, the caller is a Principal, and each wrong
    call is an error on its own line."""
    told = told_by_mypy(tmp_path)
    assert not [line for line in told if line.startswith("service.py")]
    source = (tmp_path / "mistakes.py").read_text().splitlines()
    for mistake, error in BAD.items():
        number = source.index(f"    {mistake}") + 1
        said = [line for line in told if line.startswith(f"mistakes.py:{number}:")]
        assert any(error in line for line in said), (mistake, told)
