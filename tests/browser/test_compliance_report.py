"""The compliance report in a real browser: for everybody, small, dark and printed, and asking for nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser
from tests.browser import measures
from tests.browser.test_accessibility import SEEN, violations
from tests.compliance.reports import provider, reported
from tests.servers.sqlite import migrated_sqlite

from watchword.compliance.rendering import as_html
from watchword.compliance.report import Report

pytestmark = pytest.mark.browser

CUT_OFF = """() => [...document.querySelectorAll(".rows")]
  .filter(each => getComputedStyle(each).overflowX !== "visible").length"""


def shortened(told: Report) -> Report:
    """A few rows of each table, which are all alike: axe looks at each cell."""
    checkpoints = [
        replace(each, tables=tuple(replace(table, rows=table.rows[-3:]) for table in each.tables))
        for each in told.checkpoints
    ]
    return replace(told, checkpoints=checkpoints)


async def test_the_report_is_for_everybody(browser: Browser, tmp_path: Path) -> None:
    """axe finds nothing, wide and light, then narrow and dark; nothing but wide tables is scrolled sideways,
    and those by keyboard too; states are words; printed, no table is cut off; nothing is fetched."""
    url = migrated_sqlite(tmp_path / "service.db")
    long = provider(client_id="c" * 300, client_secret="a-literal-secret")
    told = as_html(shortened(await reported(database_url=url, providers={"work": long})))
    asked: list[str] = []
    async with measures.showing(browser, axe=True, viewport={"width": 1280, "height": 800}) as page:
        page.on("request", lambda request: asked.append(request.url))
        await page.set_content(told)
        assert await violations(page) == []
        assert await page.locator("table:not(:has(caption))").count() == 0
        assert set(await page.locator(".state").all_inner_texts()) == {"Met", "Attention", "Open"}
        await page.emulate_media(color_scheme="dark")
        await page.set_viewport_size({"width": 320, "height": 640})
        assert await violations(page, SEEN) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.locator(".rows:not([tabindex='0'])").count() == 0
        await page.emulate_media(media="print", color_scheme="light")
        assert await page.evaluate(CUT_OFF) == 0
    assert asked == []
