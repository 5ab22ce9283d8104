"""What people and programs are told while a provider is down, and what they may do meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService, replicas, serve_provider
from tests.flows.first_party import CLIENTS, FirstParty
from tests.flows.test_ways_on import links
from watchword.dev_provider import DevProviderServer
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings

HTML = {"accept": "text/html,application/xhtml+xml"}
WANTED = "/private?page=2"
QUERY = "?" + urlencode({"return_to": WANTED})
RAW = b"<b>mainframe 7</b> on fire"


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Service]]:
    """One service with two providers that have nothing to do with each other, Works and Other, each
    as the provider of the service."""
    clock, folder = FakeClock(), tmp_path_factory.mktemp("outage")
    with serve_provider(clock) as works, serve_provider(clock) as other, replicas(works, clock, folder) as go:
        providers: dict[str, Any] = {
            "other": {**provider_settings(other), "display_name": "Other & Co."},
            "dev": {**provider_settings(works), "display_name": "Example <Works>"},
        }
        service = go(clients=CLIENTS, providers=providers)
        yield service, replace(service, provider=other.provider)


@pytest.fixture
def up(views: tuple[Service, Service]) -> Service:
    """The service, Works being well again for longer than any breaker stays open."""
    works, _ = views
    works.provider.heal()
    for _ in range(2):
        works.clock.advance(90)
        works.signed_in()
    return works


@pytest.fixture
def at_other(views: tuple[Service, Service], up: Service) -> Browser:
    """Somebody who signed in at Other."""
    _, other = views
    browser = other.browser()
    assert other.sign_in(browser, "bob", provider="other").status_code == 303
    return browser


@pytest.fixture
def down(up: Service) -> Service:
    """Works has failed so often that it is left alone for a while."""
    break_works(up)
    return up


def break_works(service: Service) -> None:
    """Five sign-ins in a row that it does not finish."""
    browsers = [service.browser() for _ in range(5)]
    backs = [service.approve(service.begin(browser)) for browser in browsers]
    service.provider.fail("*", status=500, body=RAW)
    for browser, back in zip(browsers, backs, strict=True):
        assert browser.get(back).status_code == 503


def said(text: str) -> str:
    """What a person reads of a page, spaces as one."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def test_a_person_is_told_who_is_down_and_that_nothing_is_lost(up: Service) -> None:
    """Name, reassurance, the other provider with the return path, when to try again, and a reference;
    nothing of what the provider said, and nothing that reloads by itself."""
    browser = up.browser()
    back = up.approve(up.begin(browser, return_to=WANTED))
    up.provider.fail("token", status=503, body=RAW)
    page = browser.get(back, **HTML)
    assert (page.status_code, browser.signed_in) == (503, False)
    assert int(page.headers["retry-after"]) >= 1
    assert "refresh" not in page.headers
    text = said(page.text)
    for sentence in (
        "Example <Works> is not available",
        "You cannot sign in with Example <Works> right now",
        "Your account and your data are safe.",
        "where you are signed in, you stay signed in.",
        "Please try again in about 10 seconds",
    ):
        assert sentence in text
    assert re.search(r"give this reference: [0-9a-f]{32}", text)
    assert "mainframe" not in text
    assert not re.search(r"<script|http-equiv", page.text)
    assert links(page) == {
        "Try again with Example <Works>": f"/auth/login/dev{QUERY}",
        "Sign in with Other & Co.": f"/auth/login/other{QUERY}",
    }


def test_the_sign_in_page_marks_who_does_not_answer(down: Service) -> None:
    """Same order, same buttons, which still work; the page itself asks nobody."""
    before = len(down.provider.requests)
    page = down.browser().get(f"/auth/login{QUERY}")
    assert len(down.provider.requests) == before
    addresses = re.findall(r'href="(/auth/login/[^"]+)"', page.text)
    assert [unescape(each) for each in addresses] == [f"/auth/login/other{QUERY}", f"/auth/login/dev{QUERY}"]
    assert page.text.count("(not answering at the moment)") == 1
    assert "Sign in with Example <Works> (not answering at the moment)" in said(page.text)


def test_who_is_well_again_is_not_marked(up: Service) -> None:
    """Nothing is left of an outage that is over."""
    assert "not answering" not in up.browser().get("/auth/login").text


def test_a_fresh_sign_in_is_offered_only_where_one_can_be_had(up: Service) -> None:
    """Recency goes along to the other provider."""
    browser = up.browser()
    begun = browser.get(f"/auth/login/dev{QUERY}&max_age=60")
    back = up.approve(begun.headers["location"])
    up.provider.fail("token", status=503)
    others = links(browser.get(back, **HTML))
    assert others["Sign in with Other & Co."] == f"/auth/login/other{QUERY}&max_age=60"


