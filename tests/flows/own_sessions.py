"""What the tests of a person's own sessions share."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.flows.browser import Browser
from watchword.protocol.token_reading import read_token

HTML = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
UNKNOWN = "019e0000-0000-7000-8000-00000000abcd"
KEYS = {"id", "created_at", "last_seen_at", "expires_at", "device", "ip", "provider", "current"}


def listed(browser: Browser) -> list[dict[str, Any]]:
    response = browser.get("/auth/sessions")
    assert response.status_code == 200, response.text
    sessions = response.json()["sessions"]
    assert isinstance(sessions, list)
    return sessions


def own_id(browser: Browser) -> str:
    """As the token says it, whether or not that still counts."""
    return str(read_token(browser.access).claims["sid"])


def delete(browser: Browser, target: str, *, site: str = "same-origin", **headers: str) -> httpx2.Response:
    return browser.request("DELETE", target, headers={"sec-fetch-site": site, **headers})


def without_access(browser: Browser) -> Browser:
    """The same browser after its access cookie expired."""
    kept = {name: value for name, value in browser.cookies.items() if not name.endswith("ww_access")}
    return Browser(browser.client, kept)
