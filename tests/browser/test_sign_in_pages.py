"""Our own pages and the demo's in a real browser: the whole job, by mouse, by keyboard, without script."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Literal

import pytest
from playwright.async_api import Browser, ConsoleMessage, Locator, Page

pytestmark = pytest.mark.browser

LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1280), ("dark", 320))
"""Colour scheme and width."""

PAGES = {
    "/": "watchword demo",
    "/auth/login": "Sign in",
    "/auth/signed-out": "You are signed out",
    "/auth/callback/dev?code=x&state=y": "Sign-in was not started here",
}


async def sign_in(page: Page, demo: str, person: str = "Bob") -> None:
    await page.goto(demo)
    await page.get_by_role("link", name="Sign in").click()
    await page.get_by_role("link", name="Sign in with the development provider").click()
    await page.get_by_role("button", name=person).click()
    await page.wait_for_url(f"{demo}/")


async def cookie_names(page: Page) -> set[str]:
    return {str(cookie.get("name")) for cookie in await page.context.cookies()}


async def has_visible_focus(element: Locator) -> bool:
    """A ring of at least two pixels around it."""
    style = "e => [getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)]"
    outline, width = await element.evaluate(style)
    return bool(outline == "solid" and width >= 2)


async def test_the_whole_job_by_clicking(page: Page, demo: str) -> None:
    """Sign in, look at the protected orders, sign out; no complaint of the browser on the way."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        asked_icon = str(message.location.get("url", "")).endswith("/favicon.ico")
        if message.type in ("error", "warning") and not asked_icon:
            complaints.append(message.text)

    page.on("console", listen)
    await sign_in(page, demo)
    await page.get_by_text("You are signed in with the role editor.").wait_for()
    await page.get_by_role("link", name="GET /v2/orders").click()
    assert '"orders"' in await page.inner_text("body")
    await page.go_back()
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(f"{demo}/auth/signed-out?state=*")
    await page.get_by_role("heading", name="You are signed out").wait_for()
    assert not await cookie_names(page)
    assert complaints == []
    answer = await page.goto(f"{demo}/v2/orders")
    assert answer is not None
    assert answer.status == 401


async def test_an_access_token_that_has_run_out_is_renewed_by_the_page(page: Page, demo: str) -> None:
    """The demo's first page refreshes once, and goes on as whoever was signed in."""
    await sign_in(page, demo)
    await page.context.clear_cookies(name="ww_access")
    await page.goto(demo)
    await page.get_by_text("The next one is on its way.").wait_for(state="detached")
    await page.get_by_text("You are signed in with the role editor.").wait_for()
    assert await cookie_names(page) == {"ww_access", "ww_refresh"}


async def test_scripts_cannot_read_the_session(page: Page, demo: str) -> None:
    """SES-70: both cookies are HttpOnly and SameSite=Lax, on loopback without prefix."""
    await sign_in(page, demo)
    cookies = {str(cookie.get("name")): cookie for cookie in await page.context.cookies()}
    assert cookies.keys() == {"ww_access", "ww_refresh"}
    assert all(cookie.get("httpOnly") and cookie.get("sameSite") == "Lax" for cookie in cookies.values())
    assert await page.evaluate("document.cookie") == ""


async def test_the_whole_job_by_keyboard(page: Page, demo: str) -> None:
    """Tab reaches what is needed in order, with a focus one can see; Enter and Space press it."""
    await page.goto(demo)
    for expected in ("Sign in", "Sign in with the development provider", "Alice Example"):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert await focused.inner_text() == expected
        assert await has_visible_focus(focused)
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
    await page.wait_for_url(f"{demo}/")
    await page.keyboard.press("Tab")
    assert await page.locator(":focus").inner_text() == "Sign out"
    assert await has_visible_focus(page.locator(":focus"))
    await page.keyboard.press("Space")
    await page.wait_for_url(f"{demo}/auth/signed-out?state=*")
    await page.keyboard.press("Tab")
    assert await page.locator(":focus").inner_text() == "Sign in again"


