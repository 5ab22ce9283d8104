"""SES-70: every cookie any answer sets, in any flow, over https and over plain http."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.flows.browser import Browser, changed_query
from tests.flows.conftest import Service, StartService
from tests.flows.first_party import CLIENTS, FirstParty
from tests.flows.own_sessions import HTML, own_id

PERSONAL = re.compile(rb"@example\.test|(alice|bob|carol)[@ ]", re.IGNORECASE)


@dataclass
class Recorder(Browser):
    """A browser that remembers every ``Set-Cookie`` it ever got."""

    every: list[str] = field(default_factory=list)

    def request(self, method: str, target: str, **options: Any) -> httpx2.Response:
        response = super().request(method, target, **options)
        self.every += self.set_cookies
        return response


def go_everywhere(service: Service) -> list[str]:
    """Sign in, fail to, refresh, replay, end, be somebody's app: whatever sets or deletes a cookie."""
    browser, other = Recorder(service.client), service.signed_in("alice")
    for _ in range(12):
        service.begin(browser)
    honest = service.approve(service.begin(browser))
    browser.get(changed_query(honest, code=None))
    service.sign_in(browser)
    browser.get(honest)
    first = browser.refresh
    browser.post("/auth/refresh")
    browser.post(f"/auth/sessions/{own_id(other)}/end", headers=HTML)
    browser.post("/auth/sessions/end-others", headers=HTML)
    service.sign_in(browser, "bob")
    service.clock.advance(60)
    replaying = Recorder(service.client, {browser.set_cookies[0].partition("=")[0]: "x", **browser.cookies})
    replaying.cookies = {name: first for name in browser.cookies if name.endswith("ww_refresh")}
    assert replaying.post("/auth/refresh").status_code == 401
    browser.post("/auth/logout")
    service.sign_in(browser)
    browser.post("/auth/logout", headers=HTML)
    browser.post("/auth/logout?everywhere=yes")
    app = FirstParty(service)
    app.browser = Recorder(service.client)
    app.tokens()
    return [*browser.every, *replaying.every, *app.browser.every]


def in_clear(value: str) -> bytes:
    """A cookie's value and what any part of it decodes to."""
    parts = [part + "=" * (-len(part) % 4) for part in value.replace("wtr_", "").split(".")]
    return b" ".join([value.encode(), *(base64.urlsafe_b64decode(part) for part in parts)])


@pytest.mark.parametrize("base_url", ["https://app.example.test", "http://127.0.0.1:8000"])
def test_ses_70_every_cookie_is_locked_to_this_host_and_out_of_reach(
    start_service: StartService, base_url: str
) -> None:
    """Name, attributes and size of each; nothing of a person in any, and each kind is deleted in time
    by the very attributes it was set with."""
    service = start_service(base_url=base_url, clients=CLIENTS)
    secure = base_url.startswith("https")
    lock = "__Host-" if secure else ""
    wanted = {"Path=/", "HttpOnly", "SameSite=Lax"} | ({"Secure"} if secure else set())
    kinds: dict[str, set[str]] = {"set": set(), "deleted": set()}
    for header in go_everywhere(service):
        pair, *attributes = header.split("; ")
        name, _, value = pair.partition("=")
        (max_age,) = (each for each in attributes if each.startswith("Max-Age="))
        assert sorted(attributes) == sorted([max_age, *wanted])
        assert len(name) + len(value) <= 4096
        kind = re.sub(r"(ww_attempt_).{16}$", r"\1", name)
        kinds["deleted" if max_age == "Max-Age=0" else "set"].add(kind)
        assert (value == "") is (max_age == "Max-Age=0")
        assert int(max_age.partition("=")[2]) <= 86_400
        assert not PERSONAL.search(in_clear(value))
    assert kinds["set"] == {f"{lock}ww_access", f"{lock}ww_refresh", f"{lock}ww_attempt_"} == kinds["deleted"]
