"""The whole job in German: sign in, look at the account and the sessions, sign out, without script."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser

ENGLISH = ("Sign in", "Sign out", "Your account", "signed in", "session", "Unknown", " on ")


async def read(page: Page, heading: str) -> None:
    """The page that has this heading is German to the last word of ours."""
    await page.get_by_role("heading", level=1, name=heading).wait_for()
    assert await page.locator("html").get_attribute("lang") == "de"
    text = await page.locator("main").inner_text()
    assert [each for each in ENGLISH if each in text] == []


async def test_the_whole_job_in_german(browser: Browser, demo: str) -> None:
    """A browser that asks for German of Austria gets German on every page of ours, errors included."""
    context = await browser.new_context(locale="de-AT", java_script_enabled=False)
    context.set_default_timeout(10_000)
    try:
        page = await context.new_page()
        await page.goto(f"{demo}/auth/login?return_to=/auth/account")
        await read(page, "Anmelden")
        await page.get_by_role("link", name="Mit Entwicklungsanbieter anmelden").click()
        await page.get_by_role("button", name="Bob").click()
        await read(page, "Ihr Konto")
        await page.get_by_role("link", name="Wo Sie angemeldet sind").click()
        await read(page, "Wo Sie angemeldet sind")
        await page.go_back()
        await page.get_by_role("button", name="Abmelden").click()
        await read(page, "Sie sind abgemeldet")
        await page.goto(f"{demo}/auth/callback/dev?code=x&state=y")
        await read(page, "Anmeldung wurde nicht hier begonnen")
    finally:
        await context.close()