async def test_the_whole_job_without_javascript(browser: Browser, demo: str) -> None:
    """Links and forms are all it needs."""
    context = await browser.new_context(java_script_enabled=False)
    try:
        page = await context.new_page()
        await sign_in(page, demo, "Carol")
        await page.get_by_text("You are signed in without any role.").wait_for()
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url(f"{demo}/auth/signed-out?state=*")
    finally:
        await context.close()


async def test_a_sign_in_ends_where_it_was_asked_for(page: Page, demo: str) -> None:
    """``return_to`` leads through the sign-in to the page that was wanted."""
    await page.goto(f"{demo}/auth/login?return_to=/v2/orders")
    await page.get_by_role("link", name="Sign in with").click()
    await page.get_by_role("button", name="Alice").click()
    await page.wait_for_url(f"{demo}/v2/orders")
    assert '"orders"' in await page.inner_text("body")


async def test_cancelling_is_told_plainly_and_can_be_started_again(page: Page, demo: str) -> None:
    """A person who cancels at the provider reads why, and one press leads back to the provider."""
    await page.goto(f"{demo}/auth/login")
    await page.get_by_role("link", name="Sign in with").click()
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("heading", name="Sign-in provider said no").wait_for()
    assert "you cancelled" in await page.get_by_role("alert").inner_text()
    assert not {"ww_access", "ww_refresh"} & await cookie_names(page)
    await page.get_by_role("link", name="Start again").click()
    await page.get_by_role("button", name="Bob").click()
    await page.wait_for_url(f"{demo}/")


@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_nothing(
    page: Page, accessibility_faults: Callable[[Page], Awaitable[str]], demo: str, path: str
) -> None:
    """Every page is accessible, light and dark, has one heading, a title, a language, no scroll bar
    to the side at 320 pixels, and obeys its own content security policy."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    page.on("console", listen)
    await page.goto(demo + path)
    assert await page.get_by_role("heading", level=1).all_inner_texts() == [PAGES[path]]
    assert await page.title() == PAGES[path]
    assert await page.evaluate("document.documentElement.lang") == "en"
    for scheme, width in LOOKS:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size({"width": width, "height": 800})
        assert await accessibility_faults(page) == ""
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert not [text for text in complaints if "Content Security Policy" in text]


async def test_axe_finds_nothing_when_signed_in(
    page: Page, accessibility_faults: Callable[[Page], Awaitable[str]], demo: str
) -> None:
    """The demo's first page with the sign-out button, and the account page it links to."""
    await sign_in(page, demo)
    assert await accessibility_faults(page) == ""
    await page.get_by_role("link", name="Your account").click()
    await page.get_by_role("heading", name="Your account").wait_for()
    assert await accessibility_faults(page) == ""


class _OtherSite(http.server.BaseHTTPRequestHandler):
    """A page whose one button sends its own path, as a form, to the demo."""

    target = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        form = f"<form method=post action='{self.target}{self.path}'><button>Win a prize</button></form>"
        self.wfile.write(f"<!doctype html><title>Other site</title>{form}".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def other_site(demo: str) -> Iterator[str]:
    """A page on ``localhost``, which to a browser is another site than 127.0.0.1."""
    handler = type("OtherSite", (_OtherSite,), {"target": demo})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join(5)


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/refresh"])
async def test_ses_63_a_form_of_another_site_signs_nobody_out(
    page: Page, demo: str, other_site: str, path: str
) -> None:
    """Neither is the session ended nor are its cookies deleted."""
    await sign_in(page, demo)
    await page.goto(other_site + path)
    async with page.expect_navigation():
        await page.get_by_role("button", name="Win a prize").click()
    assert await cookie_names(page) == {"ww_access", "ww_refresh"}
    answer = await page.goto(f"{demo}/v2/orders")
    assert answer is not None
    assert answer.status == 200
