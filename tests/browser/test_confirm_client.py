"""The page that asks before a program of the machine gets its answer, in a real browser."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import Browser, Page
from tests.servers.demo import running_demo

pytestmark = pytest.mark.browser

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class _Program(http.server.BaseHTTPRequestHandler):
    """A program that listens for its answer."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(
            b"<!doctype html><html lang=en><title>Done</title><h1>Back in the program</h1></html>"
        )

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def program() -> Iterator[str]:
    """Where the program listens, on a port of its own choice."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Program) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/cb"
        server.shutdown()
        thread.join(5)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo that knows a command-line client."""
    folder = tmp_path_factory.mktemp("confirm")
    with running_demo(folder, CLIENTS__CLI__REDIRECT_URIS="http://127.0.0.1/cb") as demo:
        yield demo.url


def begin(service: str, program: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": "cli",
        "redirect_uri": program,
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{service}/auth/authorize?{urlencode(asked)}"


def answer(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


async def test_continue_leads_through_the_provider_to_the_program(
    page: Page, service: str, program: str, accessibility_faults: Callable[[Page], Awaitable[str]]
) -> None:
    """The page names app and place; its policy lets the form lead to other origins and back."""
    await page.goto(begin(service, program))
    await page.get_by_role("heading", name="Continue to cli?").wait_for()
    await page.get_by_text(urlsplit(program).netloc).wait_for()
    assert await accessibility_faults(page) == ""
    await page.get_by_role("button", name="Continue with the development provider").click()
    await page.get_by_role("button", name="Alice").click()
    await page.wait_for_url(f"{program}?*")
    assert set(answer(page)) == {"code", "state", "iss"}
    assert {str(each.get("name")) for each in await page.context.cookies()}.isdisjoint(
        {"ww_access", "ww_refresh"}
    )


async def test_cancel_tells_the_program(page: Page, service: str, program: str) -> None:
    """Straight to the program, another origin, and the browser lets it pass."""
    await page.goto(begin(service, program))
    await page.get_by_role("button", name="Cancel").click()
    await page.wait_for_url(f"{program}?*")
    assert answer(page)["error"] == ["access_denied"]


async def test_without_script_by_keyboard(browser: Browser, service: str, program: str) -> None:
    """A plain form: Tab and Enter are enough."""
    context = await browser.new_context(java_script_enabled=False)
    try:
        page = await context.new_page()
        await page.goto(begin(service, program), timeout=10_000)
        await page.keyboard.press("Tab")
        assert await page.locator(":focus").inner_text() == "Continue with the development provider"
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Bob").click(timeout=10_000)
        await page.wait_for_url(f"{program}?*", timeout=10_000)
        assert "code" in answer(page)
    finally:
        await context.close()
