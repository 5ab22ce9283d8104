"""WCAG 2.2 AA, as far as Chromium can say, of every page in the registry."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from tests.browser import measures
from tests.pages.registry import VIEWS, View

pytestmark = pytest.mark.browser

RULES: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
SEEN: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast", "target-size"]}}
"""What another width and other colours may change."""
RING_CONTRAST = 3.0
TARGET_PIXELS = 24


async def violations(page: Page, rules: dict[str, Any] = RULES) -> list[str]:
    """What axe finds, by rule and place."""
    found: list[str] = await page.evaluate(measures.AXE, rules)
    return found


async def test_every_page_is_plain_to_see_to_hear_and_to_press(browser: Browser) -> None:
    """Wide and light: what the browser's accessibility tree says, Tab and Shift+Tab, and axe."""
    async with measures.showing(browser, axe=True, viewport={"width": 1280, "height": 800}) as page:
        for view in VIEWS:
            await measures.opened(page, view)
            await check_heard(page, view)
            await check_markup(page, view)
            await check_keys(page, view)
            assert await violations(page) == [], view.name


async def test_every_page_is_readable_small_large_and_dark(browser: Browser) -> None:
    """Dark and 320 pixels wide (1.4.10), then with wide text spacing (1.4.12), then with text of twice
    the size (1.4.4): nothing is cut off or needs scrolling sideways, and axe's contrasts hold in the dark."""
    async with measures.showing(browser, axe=True, color_scheme="dark") as page:
        for view in VIEWS:
            await page.set_viewport_size({"width": 320, "height": 640})
            await measures.opened(page, view)
            assert await page.evaluate(measures.OVERFLOW) == "", view.name
            assert await violations(page, SEEN) == [], view.name
            await page.keyboard.press("Tab")
            if view.controls:
                check_ring(await page.evaluate(measures.FOCUS, measures.CONTROLS), view)
            await page.evaluate(measures.SPACED)
            assert await page.evaluate(measures.OVERFLOW) == "", f"{view.name}, spaced"
            await page.set_viewport_size({"width": 1280, "height": 800})
            await page.evaluate(measures.ENLARGED)
            assert await page.evaluate(measures.OVERFLOW) == "", f"{view.name}, enlarged"


async def test_every_page_takes_the_persons_own_colours_and_does_not_move(browser: Browser) -> None:
    """Forced colours: buttons keep a border and focus a ring. Nothing is ever animated, so reduced motion
    has nothing to take away."""
    async with measures.showing(browser, forced_colors="active", reduced_motion="reduce") as page:
        for view in VIEWS:
            await measures.opened(page, view)
            assert await page.evaluate(measures.UNBORDERED) == 0, view.name
            assert await page.evaluate(measures.MOVING) == 0, view.name
            if view.controls:
                await page.keyboard.press("Tab")
                check_ring(await page.evaluate(measures.FOCUS, measures.CONTROLS), view)


async def test_every_page_is_whole_without_script(browser: Browser) -> None:
    """With JavaScript off an error still takes the focus, and one Tab leads to the first control."""
    async with measures.showing(browser, java_script_enabled=False) as page:
        for view in VIEWS:
            await measures.opened(page, view)
            if view.controls:
                await page.keyboard.press("Tab")
                focused = page.locator(":focus")
                name = view.controls[0].partition(" ")[2]
                told = await focused.get_attribute("aria-label") or await focused.inner_text()
                assert " ".join(told.split()) == name, view.name


def test_titles_tell_pages_apart() -> None:
    """Pages of different templates never have the same title (2.4.2)."""
    templates: dict[str, set[str]] = {}
    for view in VIEWS:
        templates.setdefault(view.heading, set()).add(view.template)
    assert [title for title, several in templates.items() if len(several) > 1] == []


async def check_heard(page: Page, view: View) -> None:
    """Landmark, heading, controls by role and name, and what is told without being asked for."""
    tree = await measures.heard(page)
    assert len(tree.named("main")) == 1, view.name
    assert tree.named("RootWebArea") == [view.heading], view.name
    assert tree.controls == view.controls, view.name
    assert tree.live("alert") == (["assertive"] if view.alert else []), view.name
    assert set(tree.live("status")) <= {"polite"}, view.name
    assert tree.focused == (["alert"] if view.alert else []), view.name


async def check_markup(page: Page, view: View) -> None:
    found: dict[str, Any] = await page.evaluate(measures.MARKUP)
    assert (found["lang"], found["direction"], found["title"]) == ("en", "ltr", view.heading), view.name
    levels = found["headings"]
    assert levels[0] == 1, view.name
    assert levels.count(1) == 1, view.name
    assert all(below - above <= 1 for above, below in pairwise(levels)), view.name
    assert await page.get_by_role("heading", level=1).inner_text() == view.heading
    assert (found["scripts"], found["unhelped"], found["plain"]) == (0, 0, 0), view.name


async def check_keys(page: Page, view: View) -> None:
    """Tab reaches every control from top to bottom and goes on; Shift+Tab goes back the same way."""
    if not view.controls:
        return
    tops = []
    for place in range(len(view.controls)):
        await page.keyboard.press("Tab")
        found = await page.evaluate(measures.FOCUS, measures.CONTROLS)
        assert found["index"] == place, view.name
        check_ring(found, view)
        tops.append(found["top"])
    assert tops == sorted(tops), view.name
    for place in range(len(view.controls) - 2, -1, -1):
        await page.keyboard.press("Shift+Tab")
        assert (await page.evaluate(measures.FOCUS, measures.CONTROLS))["index"] == place, view.name
    for _ in range(len(view.controls)):
        await page.keyboard.press("Tab")
    left = "controls => [...document.querySelectorAll(controls)].indexOf(document.activeElement)"
    assert await page.evaluate(left, measures.CONTROLS) in (-1, 0), f"{view.name} is a trap"


def check_ring(found: dict[str, Any], view: View) -> None:
    assert found["outlined"], f"{view.name}: the focus cannot be seen"
    assert found["contrast"] >= RING_CONTRAST, f"{view.name}: {found}"
    assert found["seen"], f"{view.name}: something hides the focus"
    assert found["inline"] or found["size"] >= TARGET_PIXELS, f"{view.name}: {found}"
