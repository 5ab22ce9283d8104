"""Canaries: secrets and people's addresses are in no log record, no error page, no problem body."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.flows.browser import changed_query, local_part, query_of
from tests.flows.changes import put
from tests.flows.conftest import example_app
from tests.flows.wire_browser import WireBrowser, served
from watchword import Settings, Watchword
from watchword.auth.attempt import handle_of, open_attempt
from watchword.auth.sealing import Sealer
from watchword.dev_provider import DevProvider, DevProviderServer
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.migrations.runner import upgrade
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings

SECRET_KEY = os.urandom(32)
ENCODED_KEY = base64.b64encode(SECRET_KEY).decode()
BASIC = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
RECHECK_SECONDS = 120
OWN_PAGE = {"sec_fetch_site": "same-origin"}


class Canaries:
    """Goes through everything a person or an attacker does, and remembers every secret on the way."""

    def __init__(self, port: int, provider: DevProvider, clock: FakeClock) -> None:
        self._port = port
        self._provider = provider
        self._clock = clock
        self.secrets = {CLIENT_SECRET, BASIC, ENCODED_KEY, "@example.test", quote("@example.test", safe="")}
        self.told: list[str] = []
        provider.behaviour.token_response = self._remember

    def _remember(self, given: dict[str, Any]) -> dict[str, Any]:
        self.secrets |= {value for name, value in given.items() if name.endswith("_token")}
        return given

    def begin(self, browser: WireBrowser) -> str:
        """Start a sign-in; the callback's address, its secrets remembered."""
        status, _ = browser.ask("GET", "/auth/login/dev")
        assert status == 303
        target = local_part(self._provider.approve(browser.location, "alice"))
        sent = query_of(browser.location)
        handle = handle_of(sent["state"])
        (cookie,) = (value for name, value in browser.cookies.items() if name.endswith(handle))
        now_seconds = int(self._clock.now().timestamp())
        attempt = open_attempt(cookie, handle, Sealer(SECRET_KEY), now_seconds=now_seconds)
        self.secrets |= {query_of(target)["code"], sent["state"], sent["nonce"], attempt.verifier}
        return target

    def browser(self) -> WireBrowser:
        return WireBrowser(self._port, secrets=self.secrets, told=self.told)

    def honest_job(self) -> None:
        """Sign in, call, refresh by cookie and body, replay, be refused, log out."""
        browser = self.browser()
        assert browser.ask("GET", self.begin(browser))[0] == 303
        assert browser.ask("GET", "/live")[0] == 200
        first = browser.cookies["ww_refresh"]
        assert browser.ask("POST", "/auth/refresh", **OWN_PAGE)[0] == 200
        assert browser.ask("POST", "/auth/refresh", body={"refresh_token": first})[0] == 200
        assert browser.ask("POST", "/auth/logout", **OWN_PAGE)[0] == 204
        assert browser.ask("GET", self.begin(browser))[0] == 303
        first = browser.cookies["ww_refresh"]
        status, answer = browser.ask("POST", "/auth/refresh", body={"refresh_token": first})
        assert status == 200
        self._clock.advance(60)
        assert browser.ask("POST", "/auth/refresh", body={"refresh_token": first})[0] == 401
        assert browser.ask("GET", "/private", authorization=f"Bearer {answer['access_token']}")[0] == 401

    def recheck_job(self) -> None:
        """The provider stands by somebody, cannot be believed, is down, names another, and withdraws."""
        browser, behaviour = self.browser(), self._provider.behaviour
        assert browser.ask("GET", self.begin(browser))[0] == 303
        for header, status in ((None, 200), (put(kid="unknown"), 200), (put(alg="none"), 200)):
            behaviour.id_token_header = header
            self._clock.advance(RECHECK_SECONDS + 1)
            assert browser.ask("POST", "/auth/refresh", **OWN_PAGE)[0] == status
        behaviour.id_token_header = None
        self._provider.drop("token", after_work=True, times=1)
        self._clock.advance(RECHECK_SECONDS + 1)
        assert browser.ask("POST", "/auth/refresh", **OWN_PAGE)[0] == 200
        for claims in (put(sub="another"), None):
            behaviour.id_token_claims = None
            assert browser.ask("GET", self.begin(browser))[0] == 303
            behaviour.id_token_claims = claims
            self._clock.advance(RECHECK_SECONDS + 1)
            if claims is None:
                self._provider.revoke()
            assert browser.ask("POST", "/auth/refresh", **OWN_PAGE)[0] == 401

    def hostile_job(self) -> None:
        """Every way a sign-in fails, and every token where it does not belong."""
        browser, behaviour = self.browser(), self._provider.behaviour
        used = self.begin(browser)
        kept = dict(browser.cookies)
        assert browser.ask("HEAD", used)[0] == 405
        assert browser.ask("GET", used, sec_purpose="prefetch")[0] == 425
        assert browser.ask("GET", used)[0] == 303
        browser.cookies |= kept
        assert browser.ask("GET", used)[0] == 400
        for change in ({"state": "x" + query_of(used)["state"]}, {"iss": "https://evil"}, {"code": None}):
            assert browser.ask("GET", changed_query(self.begin(browser), **change))[0] == 400
        for claims in (put(nonce="x"), put(iss="https://evil"), put(exp=0), put(email=7, aud="x")):
            behaviour.id_token_claims = claims
            assert browser.ask("GET", self.begin(browser))[0] == 400
        behaviour.id_token_claims = None
        behaviour.token_response = lambda given: {**self._remember(given), "token_type": "mac"}
        assert browser.ask("GET", self.begin(browser))[0] == 502
        behaviour.token_response = self._remember
        behaviour.userinfo = put(sub="another")
        assert browser.ask("GET", self.begin(browser))[0] == 400
        self._provider.drop("token", after_work=True)
        assert browser.ask("GET", self.begin(browser))[0] == 503
        self._provider.reset()
        for secret in list(self.secrets):
            assert browser.ask("POST", "/auth/refresh", body={"refresh_token": secret})[0] in (200, 400, 401)
            assert browser.ask("GET", "/private", authorization=f"Bearer {secret}")[0] in (200, 401)


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything at DEBUG, what the database's driver writes included."""
    for name in (
        "watchword",
        "sqlalchemy",
        "aiosqlite",
        "httpx2",
        "httpcore2",
        "uvicorn",
        "uvicorn.access",
        "uvicorn.error",
    ):
        caplog.set_level(logging.DEBUG, logger=name)
    caplog.set_level(logging.DEBUG)
    return caplog


