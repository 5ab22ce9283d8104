"""Choosing a provider, and what is left after a refusal, in a real browser with two providers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from playwright.async_api import Page
from tests.browser.conftest import serving_demo

from watchword.dev_provider import DevClient, DevProviderServer
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.testing.provider import provider_settings

pytestmark = pytest.mark.browser

LONG = "The Identity Provider of the Department of Extraordinarily Long Names"
GONE = "The Provider Which Nobody Has Heard Of Since"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo with two providers, and a third that has failed five times."""
    with DevProviderServer() as server:
        server.provider.add_client(DevClient(CLIENT_ID, CLIENT_SECRET, any_loopback=True))
        dev: dict[str, Any] = provider_settings(server)
        providers = {
            "work": {**dev, "display_name": "Example Works"},
            "other": {**dev, "display_name": LONG},
            "gone": {**dev, "display_name": GONE, "issuer": "http://127.0.0.1:9"},
        }
        with serving_demo(tmp_path_factory.mktemp("two"), providers=providers) as address:
            for _ in range(5):
                assert httpx2.get(f"{address}/auth/login/gone").status_code == 503
            yield address


async def begin(page: Page, two: str, path: str = "/auth/login/work?return_to=/v2/orders") -> str:
    """Start a sign-in as a browser does and stop at the provider; returns its state."""
    answer = await page.context.request.get(two + path, max_redirects=0)
    return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]


async def test_a_lost_cookie_is_one_press_away_from_the_page_that_was_wanted(page: Page, two: str) -> None:
    """The cookie of the sign-in is gone: start again by keyboard, sign in, and be where one wanted to be."""
    state = await begin(page, two)
    await page.context.clear_cookies()
    await page.goto(f"{two}/auth/callback/work?code=x&state={state}")
    await page.keyboard.press("Tab")
    assert await page.locator(":focus").inner_text() == "Start again with Example Works"
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Alice").click()
    await page.wait_for_url(f"{two}/v2/orders")


async def test_the_back_button_after_a_sign_in_ends_nowhere_strange(page: Page, two: str) -> None:
    """The callback's address once more: the page says one is signed in, and goes on."""
    callbacks: list[str] = []
    page.on("request", lambda sent: callbacks.append(sent.url) if "/auth/callback/" in sent.url else None)
    await page.goto(f"{two}/auth/login/work?return_to=/v2/orders")
    await page.get_by_role("button", name="Alice").click()
    await page.wait_for_url(f"{two}/v2/orders")
    await page.goto(callbacks[0])
    await page.get_by_role("heading", name="You are signed in already").wait_for()
    await page.get_by_role("link", name="Continue").click()
    await page.wait_for_url(f"{two}/v2/orders")


async def test_a_provider_that_is_down_is_two_presses_from_another(page: Page, two: str) -> None:
    """By keyboard, without a reload that nobody asked for: read who is down, choose another, and be
    where one wanted to be."""
    answer = await page.goto(f"{two}/auth/login/gone?return_to=/v2/orders")
    assert answer is not None
    assert answer.status == 503
    assert GONE in await page.get_by_role("alert").inner_text()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    assert await page.locator(":focus").inner_text() == "Sign in with Example Works"
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Alice").click()
    await page.wait_for_url(f"{two}/v2/orders")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
async def test_axe_finds_nothing_on_what_is_left(
    page: Page, accessibility_faults: Callable[[Page], Awaitable[str]], two: str, scheme: str, width: int
) -> None:
    """The choice, a provider that is down, a refusal by the provider and one of ours: accessible, and
    no scroll bar to the side."""
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.set_viewport_size({"width": width, "height": 800})
    state = await begin(page, two, "/auth/login/other?return_to=/v2/orders")
    for path, link in (
        ("/auth/login?return_to=/v2/orders", f"Sign in with {GONE} (not answering at the moment)"),
        ("/auth/login/gone?return_to=/v2/orders", f"Try again with {GONE}"),
        (f"/auth/callback/other?error=access_denied&state={state}", "Choose another way to sign in"),
        (f"/auth/callback/other?code=x&state={state}", f"Start again with {LONG}"),
    ):
        await page.goto(two + path)
        await page.get_by_role("link", name=link).wait_for()
        assert await accessibility_faults(page) == ""
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
