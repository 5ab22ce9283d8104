"""A token endpoint that stumbles or lies: one call, a neutral page, and never the code again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.changes import drop, put
from tests.flows.conftest import Service, StartService
from tests.flows.raw_server import RawServer, Script, answer, sends
from tests.flows.refusals import Refusals
from watchword.dev_provider.behaviour import Change

JSON = {"Content-Type": "application/json"}
INVALID, AWAY = ("provider_response_invalid", 502), ("provider_unavailable", 503)


def told(status: int, body: bytes = b"", **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"status": status, "body": body, "headers": {**JSON, **named}}


FAULTS: dict[str, tuple[dict[str, Any], tuple[str, int], str | None]] = {
    "400 invalid_grant": (told(400, b'{"error": "invalid_grant"}'), ("code_refused", 400), None),
    "400 html": (told(400, b"<h1>Bad", Content_Type="text/html"), INVALID, None),
    "400 without error": (told(400, b"{}"), INVALID, None),
    "400 error a list": (told(400, b'{"error": ["invalid_grant"]}'), INVALID, None),
    "401 invalid_client": (told(401, b'{"error": "invalid_client"}'), INVALID, None),
    "403": (told(403), INVALID, None),
    "404 html": (told(404, b"<h1>", Content_Type="text/html"), INVALID, None),
    "429": (told(429, Retry_After="7"), AWAY, "7"),
    "500": (told(500, b"<h1>oops", Content_Type="text/html"), AWAY, "10"),
    "502": (told(502), AWAY, "10"),
    "503 for an hour": (told(503, Retry_After="3600"), AWAY, "60"),
    "503 for a negative time": (told(503, Retry_After="-5"), AWAY, "10"),
    "503 for a time in words": (told(503, Retry_After="soon\x7f"), AWAY, "10"),
    "503 until a date": (told(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), AWAY, "10"),
    "200 with error": (told(200, b'{"error": "invalid_grant"}'), ("code_refused", 400), None),
    "201": (told(201, b"{}"), INVALID, None),
    "204": (told(204), INVALID, None),
    "206": (told(206, b"{}"), INVALID, None),
    "304": (told(304), INVALID, None),
    "net-9 co-8 307 to itself": (told(307, Location="/token"), INVALID, None),
    "net-9 302 to userinfo": (told(302, Location="/userinfo"), INVALID, None),
    "net-9 308 to nowhere": (told(308, Location="http://[::::]/"), INVALID, None),
    "net-6 html": (told(200, b"<h1>Wi-Fi", Content_Type="text/html"), INVALID, None),
    "net-6 plain text": (told(200, b"{}", Content_Type="text/plain"), INVALID, None),
    "net-6 form": (
        told(200, b"access_token=x", Content_Type="application/x-www-form-urlencoded"),
        INVALID,
        None,
    ),
    "net-6 latin-1": (told(200, b"{}", Content_Type="application/json; charset=latin-1"), INVALID, None),
    "compressed": (told(200, b"\x1f\x8b", Content_Encoding="gzip"), INVALID, None),
    "empty": (told(200), INVALID, None),
    "a list": (told(200, b"[]"), INVALID, None),
    "deep": (told(200, b'{"a":' * 40 + b"1" + b"}" * 40), INVALID, None),
    "deeper than Python": (told(200, b"[" * 60_000), INVALID, None),
    "over the cap": (told(200, b" " * 65_537), INVALID, None),
}


@pytest.mark.parametrize(("fault", "outcome", "retry"), FAULTS.values(), ids=FAULTS)
def test_net_13_a_faulty_token_endpoint_is_told(
    refusals: Refusals, fault: dict[str, Any], outcome: tuple[str, int], retry: str | None
) -> None:
    """4xx is our fault or the person's, 429 and 5xx are an outage with a time to come back."""
    service = refusals.service
    service.provider.fail("token", **fault)
    browser = service.browser()
    target = service.approve(service.begin(browser, provider="other"))
    reason, status = outcome
    response = refusals.callback(browser, target, reason=reason, status=status, calls=("/token",))
    assert response.headers.get("retry-after") == retry
    refusals.still_open_to_honest_people()


RESPONSES: dict[str, tuple[Change, str]] = {
    "rp-52 token_type mac": (put(token_type="mac"), "token_type"),
    "rp-52 token_type missing": (drop("token_type"), "token_type"),
    "token_type a list": (put(token_type=["Bearer"]), "token_type"),
    "access_token missing": (drop("access_token"), "access_token"),
    "access_token empty": (put(access_token=""), "access_token"),
    "access_token an object": (put(access_token={}), "access_token"),
    "access_token with CR LF": (put(access_token="a\r\nX-Evil: 1"), "access_token"),
    "access_token of 20 KB": (put(access_token="x" * 20_000), "access_token"),
    "id_token missing": (drop("id_token"), "id_token"),
    "id_token null": (put(id_token=None), "id_token"),
    "id_token a number": (put(id_token=7), "id_token"),
    "id_token of 20 KB": (put(id_token="x" * 20_000), "id_token"),
    "refresh_token a number": (put(refresh_token=7), "refresh_token"),
    "refresh_token empty": (put(refresh_token=""), "refresh_token"),
    "expires_in in words": (put(expires_in="an hour"), "expires_in"),
    "expires_in true": (put(expires_in=True), "expires_in"),
    "expires_in a list": (put(expires_in=[300]), "expires_in"),
    "scope a list": (put(scope=["openid"]), "scope"),
    "tokens and an error": (put(error="invalid_request"), "error=invalid_request"),
    "an error of another type": (put(error=None), "without an error code"),
}


