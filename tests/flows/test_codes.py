"""Codes and errors that come back to the callback (RFC 6749 §4.1.2, RFC 9700 §4.5)."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest

from tests.flows.browser import changed_query, query_of
from tests.flows.conftest import BASE_URL, Service
from tests.flows.refusals import Refusals
from watchword.errors import InvalidRequest


def test_pk_3_a_stripped_challenge_is_refused_by_a_provider_that_asks(shared: Service) -> None:
    """A proxy takes PKCE out of the request: the provider refuses, and we show it."""
    browser = shared.browser()
    location = shared.begin(browser)
    stripped = changed_query(location, code_challenge=None)
    assert browser.get(shared.approve(stripped)).status_code == 400
    with pytest.raises(InvalidRequest):
        shared.provider.approve(changed_query(location, client_id="another"), "alice")


def test_pk_4_a_code_of_another_session_is_refused(refusals: Refusals) -> None:
    """The provider refuses the verifier: a neutral page, and no session for either."""
    service = refusals.service
    victim, attacker = service.browser(), service.browser()
    stolen = query_of(service.approve(service.begin(victim), "alice"))["code"]
    own = service.approve(service.begin(attacker), "bob")
    target = changed_query(own, code=stolen)
    refusals.callback(attacker, target, reason="code_refused", calls=("/token",))
    refusals.still_open_to_honest_people()


def test_pk_4_where_a_provider_ignores_the_verifier_the_nonce_refuses(refusals: Refusals) -> None:
    """The ID token of a stolen code is bound to the attempt it was stolen from."""
    service = refusals.service
    service.provider.behaviour.ignore_verifier = True
    victim, attacker = service.browser(), service.browser()
    stolen = query_of(service.approve(service.begin(victim), "alice"))["code"]
    target = changed_query(service.approve(service.begin(attacker), "bob"), code=stolen)
    refusals.callback(attacker, target, reason="id_token_rejected", detail="nonce", calls=("/token",))
    refusals.still_open_to_honest_people()


def test_co_1_a_code_that_was_redeemed_before_is_not_tried_again(refusals: Refusals) -> None:
    """``invalid_grant``: one token call, no session."""
    service = refusals.service
    browser = service.browser()
    used = query_of(service.approve(service.begin(browser)))
    assert browser.get(f"/auth/callback/dev?{urlencode(used)}").status_code == 303
    other = service.browser()
    target = changed_query(service.approve(service.begin(other)), code=used["code"])
    refusals.callback(other, target, reason="code_refused", calls=("/token",))


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("x" * 60_000, "longer than 4096"),
        ("x" * 4097, "longer than 4096"),
        ("a\x00b", "not printable"),
        ("a\r\nb", "not printable"),
        ("ü", "not printable"),
        ("", "neither a code nor an error"),
    ],
)
def test_co_3_an_impossible_code_is_not_sent(refusals: Refusals, code: str, detail: str) -> None:
    """Too long or no code at all: refused here, without a call."""
    service = refusals.service
    browser = service.browser()
    target = changed_query(service.approve(service.begin(browser)), code=code)
    refusals.callback(browser, target, reason="authorization_response_invalid", detail=detail)


@pytest.mark.parametrize("code", ["x" * 4096, "x&client_id=evil&code_verifier=x", "a b+c%20d"])
def test_co_3_a_strange_code_is_sent_as_it_is(refusals: Refusals, code: str) -> None:
    """It is the provider's to judge; it adds no parameter, or the answer would be another."""
    service = refusals.service
    browser = service.browser()
    target = changed_query(service.approve(service.begin(browser)), code=code)
    refusals.callback(browser, target, reason="code_refused", detail="error=invalid_grant", calls=("/token",))


def test_co_7_the_callback_leaves_no_trace_in_the_address(shared: Service) -> None:
    """303 to a clean address, nothing for the Referer, nothing for a cache, good or bad."""
    browser = shared.browser()
    target = shared.approve(shared.begin(browser))
    for response in (browser.get(target), browser.get(target)):
        assert "code=" not in response.headers.get("location", "") + response.text
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("way", ["HEAD", "POST", "prefetch", "prerender", "moz"])
def test_a_callback_that_nobody_opened_consumes_nothing(shared: Service, way: str) -> None:
    """HEAD, POST and what browsers and mail scanners fetch ahead: the person's own visit works."""
    browser = shared.browser()
    target = shared.approve(shared.begin(browser))
    ahead = {"prefetch": {"sec-purpose": "prefetch"}, "prerender": {"sec-purpose": "prefetch;prerender"}}
    headers = ahead.get(way, {"x-moz": "prefetch"} if way == "moz" else {})
    asked = len(shared.provider.requests)
    method = way if way.isupper() else "GET"
    response = browser.request(method, target, headers=headers)
    assert 400 <= response.status_code < 500
    assert not browser.set_cookies
    assert len(shared.provider.requests) == asked
    assert browser.get(target).status_code == 303


def test_co_4_an_error_of_the_provider_is_shown_in_our_words(refusals: Refusals) -> None:
    """Denied, script and all: escaped, not repeated, one log line."""
    service = refusals.service
    attack = "<script>alert(1)</script>\r\nforged: line\u2028" + "x" * 5000
    for error, reason, status in (
        ("access_denied", "provider_denied", 400),
        ("server_error", "provider_unavailable", 503),
        ("temporarily_unavailable", "provider_unavailable", 503),
        ("<script>", "authorization_response_invalid", 400),
    ):
        browser = service.browser()
        state = query_of(service.begin(browser))["state"]
        given = {"error": error, "error_description": attack, "state": state, "iss": service.provider.issuer}
        response = refusals.callback(
            browser, f"/auth/callback/dev?{urlencode(given)}", reason=reason, status=status
        )
        assert "alert(1)" not in response.text
        assert all("\n" not in each.getMessage() for each in refusals.caplog.records)
        assert all(len(each.getMessage()) < 700 for each in refusals.caplog.records)


def test_a_cancelled_sign_in_can_be_started_again(shared: Service) -> None:
    """The page says so and links the way; an error beside a code is an error."""
    browser = shared.browser()
    cancelled = shared.provider.cancel(shared.begin(browser))
    response = browser.get(cancelled.removeprefix(BASE_URL))
    assert response.status_code == 400
    assert 'href="/auth/login"' in response.text
    target = shared.approve(shared.begin(browser)) + "&error=access_denied"
    assert browser.get(target).status_code == 400
    assert not browser.signed_in


@pytest.mark.parametrize("extra", ["code=x", "iss=x", "error=x&error=y", "id_token=x", "access_token=x"])
def test_rp_31_parameters_that_do_not_belong_are_refused(refusals: Refusals, extra: str) -> None:
    """A repeated parameter, or an answer to another kind of request, stops before any call."""
    service = refusals.service
    browser = service.browser()
    target = service.approve(service.begin(browser))
    refusals.callback(browser, f"{target}&{extra}", reason="authorization_response_invalid")


def test_undecodable_queries_are_refused(refusals: Refusals) -> None:
    """Broken escapes, bytes that are no UTF-8, thousands of parameters: a page, never an error of ours."""
    for query in (
        "%",
        "%zz=%ff",
        "state=%ff%fe&code=%c0%80",
        "&" * 5000,
        "=" * 100,
        "state[]=x",
        quote("\ud800", errors="surrogatepass"),
    ):
        refusals.callback(refusals.service.browser(), f"/auth/callback/dev?{query}", reason="attempt_missing")
