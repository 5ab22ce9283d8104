"""Swagger UI of the demo in a real browser: Authorize, then call, with nothing from elsewhere."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import ConsoleMessage, Page, Request

pytestmark = pytest.mark.browser


async def test_authorize_signs_in_and_try_it_out_answers_200(page: Page, demo: str) -> None:
    """The button opens our sign-in in a window, the window hands the code back, and the token it is
    exchanged for opens ``GET /v2/orders``; no cookie of a session, no complaint of the browser."""
    complaints: list[str] = []
    asked: list[Request] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", listen)
    page.context.on("request", lambda request: asked.append(request))
    await page.goto(f"{demo}/docs")
    await page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".auth-container")
    assert await dialog.locator("input[id^=client_id]").input_value() == "swagger-ui"
    async with page.expect_popup() as opening:
        await dialog.get_by_role("button", name="Apply given OAuth2 credentials").click()
    window = await opening.value
    await window.get_by_role("button", name="Alice").click()
    await dialog.get_by_role("button", name="Remove authorization").wait_for()
    assert window.is_closed()
    await page.get_by_role("button", name="Close", exact=True).click()

    operation = page.locator("#operations-default-orders_v2_v2_orders_get")
    await operation.get_by_role("button").first.click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    status = operation.locator(".live-responses-table .response-col_status").last
    await status.wait_for()
    assert (await status.inner_text()).strip().startswith("200")
    assert "sample-1" in await operation.locator(".live-responses-table").inner_text()

    (begun,) = (each for each in asked if urlsplit(each.url).path == "/auth/authorize")
    assert parse_qs(urlsplit(begun.url).query)["code_challenge_method"] == ["S256"]
    assert not await page.context.cookies()
    assert complaints == []
    hosts = {urlsplit(each.url).hostname for each in asked} - {None, ""}
    assert hosts == {"127.0.0.1"}
    (exchange,) = (each for each in asked if urlsplit(each.url).path == "/auth/token")
    assert "code_verifier=" in (exchange.post_data or "")
    called = [each for each in asked if urlsplit(each.url).path == "/v2/orders"]
    assert [each.headers["authorization"].partition(" ")[0] for each in called] == ["Bearer"]


async def test_who_cancels_is_told_so(page: Page, demo: str) -> None:
    """The window closes and Swagger UI shows what it was told."""
    await page.goto(f"{demo}/docs")
    await page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".auth-container")
    async with page.expect_popup() as opening:
        await dialog.get_by_role("button", name="Apply given OAuth2 credentials").click()
    await (await opening.value).get_by_role("button", name="Cancel").click()
    await dialog.get_by_text("access_denied").wait_for()


async def test_the_window_by_itself_says_what_to_do(page: Page, demo: str) -> None:
    """Opened without Swagger UI behind it, it breaks nothing."""
    await page.goto(f"{demo}/docs/oauth2-redirect?code=x&state=y")
    await page.get_by_text("You can close this window.").wait_for()
