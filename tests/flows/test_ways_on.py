"""What an error page of a sign-in offers: the same again, another provider, to go on, or the app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.flows.browser import changed_query, query_of
from tests.flows.conftest import Service, replicas, serve_provider
from tests.flows.first_party import CLIENTS, FirstParty
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings

WANTED = "/private?page=2"
QUERY = "?" + urlencode({"return_to": WANTED})
SAME_AGAIN = f"/auth/login/dev{QUERY}"
ELSEWHERE = f"/auth/login{QUERY}"
RAW = "<script>alert(1)</script> of the provider"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with two providers that work, one that is down, and first-party clients."""
    clock = FakeClock()
    with serve_provider(clock) as server, replicas(server, clock, tmp_path_factory.mktemp("two")) as start:
        dev: dict[str, Any] = provider_settings(server)
        yield start(
            clients=CLIENTS,
            providers={
                "other": {**dev, "display_name": "Other & Co."},
                "dev": {**dev, "display_name": "Example <Login>"},
                "down": {**dev, "issuer": "http://127.0.0.1:9", "display_name": "Down"},
            },
        )


def links(response: httpx2.Response) -> dict[str, str]:
    """The page's links: text to address."""
    found = re.findall(r'<a class="button[^"]*" href="([^"]*)">([^<]*)</a>', response.text)
    return {unescape(text): unescape(address) for address, text in found}


def test_the_choice_is_in_the_configured_order(two: Service) -> None:
    """Buttons come as they were configured, escaped, and keep what was asked for."""
    page = two.browser().get(f"/auth/login{QUERY}&max_age=60")
    assert list(links(page).items()) == [
        ("Sign in with Other & Co.", f"/auth/login/other{QUERY}&max_age=60"),
        ("Sign in with Example <Login>", f"/auth/login/dev{QUERY}&max_age=60"),
        ("Sign in with Down", f"/auth/login/down{QUERY}&max_age=60"),
    ]


@pytest.mark.parametrize("expiry", ["the cookie is still there", "the browser has dropped the cookie"])
def test_st_1_an_expired_attempt_starts_again_where_it_was(two: Service, expiry: str) -> None:
    """Same provider, same return path, one press, and the truth about why; then it ends where it should."""
    browser = two.browser()
    location = two.begin(browser, return_to=WANTED)
    two.clock.advance(600)
    target = two.approve(location)
    if "dropped" in expiry:
        browser.cookies.clear()
    page = browser.get(target)
    assert page.status_code == 400
    assert "took longer than ten minutes" in page.text
    assert links(page) == {
        "Start again with Example <Login>": SAME_AGAIN,
        "Choose another way to sign in": ELSEWHERE,
    }
    again = browser.get(SAME_AGAIN)
    assert browser.get(two.approve(again.headers["location"])).headers["location"] == WANTED


def test_a_lost_cookie_loses_no_return_path(two: Service) -> None:
    """Cookies gone, or another browser: the sealed state says where to start again, recency included."""
    begun = two.browser().get(f"/auth/login/dev{QUERY}&max_age=60")
    page = two.browser().get(two.approve(begun.headers["location"]))
    assert "does not keep cookies" in unescape(page.text).replace("\n", " ")
    assert links(page)["Start again with Example <Login>"] == f"{SAME_AGAIN}&max_age=60"


@pytest.mark.parametrize("state", [None, "", "x" * 43])
def test_a_lost_state_loses_no_return_path(two: Service, state: str | None) -> None:
    """The provider lost ``state``: the attempt this browser has open there knows what was wanted."""
    browser = two.browser()
    target = two.approve(two.begin(browser, return_to=WANTED))
    assert links(browser.get(changed_query(target, state=state)))["Start again with Example <Login>"] == (
        SAME_AGAIN
    )
    elsewhere = changed_query(target, state=state).replace("/callback/dev", "/callback/other")
    assert links(browser.get(elsewhere)) == {"Start again": "/auth/login"}