def test_ses_88_no_secret_and_no_address_is_told(
    everything: pytest.LogCaptureFixture,
    provider_server: DevProviderServer,
    watchword_clock: FakeClock,
    tmp_path: Path,
) -> None:
    """All jobs over a real server with its access log on: not one secret in any record, its extras
    and tracebacks included, nor in anything a browser was told."""
    url = f"sqlite:///{tmp_path}/service.db"
    asyncio.run(upgrade(url))
    provider = {**provider_settings(provider_server), "userinfo": "always"}
    settings = Settings(
        database_url=url,
        secret_key=ENCODED_KEY,
        providers={"dev": provider},
        provider_recheck_seconds=RECHECK_SECONDS,
    )
    app = example_app(Watchword(settings, clock=watchword_clock))
    with served(app) as port:
        canaries = Canaries(port, provider_server.provider, watchword_clock)
        canaries.honest_job()
        canaries.recheck_job()
        canaries.hostile_job()
    records, formatter = everything.records, logging.Formatter()
    lines = [f"{formatter.format(each)} {vars(each)}" for each in records]
    names = {each.name.partition(".")[0] for each in records}
    assert {"watchword", "httpx2", "httpcore2", "uvicorn", "sqlalchemy", "aiosqlite"} <= names
    assert any('"GET /auth/callback/dev HTTP/1.1" 303' in line for line in lines)
    assert len(canaries.secrets) > 60
    assert len(canaries.told) > 60
    for text in [*lines, *canaries.told]:
        found = [secret for secret in canaries.secrets if secret in text]
        assert not found, text[:500]


def test_secrets_do_not_print(provider_server: DevProviderServer, tmp_path: Path) -> None:
    """``repr`` and ``str`` of the settings and of what is built from them."""
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/x.db",
        secret_key=ENCODED_KEY,
        providers={"dev": provider_settings(provider_server)},
    )
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(vars(settings))):
        assert CLIENT_SECRET not in shown
        assert ENCODED_KEY not in shown
