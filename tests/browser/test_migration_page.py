"""The migration guide in a real browser: found from the first page, accessible, narrow enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_guide_is_for_everybody(
    page: Page, demo: str, scheme: str, accessibility_faults: Callable[[Page], Awaitable[str]]
) -> None:
    """axe finds nothing, in either scheme; a small screen shows it without scrolling sideways."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.goto(demo)
    await page.get_by_role("link", name="migration guide").click()
    await page.get_by_role("heading", name="Leaving version v1").wait_for()
    entry = page.get_by_role("listitem").filter(has_text="GET /v1/orders")
    assert "GET /v2/orders" in await entry.inner_text()
    assert await accessibility_faults(page) == ""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
