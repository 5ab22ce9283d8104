"""Promises of the cleanup in a running service: in the background, and at no address an error."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.flows.commands import me
from tests.flows.conftest import BASE_URL, Service, StartService, example_app
from tests.servers.sqlite import migrated_sqlite
from watchword import Settings, Watchword

WAIT_SECONDS = 20
FROM_OURSELVES = {"sec-fetch-site": "same-origin"}


def run(service: Service) -> Any:
    """What the task of the app does every few minutes."""

    async def once() -> Any:
        return await (await service.auth.services()).cleanup.run()

    return service.call(once)


def sessions(service: Service) -> int:
    engine = create_engine(service.auth.settings.database_url.replace("+aiosqlite", ""))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM ww_sessions")).scalar_one()
    engine.dispose()
    return int(found)


def tasks() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if "cleanup" in task.get_name()]


@pytest.mark.parametrize(("interval", "running"), [(300, ["watchword cleanup"]), (0, [])])
async def test_the_task_lives_as_long_as_the_app(tmp_path: Path, interval: int, running: list[str]) -> None:
    """One while it runs, none before and after; none at all with interval 0."""
    settings = Settings(
        base_url=BASE_URL,
        database_url=migrated_sqlite(tmp_path / "service.db"),
        cleanup_interval_seconds=interval,
    )
    app = example_app(Watchword(settings))
    assert tasks() == []
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0)
        assert tasks() == running
    assert tasks() == []


def test_expired_sessions_go_by_themselves(start_service: StartService) -> None:
    """Soon after the start, though nobody asks for anything; live ones stay."""
    service = start_service(cleanup_interval_seconds=1)
    service.signed_in("alice")
    service.clock.advance(2 * 86400)
    live = service.signed_in("bob")
    give_up_at = time.monotonic() + WAIT_SECONDS
    while sessions(service) > 1 and time.monotonic() < give_up_at:
        time.sleep(0.05)
    assert sessions(service) == 1
    assert live.get("/private").status_code == 200


def test_ses_07_no_address_fails_for_a_session_whose_row_went(start_service: StartService) -> None:
    """A refresh is ``invalid_grant``, everything else as for somebody who is signed out."""
    service = start_service(session_absolute_seconds=1, session_idle_seconds=1)
    browser = service.signed_in("alice")
    session_id = me(browser)["session_id"]
    service.clock.advance(3700)
    assert run(service).gone["sessions"] == 1
    refreshed = browser.request("POST", "/auth/refresh", headers=FROM_OURSELVES)
    assert (refreshed.status_code, refreshed.json()["error"]) == (401, "invalid_grant")
    answers = {
        path: browser.request(method, path, headers=FROM_OURSELVES).status_code
        for method, path in (
            ("GET", "/auth/me"),
            ("GET", "/auth/sessions"),
            ("DELETE", f"/auth/sessions/{session_id}"),
            ("GET", "/private"),
            ("GET", "/open"),
            ("GET", "/auth/verify"),
            ("POST", "/auth/logout"),
        )
    }
    assert max(answers.values()) < 500
    assert (answers["/auth/me"], answers["/open"], answers["/auth/logout"]) == (401, 200, 204)
