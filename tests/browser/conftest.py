"""A real Chromium for the tests that need one, without its background traffic."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Page, async_playwright
from tests.servers.ports import loopback_port

from watchword import Settings
from watchword.demo import create_app

BOUND_MILLISECONDS = 10_000

QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE [::1]",
)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is; without it the test is skipped, or fails where CI promised one."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "Chromium is not installed; browser tests need it on the PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    """One Chromium for the whole run. It reaches loopback only."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=chromium_path, args=list(QUIET), timeout=3 * BOUND_MILLISECONDS
        )
        yield chromium
        await chromium.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A fresh page with a profile of its own; every step is bounded to ten seconds."""
    context = await browser.new_context()
    context.set_default_timeout(BOUND_MILLISECONDS)
    context.set_default_navigation_timeout(BOUND_MILLISECONDS)
    try:
        yield await context.new_page()
    finally:
        await context.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running demo with its provider, one for the whole run."""
    with serving_demo(tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest.fixture
def fresh_demo(tmp_path: Path) -> Iterator[str]:
    """A demo that nobody else signs in to."""
    with serving_demo(tmp_path) as address:
        yield address


@contextmanager
def serving_demo(folder: Path, **changes: Any) -> Iterator[str]:
    port = loopback_port()
    base_url = f"http://127.0.0.1:{port}"
    app = create_app(Settings(base_url=base_url, database_url=f"sqlite:///{folder}/demo.db", **changes))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    give_up_at = time.monotonic() + 30
    while not server.started and thread.is_alive() and time.monotonic() < give_up_at:
        time.sleep(0.02)
    try:
        assert server.started, "the demo did not start"
        yield base_url
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def accessibility_faults() -> Callable[[Page], Awaitable[str]]:
    """Asks axe about a page; the answer is its report, empty when there is nothing to report."""

    async def faults(page: Page) -> str:
        results = await Axe().run(page)
        return str(results.generate_report()) if results.violations_count else ""

    return faults
