"""The account and sessions pages in a real browser: by keyboard, without script, accessible."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page

pytestmark = pytest.mark.browser

LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1280), ("dark", 320))
"""Colour scheme and width."""

BOUND_MILLISECONDS = 10_000
TITLE = "Where you are signed in"


async def sign_in(page: Page, demo: str, back: str = "/auth/sessions") -> None:
    await page.goto(f"{demo}{back}")
    await page.get_by_role("link", name="Sign in with").click()
    await page.get_by_role("button", name="Bob").click()
    await page.wait_for_url(f"{demo}{back}")


async def status_of_orders(page: Page, demo: str) -> int:
    answer = await page.context.request.get(f"{demo}/v2/orders")
    return answer.status


@pytest.fixture
async def elsewhere(browser: Browser, fresh_demo: str) -> AsyncIterator[Page]:
    """Bob, signed in with another browser."""
    context = await browser.new_context(java_script_enabled=False)
    context.set_default_timeout(BOUND_MILLISECONDS)
    other = await context.new_page()
    await sign_in(other, fresh_demo)
    yield other
    await context.close()


async def focused(page: Page) -> str:
    """What has the focus now, which must be visible."""
    element = page.locator(":focus")
    style = "e => [getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)]"
    outline, width = await element.evaluate(style)
    assert outline == "solid"
    assert width >= 2
    return await element.inner_text()


async def press(page: Page, name: str, key: str = "Enter") -> None:
    """Go to an element by Tab alone, and press it."""
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await focused(page) == name:
            async with page.expect_navigation():
                await page.keyboard.press(key)
            return
    raise AssertionError(f"Tab never reached {name!r}")


async def test_a_session_is_ended_by_keyboard(page: Page, fresh_demo: str, elsewhere: Page) -> None:
    """Tab reaches every button in order; Enter ends the other session, and the list says so."""
    await sign_in(page, fresh_demo)
    assert await page.get_by_role("listitem").filter(has=page.get_by_role("heading")).count() == 2
    order = []
    for _ in range(5):
        await page.keyboard.press("Tab")
        order.append(await focused(page))
    assert order == [
        "Sign out here",
        "End this session",
        "End all other sessions",
        "Sign out everywhere",
        "Your account",
    ]
    await page.reload()
    await press(page, "End this session")
    assert page.url == f"{fresh_demo}/auth/sessions"
    assert await page.get_by_role("button", name="End this session").count() == 0
    assert await page.get_by_role("button", name="End all other sessions").count() == 0
    assert await status_of_orders(elsewhere, fresh_demo) == 401
    assert await status_of_orders(page, fresh_demo) == 200


async def test_a_button_says_which_session_it_ends(page: Page, fresh_demo: str, elsewhere: Page) -> None:
    """Also to those who hear the page: it is described by the heading of its session."""
    await sign_in(page, fresh_demo)
    headings = await page.get_by_role("heading", level=2).all_inner_texts()
    assert ["(this session)" in heading for heading in headings] == [True, False]
    button = page.get_by_role("button", name="End this session")
    described_by = await button.get_attribute("aria-describedby")
    assert await page.locator(f"#{described_by}").inner_text() == headings[1]


async def test_all_others_are_ended_by_keyboard(page: Page, fresh_demo: str, elsewhere: Page) -> None:
    """By Space this time."""
    await sign_in(page, fresh_demo)
    await press(page, "End all other sessions", "Space")
    assert await status_of_orders(elsewhere, fresh_demo) == 401
    assert await status_of_orders(page, fresh_demo) == 200


async def test_everything_is_ended_from_the_account_page_on(
    page: Page, fresh_demo: str, elsewhere: Page
) -> None:
    """Account, sessions, out everywhere; the cookies are gone with the sessions."""
    await sign_in(page, fresh_demo, "/auth/account")
    await page.get_by_text("bob@example.test", exact=True).wait_for()
    await press(page, TITLE)
    await press(page, "Sign out everywhere")
    await page.wait_for_url(f"{fresh_demo}/auth/signed-out?state=*")
    assert await page.context.cookies() == []
    assert await status_of_orders(elsewhere, fresh_demo) == 401


@pytest.mark.parametrize(
    ("back", "button", "end"),
    [("/auth/account", "Sign out", "?state=*"), ("/auth/sessions", "Sign out here", "")],
)
async def test_signing_out_here_without_script(
    browser: Browser, fresh_demo: str, elsewhere: Page, back: str, button: str, end: str
) -> None:
    """From either page, by way of the provider or here alone, and the other browser goes on."""
    context = await browser.new_context(java_script_enabled=False)
    context.set_default_timeout(BOUND_MILLISECONDS)
    try:
        page = await context.new_page()
        await sign_in(page, fresh_demo, back)
        await page.get_by_role("button", name=button, exact=True).click()
        await page.wait_for_url(f"{fresh_demo}/auth/signed-out{end}")
        assert await context.cookies() == []
        assert await status_of_orders(elsewhere, fresh_demo) == 200
    finally:
        await context.close()


async def test_a_page_left_open_leads_to_sign_in(page: Page, fresh_demo: str, elsewhere: Page) -> None:
    """A button pressed after the session was ended elsewhere is no error page."""
    await sign_in(page, fresh_demo)
    await elsewhere.reload()
    await elsewhere.get_by_role("button", name="End all other sessions").click()
    await elsewhere.wait_for_url(f"{fresh_demo}/auth/sessions")
    await page.get_by_role("button", name="End all other sessions").click()
    await page.wait_for_url(f"{fresh_demo}/auth/login?return_to=%2Fauth%2Fsessions")
    assert await status_of_orders(elsewhere, fresh_demo) == 200


@pytest.mark.parametrize("path", ["/auth/account", "/auth/sessions"])
async def test_axe_finds_nothing(
    page: Page, accessibility_faults: Callable[[Page], Awaitable[str]], demo: str, path: str
) -> None:
    """Accessible light and dark, one heading of the first level, no scroll bar to the side at 320
    pixels, and nothing that the page's own policy had to stop."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    page.on("console", listen)
    await sign_in(page, demo, path)
    assert await page.get_by_role("heading", level=1).count() == 1
    for scheme, width in LOOKS:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size({"width": width, "height": 800})
        assert await accessibility_faults(page) == ""
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert not [text for text in complaints if "Content Security Policy" in text]
