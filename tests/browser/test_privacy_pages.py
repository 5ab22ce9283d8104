"""Erasing oneself in a real browser: by keyboard, accessible, and for good."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.browser

LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1280), ("dark", 320))
ACCOUNT, ERASE = "/auth/account", "/auth/account/erase"


async def sign_in(page: Page, demo: str, person: str) -> None:
    await page.goto(f"{demo}{ACCOUNT}")
    await page.get_by_role("link", name="Sign in with").click()
    await page.get_by_role("button", name=person).click()


async def press(page: Page, role: Literal["link", "button"], name: str) -> None:
    """Go there by Tab alone, and press Enter."""
    wanted = page.get_by_role(role, name=name)
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("e => e === document.activeElement"):
            async with page.expect_navigation():
                await page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab does not lead to {name}")


async def is_accessible(page: Page, faults: Callable[[Page], Awaitable[str]]) -> None:
    assert await page.get_by_role("heading", level=1).count() == 1
    for scheme, width in LOOKS:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size({"width": width, "height": 800})
        assert await faults(page) == ""
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_ses_90_somebody_has_their_data_and_is_gone(
    page: Page, fresh_demo: str, accessibility_faults: Callable[[Page], Awaitable[str]], tmp_path: Path
) -> None:
    """From the account page by keyboard: the file is a download, the question can be left, the answer says
    what happened, and the way back in ends at a plain page."""
    await sign_in(page, fresh_demo, "Bob")
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download your data").click()
    file = tmp_path / "export.json"
    await (await downloading.value).save_as(file)
    assert json.loads(file.read_text("utf-8"))["account"]["email"] == "bob@example.test"
    await press(page, "link", "Erase your account")
    await is_accessible(page, accessibility_faults)
    await press(page, "link", "Keep my account")
    await press(page, "link", "Erase your account")
    await press(page, "button", "Erase bob@example.test")
    await page.get_by_role("heading", name="Your account was erased").wait_for()
    await is_accessible(page, accessibility_faults)
    await sign_in(page, fresh_demo, "Bob")
    await page.get_by_role("heading", name="Account erased").wait_for()