def test_nothing_but_our_own_seal_is_believed(two: Service) -> None:
    """A state cut, changed or invented says nothing, and no return path travels in the open."""
    target = two.approve(two.begin(two.browser(), return_to=WANTED))
    state = query_of(target)["state"]
    token, _, sealed = state.partition(".")
    assert "private" not in state
    others = query_of(two.begin(two.browser(), return_to="/open"))["state"].partition(".")[2]
    for forged in (f"{token}.{others}", f"{token}.", f"{token}.{sealed[:-2]}", f".{sealed}", f"x.{WANTED}"):
        page = two.browser().get(changed_query(target, state=forged))
        assert page.status_code == 400
        assert links(page) == {"Start again": "/auth/login"}


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        ("access_denied", 400, "Sign-in provider said no"),
        ("temporarily_unavailable", 503, "Example &lt;Login&gt; is not available"),
        ("invalid_scope", 400, "Sign-in provider refused the request"),
    ],
)
def test_co_4_when_the_provider_says_no_others_are_offered(
    two: Service, error: str, status: int, title: str
) -> None:
    """Plain words, a reference, the same again or another provider; nothing of the provider's text."""
    browser = two.browser()
    state = query_of(two.begin(browser, return_to=WANTED))["state"]
    answer = urlencode({"error": error, "error_description": RAW, "error_uri": RAW, "state": state})
    page = browser.get(f"/auth/callback/dev?{answer}", x_request_id="a" * 32)
    assert (page.status_code, title in page.text) == (status, True)
    assert "alert(1)" not in page.text
    assert re.search(r"give this reference:<br><code>[0-9a-f]{32}</code>", page.text)
    assert next(iter(links(page).values())) == SAME_AGAIN
    assert ELSEWHERE in links(page).values() or f"/auth/login/other{QUERY}" in links(page).values()
    assert ("retry-after" in page.headers) == (status == 503)


def test_a_provider_that_is_down_leaves_the_others(two: Service) -> None:
    """503 with ``Retry-After``, which provider it was, and those left, one press away."""
    page = two.browser().get(f"/auth/login/down{QUERY}")
    assert page.status_code == 503
    assert int(page.headers["retry-after"]) >= 1
    assert links(page) == {
        "Try again with Down": f"/auth/login/down{QUERY}",
        "Sign in with Other & Co.": f"/auth/login/other{QUERY}",
        "Sign in with Example <Login>": SAME_AGAIN,
    }


def test_an_unknown_provider_leads_to_the_choice(two: Service) -> None:
    """Nobody is sent to it a second time."""
    page = two.browser().get(f"/auth/login/nobody{QUERY}")
    assert (page.status_code, links(page)) == (404, {"Start again": ELSEWHERE})


def test_st_5_who_is_signed_in_already_may_go_on(two: Service) -> None:
    """After a reload or the back button the page says so and leads where the sign-in was to end; it
    changes no session, and is an error all the same."""
    browser = two.browser()
    target = two.approve(two.begin(browser, return_to=WANTED))
    assert browser.get(target).status_code == 303
    before = (browser.access, browser.refresh)
    page = browser.get(target)
    assert page.status_code == 400
    assert "<h1>You are signed in already</h1>" in page.text
    assert links(page) == {"Continue": WANTED, "Start again with Example <Login>": SAME_AGAIN}
    assert (browser.access, browser.refresh) == before
    browser.post("/auth/logout")
    assert "Continue" not in links(browser.get(target))


def test_a_forged_refresh_cookie_is_nobody_signed_in(two: Service) -> None:
    """The hint needs a live session."""
    browser = two.browser()
    browser.cookies["__Host-ww_refresh"] = "wtr_" + "A" * 100
    assert links(browser.get("/auth/callback/dev?code=x&state=y")) == {"Start again": "/auth/login"}


def test_an_app_starts_its_own_sign_in_again(two: Service) -> None:
    """A sign-in of an app that is lost sends the person back to the app, never into a browser session."""
    app = FirstParty(two)
    begun = app.authorize(provider="dev")
    target = two.approve(begun.headers["location"])
    page = two.browser().get(target)
    assert (page.status_code, links(page)) == (400, {})
    assert "Go back to the app" in page.text
    two.clock.advance(600)
    late = app.browser.get(target)
    assert "took longer than ten minutes" in late.text
    assert ("Go back to the app" in late.text, links(late)) == (True, {})
    stale = two.browser().get("/auth/login/dev?request=e30")
    assert "Go back to the app" in stale.text


def test_adding_a_provider_starts_again_at_the_account(two: Service) -> None:
    """A lost answer to linking leads back to the page it was started from, not to a sign-in."""
    browser = two.signed_in("bob")
    begun = browser.post("/auth/link/other", headers={"accept": "text/html"})
    assert begun.status_code == 303
    target = two.approve(begun.headers["location"], "carol")
    lost = links(two.browser().get(target))
    assert lost == {"Start again": "/auth/account"}
    del browser.cookies[next(iter(browser.attempts))]
    assert links(browser.get(target)) == {"Continue": "/auth/account"}


def test_a_long_return_path_makes_no_long_state(two: Service) -> None:
    """Providers and our own reader of states get at most 1,024 characters; the attempt keeps the path."""
    browser = two.browser()
    wanted = "/" + "a" * 1000
    location = two.begin(browser, return_to=wanted)
    assert len(query_of(location)["state"]) <= 1024
    target = two.approve(location)
    assert links(two.browser().get(target))["Start again with Example <Login>"] == "/auth/login/dev"
    assert browser.get(target).headers["location"] == wanted
