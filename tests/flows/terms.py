"""Services with terms, as their tests need them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2

from tests.flows.browser import Browser
from tests.flows.conftest import BASE_URL
from tests.flows.own_sessions import HTML

PAGE = "/auth/terms"
URL = "https://example.test/terms"
TEXT = "# Terms\n\nBe kind.\n\n- to people\n- to <b>animals</b>\n"


def terms(version: str = "1", **given: str) -> dict[str, Any]:
    """Settings with terms behind a link."""
    return {"terms": {"version": version, **({"url": URL} | given)}}


def terms_file(folder: Path, text: str = TEXT, version: str = "1") -> dict[str, Any]:
    """Settings with terms in a file."""
    path = folder / "terms.txt"
    path.write_text(text, encoding="utf-8")
    return {"terms": {"version": version, "file": str(path)}}


def accept(browser: Browser, version: str = "1", **fields: str) -> httpx2.Response:
    """Press the button of the page."""
    return browser.post(PAGE, data={"version": version, **fields}, headers=HTML)


def is_held_back(response: httpx2.Response) -> bool:
    """Whether it is the problem of the contract, in full; anything else must have gone well."""
    if response.status_code == 200:
        return False
    told = response.json()
    assert (response.status_code, told["code"]) == (403, "terms_required"), response.text
    assert told["terms_url"] == f"{BASE_URL}/auth/terms"
    assert response.headers["content-type"] == "application/problem+json"
    assert "www-authenticate" not in response.headers
    assert response.headers["link"] == f'<{BASE_URL}/auth/terms>; rel="terms-of-service"'
    return True
