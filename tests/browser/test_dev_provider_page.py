"""The development provider's page in a real browser: by keyboard, without script, accessible."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page

from watchword.dev_provider import DevClient, DevProviderServer

pytestmark = pytest.mark.browser

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class _Application(http.server.BaseHTTPRequestHandler):
    """A client whose callback redirects once more, to another origin, as real ones do."""

    def do_GET(self) -> None:
        if self.path.startswith("/callback"):
            other_origin = f"http://localhost:{self.headers['Host'].rpartition(':')[2]}"
            self.send_response(303)
            self.send_header("Location", f"{other_origin}/home?{urlsplit(self.path).query}")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><html lang=en><title>Home</title><h1>Signed in</h1></html>")

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def application() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Application) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(5)


@pytest.fixture
def provider() -> Iterator[DevProviderServer]:
    client = DevClient("browser-test", None, any_loopback=True, auth_method="none")
    with DevProviderServer(clients=[client]) as server:
        yield server


def address(provider: DevProviderServer, application: str, **more: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": "browser-test",
        "redirect_uri": f"{application}/callback",
        "scope": "openid",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{provider.issuer}/authorize?{urlencode(asked | more)}"


def answer(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


async def test_a_person_signs_in_by_keyboard_alone(
    page: Page, provider: DevProviderServer, application: str
) -> None:
    """Tab reaches each person in order with a visible focus, and Enter signs in as that one."""
    await page.goto(address(provider, application))
    for name in ("Alice Example", "Bob Example"):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert await focused.inner_text() == name
        outline = await focused.evaluate("e => getComputedStyle(e).outlineStyle")
        assert outline == "solid"
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/home?**")
    await page.get_by_role("heading", name="Signed in").wait_for()
    assert answer(page).keys() == {"code", "state", "iss"}


async def test_cancel_and_login_hint_by_keyboard(
    page: Page, provider: DevProviderServer, application: str
) -> None:
    """The hinted person has the focus from the start; Cancel is reached by Tab and pressed by Space."""
    await page.goto(address(provider, application, login_hint="carol"))
    assert await page.locator(":focus").inner_text() == "Carol Example"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await page.wait_for_url("**/home?**")
    assert answer(page)["error"] == ["access_denied"]


async def test_the_page_works_without_javascript(
    browser: Browser, provider: DevProviderServer, application: str
) -> None:
    """A plain form is all it needs."""
    context = await browser.new_context(java_script_enabled=False)
    try:
        page = await context.new_page()
        await page.goto(address(provider, application))
        await page.get_by_role("button", name="Bob").click()
        await page.wait_for_url("**/home?**")
        assert "code" in answer(page)
    finally:
        await context.close()


@pytest.mark.parametrize("path", ["", "&client_id=twice", "end-session"])
async def test_axe_finds_nothing(
    page: Page,
    accessibility_faults: Callable[[Page], Awaitable[str]],
    provider: DevProviderServer,
    application: str,
    path: str,
) -> None:
    """Sign-in, refusal and signed-out pages have no accessibility violation, narrow or wide."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    page.on("console", listen)
    asked = address(provider, application) + path
    await page.goto(f"{provider.issuer}/{path}" if path == "end-session" else asked)
    await page.get_by_text("anyone can sign in as anyone").wait_for()
    for width in (320, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await accessibility_faults(page) == ""
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert not [text for text in complaints if "Content Security Policy" in text]
