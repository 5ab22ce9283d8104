"""The hostile browser at the callback: states and attempt cookies (RFC 9700 §4.7)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from tests.flows.browser import Browser, changed_query, query_of
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.refusals import Refusals, rows
from watchword.auth.attempt import start_attempt
from watchword.protocol.pkce import challenge_s256


def altered(text: str) -> str:
    return text[:-1] + ("A" if text[-1] != "A" else "B")


STATES: dict[str, tuple[Callable[[str], str], str, str]] = {
    "unknown": (lambda target: changed_query(target, state="x" * 43), "attempt_missing", "no attempt cookie"),
    "altered by one character": (
        lambda target: changed_query(target, state=altered(query_of(target)["state"])),
        "attempt_missing",
        "no attempt cookie",
    ),
    "empty": (lambda target: changed_query(target, state=""), "attempt_missing", "no usable state"),
    "absent": (lambda target: changed_query(target, state=None), "attempt_missing", "no usable state"),
    "too long": (lambda target: changed_query(target, state="x" * 1025), "attempt_missing", "usable state"),
    "not text": (
        lambda target: changed_query(target, state="\x00\r\n\ufffd"),
        "attempt_missing",
        "no attempt",
    ),
    "twice": (
        lambda target: f"{target}&state={query_of(target)['state']}",
        "authorization_response_invalid",
        "more than once",
    ),
    "another name": (
        lambda target: target.replace("state=", "State="),
        "attempt_missing",
        "no usable state",
    ),
}


@pytest.mark.parametrize(("change", "reason", "detail"), STATES.values(), ids=STATES)
def test_st_1_rp_45_a_bad_state_never_reaches_the_provider(
    refusals: Refusals, change: Callable[[str], str], reason: str, detail: str
) -> None:
    """Whatever is wrong with ``state``, the code is not sent, and the honest answer still works."""
    service = refusals.service
    browser = service.browser()
    honest = service.approve(service.begin(browser))
    refusals.callback(browser, change(honest), reason=reason, detail=detail)
    if reason == "attempt_missing":
        assert browser.get(honest).status_code == 303


def test_st_1_an_expired_attempt_is_refused(start_service: StartService, caplog: Any) -> None:
    """One second before ten minutes it works, at ten minutes it does not."""
    service = start_service()
    refusals = Refusals(service, caplog)
    for seconds, works in ((599, True), (600, False)):
        browser = service.browser()
        location = service.begin(browser)
        service.clock.advance(seconds)
        target = service.approve(location)
        if works:
            assert browser.get(target).status_code == 303
        else:
            refusals.callback(browser, target, reason="attempt_expired")


def test_st_1_a_state_works_once(refusals: Refusals) -> None:
    """The same address again, with the same cookie kept: no second token call, the session stays."""
    service = refusals.service
    browser = service.browser()
    target = service.approve(service.begin(browser))
    attempts = browser.attempts
    assert browser.get(target).status_code == 303
    browser.cookies |= attempts
    refusals.callback(browser, target, reason="attempt_used")
    assert browser.get("/private").status_code == 200


def test_st_1_a_state_works_once_on_all_replicas(start_service: StartService, caplog: Any) -> None:
    """The second replica knows that the first one used it, and asks the provider nothing."""
    first, second = start_service(), start_service()
    second.signed_in()
    browser = first.browser()
    target = first.approve(first.begin(browser))
    there = Browser(second.client, dict(browser.cookies))
    assert browser.get(target).status_code == 303
    Refusals(second, caplog).callback(there, target, reason="attempt_used")


def test_st_6_an_attackers_answer_in_the_victims_browser_is_refused(refusals: Refusals) -> None:
    """Login CSRF: a valid state and code, but the attempt was not started in this browser."""
    service = refusals.service
    attacker, victim = service.browser(), service.browser()
    target = service.approve(service.begin(attacker), "bob")
    service.begin(victim)
    refusals.callback(victim, target, reason="attempt_missing", detail="no attempt cookie")
    refusals.callback(service.browser(), target, reason="attempt_missing", detail="no attempt cookie")
    assert attacker.get(target).status_code == 303


def test_an_attempt_cookie_under_another_name_does_not_open(refusals: Refusals) -> None:
    """The seal is bound to the state: an attempt cannot be moved to the name of another one."""
    service = refusals.service
    browser = service.browser()
    service.begin(browser)
    ((_, own),) = browser.attempts.items()
    other = service.browser()
    target = service.approve(service.begin(other))
    ((name, _),) = other.attempts.items()
    refusals.callback(
        Browser(service.client, {name: own}), target, reason="attempt_missing", detail="altered"
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value[:-1] + ("A" if value[-1] != "A" else "B"),
        lambda value: ("A" if value[0] != "A" else "B") + value[1:],
        lambda value: value[:-8],
        lambda value: value[:40],
        lambda value: value + "AAAA",
        lambda value: "e30",
        lambda value: "",
        lambda value: "A" * 3000,
        lambda value: "!!!!",
    ],
)
def test_ses_78_a_tampered_attempt_cookie_is_no_attempt(
    refusals: Refusals, spoil: Callable[[str], str]
) -> None:
    """Flipped, cut, extended or invented: all the same, and never an error of ours."""
    service = refusals.service
    browser = service.browser()
    target = service.approve(service.begin(browser))
    ((name, value),) = browser.attempts.items()
    refusals.callback(Browser(service.client, {name: spoil(value)}), target, reason="attempt_missing")


def test_st_7_a_planted_duplicate_cookie_is_refused(refusals: Refusals) -> None:
    """Two cookies of one name: nobody can tell which is ours, so neither counts, in any order."""
    service = refusals.service
    browser = service.browser()
    target = service.approve(service.begin(browser))
    ((name, value),) = browser.attempts.items()
    for header in (
        f"{name}={value}; {name}=x",
        f"{name}=x; {name}={value}",
        f"{name}={value}; {name}={value}",
    ):
        refusals.callback(service.browser(), target, reason="attempt_missing", headers={"cookie": header})
    unprefixed = name.removeprefix("__Host-")
    refusals.callback(Browser(service.client, {unprefixed: value}), target, reason="attempt_missing")


def test_st_3_two_tabs_finish_in_any_order(shared: Service) -> None:
    """One cookie an attempt; the last sign-in is who the browser is."""
    browser = shared.browser()
    first, second = (shared.approve(shared.begin(browser), name) for name in ("alice", "bob"))
    assert len(browser.attempts) == 2
    assert browser.get(second).status_code == 303
    assert browser.get(first).status_code == 303
    assert browser.get("/private").json()["roles"] == ["admin"]
    assert not browser.attempts


def test_attempts_are_bounded_in_number_and_size(shared: Service) -> None:
    """The oldest give way, long return paths sooner: a page that starts sign-ins fills no header."""
    browser = shared.browser()
    for _ in range(9):
        latest = shared.begin(browser)
    assert len(browser.attempts) == 5
    assert browser.get(shared.approve(latest)).status_code == 303
    greedy = shared.browser()
    for _ in range(9):
        latest = shared.begin(greedy, return_to="/" + "x" * 1000)
    assert sum(len(name) + len(value) for name, value in greedy.attempts.items()) <= 4600
    assert greedy.get(shared.approve(latest)).headers["location"] == "/" + "x" * 1000


async def _twice(service: Service, target: str, cookie: str) -> list[httpx2.Response]:
    transport = httpx2.ASGITransport(service.app)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        calls = [client.get(target, headers={"cookie": cookie}) for _ in range(5)]
        return list(await asyncio.gather(*calls))


def test_st_5_a_double_click_makes_one_session(shared: Service) -> None:
    """Five at once: one session, one token call, four neutral pages."""
    browser = shared.browser()
    target = shared.approve(shared.begin(browser))
    cookie = "; ".join(f"{name}={value}" for name, value in browser.attempts.items())
    before = rows(shared)
    asked = len(shared.provider.requests)
    answers = shared.call(_twice, shared, target, cookie)
    assert sorted(each.status_code for each in answers) == [303, 400, 400, 400, 400]
    assert rows(shared).sessions == before.sessions + 1
    assert [each.path for each in shared.provider.requests[asked:]] == ["/token"]


def test_st_2_pk_1_states_nonces_and_verifiers_are_random(shared: Service) -> None:
    """10,000 attempts: no repeat anywhere, 256 bits each, the challenge is the verifier's S256."""
    attempts = [
        start_attempt(provider_id="dev", registration="r", return_to="/", now_seconds=0)
        for _ in range(10_000)
    ]
    drawn = [value for each in attempts for value in (each.state, each.nonce, each.verifier)]
    assert len(set(drawn)) == 30_000
    assert {len(value) for value in drawn} == {43}
    assert len({challenge_s256(each.verifier) for each in attempts}) == 10_000
    assert not any(each.verifier in repr(each) or each.state in repr(each) for each in attempts[:5])


def test_no_2_the_nonce_is_not_readable_in_the_browser(shared: Service) -> None:
    """It goes to the provider; what the browser keeps is sealed and out of reach of scripts."""
    browser = shared.browser()
    nonce = parse_qs(urlsplit(shared.begin(browser)).query)["nonce"][0]
    (kept,) = (line for line in browser.set_cookies if "ww_attempt_" in line)
    assert "httponly" in kept.lower()
    assert nonce not in kept
    assert hashlib.sha256(nonce.encode()).hexdigest() not in kept


def test_st_8_no_endpoint_takes_over_a_state(shared: Service) -> None:
    """A state, nonce or challenge in the address of the sign-in page is not looked at."""
    browser = shared.browser()
    planted = dict.fromkeys(("state", "nonce", "code_challenge", "redirect_uri", "client_id"), "planted")
    for path in ("/auth/login/dev", "/auth/login"):
        response = browser.get(f"{path}?{urlencode(planted)}")
        assert "planted" not in response.text + response.headers.get("location", "") + str(browser.cookies)