@pytest.mark.parametrize(("change", "detail"), RESPONSES.values(), ids=RESPONSES)
def test_net_14_a_malformed_token_response_is_refused(
    refusals: Refusals, change: Change, detail: str
) -> None:
    """RP-52, NET-14: what is no bearer token response opens nothing."""
    service = refusals.service
    service.provider.behaviour.token_response = change
    browser = service.browser()
    target = service.approve(service.begin(browser, provider="other"))
    refusals.callback(browser, target, reason=INVALID[0], status=INVALID[1], detail=detail, calls=("/token",))
    refusals.still_open_to_honest_people()


REWRITES: dict[str, Callable[[bytes], bytes]] = {
    "bom": lambda body: b"\xef\xbb\xbf" + body,
    "utf-16": lambda body: body.decode().encode("utf-16"),
    "id_token twice": lambda body: body.replace(b"{", b'{"id_token": "x", ', 1),
    "NaN": lambda body: body.replace(b"{", b'{"expires_in2": NaN, ', 1),
    "infinite": lambda body: body.replace(b"{", b'{"x": 1e999, ', 1),
    "a lone surrogate": lambda body: body.replace(b"{", b'{"x": "\\ud800", ', 1),
    "a number of 5,000 digits": lambda body: body.replace(b"{", b'{"x": ' + b"9" * 5000 + b", ", 1),
    "latin-1": lambda body: body.replace(b"{", b'{"x": "\xfc", ', 1),
    "a comma too many": lambda body: body.replace(b"}", b",}"),
    "something behind": lambda body: body + b"{}",
}


@pytest.mark.parametrize("rewrite", REWRITES.values(), ids=REWRITES)
def test_net_6_an_answer_in_bad_json_is_refused(
    refusals: Refusals, rewrite: Callable[[bytes], bytes]
) -> None:
    """One reading of UTF-8 JSON, or none."""
    service = refusals.service
    body = b'{"access_token": "a", "token_type": "Bearer", "id_token": "a.b.c"}'
    service.provider.behaviour.token_body = rewrite(body)
    browser = service.browser()
    target = service.approve(service.begin(browser))
    refusals.callback(
        browser, target, reason=INVALID[0], status=INVALID[1], detail="unacceptable JSON", calls=("/token",)
    )


def test_co_2_a_lost_answer_is_not_asked_for_again(refusals: Refusals) -> None:
    """The provider consumed the code and the connection broke: 503, and a reload sends no code."""
    service = refusals.service
    service.provider.drop("token", after_work=True)
    browser = service.browser()
    target = service.approve(service.begin(browser))
    attempts = browser.attempts
    refusals.callback(browser, target, reason=AWAY[0], status=AWAY[1], calls=("/token",))
    browser.cookies |= attempts
    service.provider.heal()
    refusals.callback(browser, target, reason="attempt_used")
    refusals.still_open_to_honest_people()


CONNECTIONS: dict[str, Script] = {
    "nothing at all": sends(b""),
    "garbage": sends(b"\x00" * 100),
    "truncated": sends(answer(b"{}", length=100)),
    "a header bomb": sends(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500_000 + b"\r\n\r\n"),
    "an endless body": lambda exchange: exchange.send_for_ever(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * 65_536
    ),
}


@pytest.mark.parametrize("endpoint", ["token_endpoint", "jwks_uri"])
def test_net_5_a_broken_connection_is_told(
    start_service: StartService, caplog: pytest.LogCaptureFixture, endpoint: str
) -> None:
    """Whatever happens to the bytes, a page says so, and the service goes on. What was only asked
    for is asked for once more where the connection broke; what was sent is not, and no code is before the
    keys are there."""
    service = start_service()
    refusals = Refusals(service, caplog)
    for name, script in CONNECTIONS.items():
        with RawServer(script) as server:
            service.provider.behaviour.metadata = put(**{endpoint: server.address})
            service.clock.advance(8 * 86_400)
            browser = service.browser()
            target = service.approve(service.begin(browser))
            reason, status = INVALID if name == "an endless body" else AWAY
            calls = () if endpoint == "jwks_uri" else ("/jwks",)
            refusals.callback(browser, target, reason=reason, status=status, calls=calls)
        assert 1 <= len(server.requests) <= (2 if endpoint == "jwks_uri" else 1)
        service.clock.advance(8 * 86_400)
        refusals.still_open_to_honest_people()


def test_a_provider_that_is_not_there_is_told_at_the_door(service: Service, caplog: Any) -> None:
    """No page of the browser's own: 503 with a way back, and sign-in works once it is there."""
    refusals = Refusals(service, caplog)
    service.provider.drop("discovery")
    response = refusals.request(
        service.browser(),
        "GET",
        "/auth/login/dev?return_to=/private",
        reason=AWAY[0],
        status=AWAY[1],
        calls=("/.well-known/openid-configuration",) * 2,
    )
    assert "return_to=%2Fprivate" in response.text
    refusals.still_open_to_honest_people()
