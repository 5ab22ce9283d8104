"""The page of the terms in a real browser: on the way of a sign-in, by keyboard, without script."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page
from tests.browser.conftest import BOUND_MILLISECONDS, serving_demo

pytestmark = pytest.mark.browser

TEXT = "# Use\n\n" + "Be kind to everybody who is here.\n\n" * 60 + "- one\n- two\n"


@pytest.fixture
def demo_with_terms(tmp_path: Path) -> Iterator[str]:
    file = tmp_path / "terms.txt"
    file.write_text(TEXT, encoding="utf-8")
    with serving_demo(tmp_path, terms={"version": "2026-11", "file": str(file)}) as address:
        yield address


async def sign_in(page: Page, demo: str) -> None:
    await page.goto(f"{demo}/auth/sessions")
    await page.get_by_role("link", name="Sign in with").click()
    await page.get_by_role("button", name="Bob").click()
    await page.wait_for_url(f"{demo}/auth/terms?*")


async def status_of_orders(page: Page, demo: str) -> int:
    return (await page.context.request.get(f"{demo}/v2/orders")).status


async def tab(page: Page) -> str:
    """Go one on by keyboard; what has the focus now, which must show."""
    await page.keyboard.press("Tab")
    element = page.locator(":focus")
    style = "e => [getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)]"
    outline, width = await element.evaluate(style)
    assert (outline, width >= 2) == ("solid", True)
    return await element.get_attribute("aria-label") or await element.inner_text()


async def test_terms_are_read_and_accepted_by_keyboard(page: Page, demo_with_terms: str) -> None:
    """The text scrolls by keys alone; then the buttons, in order; Enter accepts and leads on."""
    await sign_in(page, demo_with_terms)
    assert await status_of_orders(page, demo_with_terms) == 403
    assert await tab(page) == "Text of the terms"
    region = page.get_by_role("region", name="Text of the terms")
    await page.keyboard.press("End")
    await page.wait_for_function("() => document.activeElement.scrollTop > 100")
    assert await region.get_by_role("heading", name="Use", level=2).count() == 1
    assert await tab(page) == "I accept these terms"
    assert await tab(page) == "I do not accept, sign me out"
    assert await tab(page) == "Your account"
    for _ in range(2):
        await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{demo_with_terms}/auth/sessions")
    assert await status_of_orders(page, demo_with_terms) == 200


async def test_terms_that_changed_are_told_first(
    page: Page, demo_with_terms: str, accessibility_faults: Callable[[Page], Awaitable[str]]
) -> None:
    """The message has the focus, so that it is what is read and where Tab goes on."""
    await sign_in(page, demo_with_terms)
    await page.evaluate("document.querySelector('input[name=version]').value = '2026-10'")
    await page.get_by_role("button", name="I accept these terms").click()
    await page.get_by_role("heading", name="Nothing was accepted").wait_for()
    assert "Nothing was accepted" in await page.locator(":focus").inner_text()
    assert await accessibility_faults(page) == ""
    assert "version 2026-11" in await tab(page)
    await page.get_by_role("button", name="I accept these terms").click()
    await page.wait_for_url(f"{demo_with_terms}/auth/sessions")


async def test_declining_without_script(browser: Browser, demo_with_terms: str) -> None:
    """The whole way by links and buttons; whoever declines is signed out and may read their data before."""
    context = await browser.new_context(java_script_enabled=False)
    context.set_default_timeout(BOUND_MILLISECONDS)
    try:
        page = await context.new_page()
        await sign_in(page, demo_with_terms)
        await page.get_by_role("link", name="Your account").click()
        await page.get_by_text("bob@example.test", exact=True).wait_for()
        await page.get_by_role("link", name="Terms of this service").click()
        await page.get_by_role("button", name="I do not accept").click()
        await page.wait_for_url(f"{demo_with_terms}/auth/signed-out?*")
        assert await context.cookies() == []
        assert await status_of_orders(page, demo_with_terms) == 401
    finally:
        await context.close()
