"""What a sign-in's callback costs the service in CPU: code redeemed, ID token checked, session opened.

The development provider is a process of its own, and so is PostgreSQL; the app is called without a server.
What this process computes is the service's own work, its HTTP client and its database driver included.
"""

from __future__ import annotations

import base64
import os
import re
import time
from collections.abc import Mapping
from html import unescape
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx2
from starlette.applications import Starlette

from benchmarks.session_growth.cluster import CannotMeasure
from benchmarks.through_outage.processes import Provider, running_provider
from watchword import Settings, Watchword

_BASE_URL: Final = "http://127.0.0.1:8000"
_FORM: Final = re.compile(r'<form method="post" action="([^"]+)"')
_PAGE: Final = re.compile(r'name="page" value="([^"]+)"')
_WARM_UP: Final = 5


class Answer:
    """What an app says to one request."""

    def __init__(self) -> None:
        self.status = 0
        self.location = ""
        self.cookies: list[str] = []

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] != "http.response.start":
            return
        self.status = message["status"]
        for name, value in message["headers"]:
            if name == b"location":
                self.location = value.decode("ascii")
            elif name == b"set-cookie":
                self.cookies.append(value.decode("ascii").partition(";")[0])


async def callback_milliseconds(database_url: str, number: int) -> list[float]:
    """CPU of so many callbacks, one after another, each of another browser. Raises CannotMeasure."""
    with running_provider() as provider:
        app = Starlette()
        auth = Watchword(_settings(database_url, provider))
        auth.install(app)
        async with app.router.lifespan_context(app), httpx2.AsyncClient(timeout=10) as browser:
            took = [await _one(app, browser, provider, place) for place in range(number + _WARM_UP)]
    return took[_WARM_UP:]


def _settings(database_url: str, provider: Provider) -> Settings:
    return Settings(
        base_url=_BASE_URL,
        database_url=database_url,
        secret_key=base64.b64encode(os.urandom(32)).decode("ascii"),
        providers={"dev": provider.settings},
        max_sessions_per_user=1000,
    )


async def _one(app: Starlette, browser: httpx2.AsyncClient, provider: Provider, place: int) -> float:
    address = f"10.{place >> 16 & 255}.{place >> 8 & 255}.{place & 255}"
    begun = await _ask(app, "/auth/login/dev", address)
    back = await _signed_in_there(browser, begun.location, provider.people[place % len(provider.people)])
    before = time.process_time()
    done = await _ask(app, back, address, cookie="; ".join(begun.cookies))
    took = time.process_time() - before
    if done.status != 303 or not any(each.startswith("ww_access=") for each in done.cookies):
        raise CannotMeasure(f"a callback was answered {done.status}")
    return took * 1000


async def _signed_in_there(browser: httpx2.AsyncClient, address: str, person: str) -> str:
    """The way back from the provider's page."""
    page = await browser.get(address)
    form, page_id = _FORM.search(page.text), _PAGE.search(page.text)
    if form is None or page_id is None:
        raise CannotMeasure(f"the provider's page was answered {page.status_code}")
    given = {"page": unescape(page_id[1]), "person": person}
    pressed = await browser.post(urljoin(address, unescape(form[1])), data=given)
    location: str = pressed.headers["location"]
    return location


async def _ask(app: Starlette, target: str, address: str, *, cookie: str = "") -> Answer:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    parts, answer = urlsplit(target), Answer()
    headers = [(b"host", b"127.0.0.1:8000"), (b"accept", b"text/html"), (b"cookie", cookie.encode("ascii"))]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode("ascii"),
        "query_string": parts.query.encode("ascii"),
        "root_path": "",
        "headers": headers if cookie else headers[:2],
        "client": (address, 50_000),
        "server": ("127.0.0.1", 8000),
    }
    await app(scope, receive, answer.send)
    return answer