@pytest.mark.parametrize("accept", ["application/json", "application/json, text/plain, */*"])
def test_programs_get_the_problem(up: Service, accept: str) -> None:
    """Whoever names JSON gets the code, ``Retry-After``, and no page; caches know of it."""
    browser = up.browser()
    back = up.approve(up.begin(browser))
    up.provider.fail("token", status=503, body=RAW)
    answer = browser.get(back, accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert int(answer.headers["retry-after"]) >= 1
    problem = answer.json()
    assert (problem["code"], problem["status"]) == ("provider_unavailable", 503)
    assert "mainframe" not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "accept" in answer.headers["vary"].lower()


def test_a_client_is_told_by_its_standard_name(down: Service) -> None:
    """RFC 6749 §4.1.2.1: the app decides what to show; the choice of its sign-in page is marked."""
    app = FirstParty(down)
    choice = app.authorize()
    assert "Sign in with Example <Works> (not answering at the moment)" in said(choice.text)


def test_adding_a_provider_that_is_down_changes_nothing(up: Service, at_other: Browser) -> None:
    """The person stays signed in, is told which provider it was, and gets back to the account."""
    browser = at_other
    begun = browser.post("/auth/link/dev", headers=HTML)
    back = up.approve(begun.headers["location"], "carol")
    up.provider.fail("token", status=503)
    page = browser.get(back, **HTML)
    assert page.status_code == 503
    assert "Nothing was added to your account." in said(page.text)
    assert links(page) == {"Back to your account": "/auth/account"}
    account = browser.get("/auth/account", **HTML)
    assert account.status_code == 200
    assert "Also sign in with Example <Works>" in unescape(account.text)


def test_adding_a_provider_that_is_known_to_be_down_says_so_at_once(at_other: Browser, up: Service) -> None:
    """The button of the account page is marked, and pressing it asks nobody."""
    break_works(up)
    page = at_other.get("/auth/account", **HTML)
    assert "Also sign in with Example <Works> (not answering at the moment)" in said(page.text)
    before = len(up.provider.requests)
    refused = at_other.post("/auth/link/dev", headers=HTML)
    assert (refused.status_code, len(up.provider.requests)) == (503, before)
    assert "Nothing was added to your account." in said(refused.text)
    assert links(refused) == {"Back to your account": "/auth/account"}


def test_starting_at_a_provider_that_is_known_to_be_down_asks_nobody(down: Service) -> None:
    """503 at once, for people and programs, with the time for which it is left alone."""
    before = len(down.provider.requests)
    for accept, kind in ((HTML["accept"], "text/html"), ("application/json", "application/problem+json")):
        refused = down.browser().get("/auth/login/dev", accept=accept)
        assert (refused.status_code, refused.headers["content-type"].partition(";")[0]) == (503, kind)
        assert 8 <= int(refused.headers["retry-after"]) <= 12
    assert refused.json()["code"] == "provider_circuit_open"
    assert len(down.provider.requests) == before


def test_signing_out_needs_no_provider(up: Service) -> None:
    """A provider that does not answer is not gone to: the session has ended here, and the page says
    that the provider may remember."""
    browser = up.signed_in()
    stolen = Browser(up.client, dict(browser.cookies))
    break_works(up)
    left = browser.post("/auth/logout", headers=HTML)
    assert (left.status_code, left.headers["location"]) == (303, "/auth/signed-out")
    assert not browser.cookies
    assert stolen.get("/private").status_code == stolen.post("/auth/refresh").status_code == 401
    assert "may still remember you" in browser.get("/auth/signed-out").text


def test_who_is_signed_in_notices_nothing(up: Service) -> None:
    """Every page and call of theirs is answered as before, the refresh too."""
    browser = up.signed_in()
    break_works(up)
    for path in ("/private", "/live", "/auth/me", "/auth/account", "/auth/sessions"):
        assert browser.get(path, **HTML).status_code == 200, path
    assert browser.post("/auth/refresh").status_code == 200


def test_the_only_provider_is_down(start_service: StartService) -> None:
    """There is no other way, and the page says so."""
    with DevProviderServer() as gone:
        settings = provider_settings(gone)
    only = start_service(providers={"main": {**settings, "display_name": "Main"}})
    page = only.browser().get("/auth/login/main", **HTML)
    assert page.status_code == 503
    assert "there is no other way to sign in here" in said(page.text)
    assert links(page) == {"Try again with Main": "/auth/login/main"}


def test_a_refresh_past_its_grace_leaves_the_person_signed_in(start_service: StartService) -> None:
    """503, which says that the session is kept, and takes no cookie away; our own pages need no
    provider; the same token works once it is back."""
    service = start_service(provider_recheck_seconds=60, provider_grace_seconds=30, access_token_seconds=50)
    browser = service.signed_in()
    service.provider.fail("token", status=503, body=RAW)
    service.clock.advance(60)
    assert browser.post("/auth/refresh").status_code == 200
    service.clock.advance(60)
    for _ in range(2):
        refused = browser.post("/auth/refresh")
        assert (refused.status_code, refused.json()["error"]) == (503, "temporarily_unavailable")
        assert int(refused.headers["retry-after"]) >= 1
        assert "Your session is kept" in refused.json()["error_description"]
        assert "mainframe" not in refused.text
        assert not browser.set_cookies
    assert browser.get("/private").status_code == 401
    assert browser.get("/auth/account", **HTML).status_code == 200
    service.provider.heal()
    service.clock.advance(90)
    assert browser.post("/auth/refresh").status_code == 200
    assert browser.get("/private").status_code == 200
