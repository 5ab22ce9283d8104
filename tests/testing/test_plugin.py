"""The pytest plugin used the way a user does: a project of its own, no plugin but ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.servers.demo import environment

PROJECT = """
import asyncio

from fastapi import FastAPI
from starlette.testclient import TestClient
from watchword import CurrentPrincipal, Settings, Watchword, require_auth
from watchword.testing.provider import provider_settings


def make_app(tmp_path, clock=None, **settings):
    app = FastAPI()
    Watchword(Settings(database_url=f"sqlite:///{tmp_path}/app.db", **settings), clock=clock).install(app)

    @app.get("/orders")
    @require_auth(roles=["admin"])
    async def orders(caller: CurrentPrincipal):
        return {"hello": caller.subject}

    return app


def test_orders_need_a_sign_in(signed_in, tmp_path):
    app = make_app(tmp_path)
    with signed_in(app, roles=["admin"]) as client:
        assert client.get("/orders").status_code == 200
    with signed_in(app) as client:
        assert client.get("/orders").status_code == 403


def test_in_a_running_loop(signed_in, tmp_path):
    async def main():
        with signed_in(make_app(tmp_path), roles=["admin"]) as client:
            return client.get("/orders").status_code

    assert asyncio.run(main()) == 200


def test_a_whole_sign_in_and_an_outage(signed_in, watchword_provider, watchword_clock, tmp_path):
    providers = {"dev": provider_settings(watchword_provider)}
    app = make_app(tmp_path, watchword_clock, base_url="http://127.0.0.1:8000", providers=providers)
    with signed_in(app), TestClient(app, base_url="http://127.0.0.1:8000") as client:
        begun = client.get("/auth/login/dev", follow_redirects=False)
        back = watchword_provider.provider.approve(begun.headers["location"], "alice")
        assert client.get(back, follow_redirects=False).status_code == 303
        assert client.get("/orders").status_code == 200
        watchword_clock.advance(2000)
        assert client.get("/orders").status_code == 401
        begun = client.get("/auth/login/dev", follow_redirects=False)
        back = watchword_provider.provider.approve(begun.headers["location"], "bob")
        assert client.get(back, follow_redirects=False).status_code == 303
        assert client.get("/orders").status_code == 403
        watchword_provider.provider.faults.fail("token")
        begun = client.get("/auth/login/dev", follow_redirects=False)
        back = watchword_provider.provider.approve(begun.headers["location"], "alice")
        assert client.get(back).status_code == 503
"""


def test_a_project_that_has_only_pytest_and_watchword(tmp_path: Path) -> None:
    """Fixtures are there by installation; no async plugin is needed and no warning is given."""
    (tmp_path / "test_orders.py").write_text(PROJECT)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    others = ["--override-ini=addopts=", *(f"-pno:{name}" for name in ("anyio", "randomly", "xdist", "cov"))]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider", *others, str(tmp_path)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 passed" in ended.stdout
