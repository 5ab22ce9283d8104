"""The rule for every bad answer: nothing is opened, kept or asked, and a neutral page is shown."""

from __future__ import annotations

import logging
import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx2
import pytest

from tests.flows.browser import Browser

if TYPE_CHECKING:
    from tests.flows.conftest import Service

_REFERENCE = re.compile(r"<code>([0-9a-f]{32})</code>")


class Rows(NamedTuple):
    users: int
    identities: int
    sessions: int


def rows(service: Service) -> Rows:
    """How many rows of each kind the service has."""
    tables = ("ww_users", "ww_identities", "ww_sessions")
    return Rows(*(select(service, f"SELECT count(*) FROM {name}")[0] for name in tables))


def verified_addresses(service: Service) -> list[str]:
    """The addresses a provider is on record to have verified."""
    return select(service, "SELECT verified_email FROM ww_identities")


def select(service: Service, statement: str) -> list[Any]:
    """The first column, read from the service's SQLite file."""
    file = service.auth.settings.database_url.partition(":///")[2]
    connection = sqlite3.connect(file)
    try:
        return [row[0] for row in connection.execute(statement)]
    finally:
        connection.close()


def change(service: Service, statement: str) -> None:
    """Write to the service's SQLite file behind its back."""
    connection = sqlite3.connect(service.auth.settings.database_url.partition(":///")[2])
    try:
        with connection:
            connection.execute(statement)
    finally:
        connection.close()


def lines_of_refusals(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the log says of requests that were refused or failed; a refusal is one line (ASVS 16.3)."""
    told = ("request_refused", "request_failed")
    return [each for each in caplog.records if getattr(each, "event", None) in told]


@dataclass
class Refusals:
    """Watches a service while it is given something bad."""

    service: Service
    caplog: pytest.LogCaptureFixture

    def callback(self, browser: Browser, target: str, **expected: Any) -> httpx2.Response:
        """Open a callback that must be refused. ``status``, ``reason`` and a part of ``detail``
        say how, ``calls`` the provider's paths that may be asked meanwhile, in order. Its keys are asked
        for once in a while, in the background or for a token that fails, whatever else is asked."""
        return self.request(browser, "GET", target, **expected)

    def request(
        self,
        browser: Browser,
        method: str,
        target: str,
        *,
        reason: str,
        status: int = 400,
        detail: str = "",
        calls: tuple[str, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        before, asked = rows(self.service), len(self.service.provider.requests)
        held = {name: value for name, value in browser.cookies.items() if "ww_attempt" not in name}
        self.caplog.clear()
        with self.caplog.at_level("INFO", logger="watchword"):
            response = browser.request(method, target, headers=headers or {})
        self._is_neutral_page(response, status)
        (record,) = lines_of_refusals(self.caplog)
        assert (vars(record)["code"], response.status_code) == (reason, status), vars(record)["detail"]
        assert detail in vars(record)["detail"]
        assert vars(record)["request_id"] == reference_of(response)
        assert not any("ww_access" in each or "ww_refresh" in each for each in browser.set_cookies)
        assert {name: value for name, value in browser.cookies.items() if "ww_attempt" not in name} == held
        assert rows(self.service) == before
        paths = tuple(each.path for each in list(self.service.provider.requests)[asked:])
        assert paths.count("/jwks") <= max(1, calls.count("/jwks"))
        assert tuple(each for each in paths if each in calls or each != "/jwks") == calls
        return response

    def _is_neutral_page(self, response: httpx2.Response, status: int) -> None:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] in ("no-referrer", "same-origin")
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "script" not in response.text
        assert status != 503 or int(response.headers["retry-after"]) > 0

    def still_open_to_honest_people(self) -> None:
        """The provider behaves again, and a sign-in works."""
        self.service.provider.behaviour.reset()
        self.service.provider.heal()
        browser = self.service.signed_in("bob")
        assert browser.get("/private").json()["subject"]


def reference_of(response: httpx2.Response) -> str:
    """The reference a person would read out to support."""
    found = _REFERENCE.search(response.text)
    assert found is not None, response.text
    return found[1]
