"""Services whose sessions are asked about again, long-lived enough to see it, and what tests do with them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx2
from sqlalchemy import create_engine, text

from tests.flows.browser import Browser
from tests.flows.commands import read_feed, trail
from tests.flows.conftest import BASE_URL, Service

RECHECK_SECONDS, GRACE_SECONDS, ACCESS_SECONDS = 3600, 900, 900
LONG_LIVED = {"session_idle_seconds": 50_000, "session_absolute_seconds": 200_000}


@dataclass
class Pair:
    """Two replicas of one service, and the provider they ask."""

    here: Service
    there: Service
    _before: int = 0

    def due(self, person: str = "alice") -> Browser:
        """Somebody signed in an interval ago; nobody has asked anything since."""
        browser = self.here.signed_in(person)
        self.here.clock.advance(RECHECK_SECONDS)
        self.forget_questions()
        return browser

    def forget_questions(self) -> None:
        """Count the questions to the provider from here on."""
        self._before = self.here.provider.count("token")

    @property
    def asked(self) -> int:
        return self.here.provider.count("token") - self._before

    def wait_until_asked(self) -> None:
        """Seconds at most, by a service that answers in another thread."""
        for _ in range(2000):
            if self.asked:
                return
            time.sleep(0.005)
        raise AssertionError("nobody asked the provider")

    def go_down(self) -> None:
        self.here.provider.fail("*")

    def come_back(self) -> None:
        """Answer again, and be asked at once."""
        self.here.provider.heal()
        for each in (self.here, self.there):
            each.forget_faults()

    def start_over(self) -> Pair:
        self.here.provider.reset()
        self.here.clock.advance(1)
        self.come_back()
        self._forget_trail()
        return self

    def at_there(self, browser: Browser) -> Browser:
        """The same browser, led to the other replica."""
        read_feed(self.there)
        return Browser(self.there.client, dict(browser.cookies))

    def trail(self) -> list[tuple[str, dict[str, Any]]]:
        """Without what sign-ins find of roles that tests before changed."""
        return [(event, details) for event, details in trail(self.here) if event != "roles_changed"]

    def _forget_trail(self) -> None:
        engine = create_engine(self.here.auth.settings.database_url.replace("+aiosqlite", ""))
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM ww_audit_events"))
        engine.dispose()


def roles(browser: Browser) -> list[str]:
    found = browser.get("/private")
    assert found.status_code == 200, found.text
    return list(found.json()["roles"])


def by_body(service: Service, token: str) -> httpx2.Response:
    return service.browser().post("/auth/refresh", json={"refresh_token": token}, site=None)


def at_once(service: Service, token: str, number: int) -> list[httpx2.Response]:
    """So many refreshes with one token in the event loop of the service."""

    async def one() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=service.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            return await client.post("/auth/refresh", json={"refresh_token": token})

    async def all_of_them() -> list[httpx2.Response]:
        return list(await asyncio.gather(*(one() for _ in range(number))))

    answers: list[httpx2.Response] = service.call(all_of_them)
    return answers


def comes_back_later(response: httpx2.Response, seconds: int | None = None) -> None:
    """RFC 6749 §5.2: an error that makes no client throw its tokens away, nor any browser its cookies."""
    assert response.status_code == 503, response.text
    assert response.json()["error"] == "temporarily_unavailable"
    assert 1 <= int(response.headers["retry-after"]) <= 72
    assert seconds in (None, int(response.headers["retry-after"]))
    assert response.headers.get_list("set-cookie") == []
