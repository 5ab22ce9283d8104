"""``/auth/verify``: what a proxy may ask, and what no client can make it say."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.flows.browser import Browser
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.machines import ITSELF, MACHINES, Machine
from tests.flows.test_credentials import PROOFS, PROVES_NOTHING
from tests.sessions.test_database_away import scribbled_over
from watchword import Settings
from watchword.protocol.access_token import build_claims, token_id
from watchword.protocol.signing import sign
from watchword.serving.service import create_service

TOLD = tuple(f"x-auth-{name}" for name in ("user-id", "session-id", "roles", "scopes", "issuer", "subject"))
SignedIn = Callable[..., AbstractContextManager[TestClient]]
GET = {"x-original-method": "GET"}
POST = {"x-original-method": "POST"}


def told(response: httpx2.Response) -> dict[str, str]:
    """The ``X-Auth-`` headers of a 200; each is there once."""
    assert response.status_code == 200, response.text
    assert all(len(response.headers.get_list(name)) == 1 for name in TOLD)
    return {name: response.headers[name] for name in TOLD}


def code(response: httpx2.Response) -> tuple[int, str]:
    assert not [name for name in response.headers if name.startswith("x-auth-")]
    return response.status_code, response.json()["code"]


def ask(browser: Browser, query: str = "", *, method: str = "GET", **headers: str) -> httpx2.Response:
    """With the cookies of the browser, as a proxy that passes every header on."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.request(method, f"/auth/verify{query}", headers=named)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def token_for(service: Service, **changes: Any) -> str:
    """An access token of the service, signed by its own key."""
    now = service.clock.now()
    made: dict[str, Any] = {
        "issuer": BASE_URL,
        "audience": BASE_URL,
        "subject": "robot",
        "client_id": "robot",
        "session_id": None,
        "token_id": token_id(1, secrets.token_urlsafe(12)),
        "issued_at": int(now.timestamp()),
        "expires_at": int(now.timestamp()) + 600,
        "auth_time": None,
        "roles": ["editor"],
        "scopes": ["orders:read"],
    }
    services = service.call(service.auth.services)
    return sign(build_claims(**(made | changes)), services.keyring.active)


def test_a_caller_is_told_in_full(shared: Service) -> None:
    """User, session, roles, scopes, issuer and subject of the token, by bearer and by cookie alike;
    an empty body that nobody keeps, and no cookie."""
    browser = shared.signed_in("alice")
    response = ask(shared.browser(), **bearer(browser.access))
    me = browser.get("/auth/me").json()
    assert told(response) == {
        "x-auth-user-id": me["user_id"],
        "x-auth-session-id": me["session_id"],
        "x-auth-roles": "admin",
        "x-auth-scopes": "",
        "x-auth-issuer": BASE_URL,
        "x-auth-subject": me["subject"],
    }
    assert response.content == b""
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers
    assert told(ask(browser, **GET)) == told(response)


def test_nobody_is_401_with_a_challenge(shared: Service) -> None:
    """Without ``error`` where no token was sent, with it where one was refused (RFC 6750 §3.1)."""
    nobody = ask(shared.browser(), **GET)
    assert code(nobody) == (401, "authentication_required")
    assert nobody.headers["www-authenticate"] == "Bearer"
    refused = ask(shared.browser(), **bearer("nonsense"))
    assert code(refused) == (401, "invalid_token")
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?role=admin", 200),
        ("?role=nobody&role=admin", 200),
        ("?role=nobody", 403),
        ("?role=Admin", 403),
        ("?scope=orders:read", 403),
        ("?role=admin&scope=orders:read", 403),
        ("?role=", 400),
        ("?role=admin,editor", 400),
        ("?roles=admin", 400),
        ("?scope=", 400),
        ("?machines=yes", 400),
        ("?", 200),
    ],
)
def test_a_question_asks_for_roles_and_scopes(shared: Service, query: str, expected: int) -> None:
    """Alice is an admin without scopes. What cannot be read is refused before anybody is let in, and
    so for nobody as well."""
    browser = shared.signed_in("alice")
    assert ask(browser, query, **GET).status_code == expected
    assert ask(shared.browser(), query, **GET).status_code == (400 if expected == 400 else 401)


def test_a_missing_scope_is_named(shared: Service) -> None:
    """The client learns what to ask for (RFC 6750 §3.1)."""
    response = ask(shared.signed_in(), "?scope=orders:write+orders:read", **GET)
    assert code(response) == (403, "insufficient_scope")
    assert 'scope="orders:read orders:write"' in response.headers["www-authenticate"]


def test_machines_pass_where_they_are_named(shared: Service) -> None:
    """A caller without an account is 403 unless ``machines=1``; its roles and scopes count as ever."""
    robot = bearer(token_for(shared))
    assert code(ask(shared.browser(), **robot)) == (403, "insufficient_scope")
    headers = told(ask(shared.browser(), "?machines=1&scope=orders:read", **robot))
    assert headers["x-auth-user-id"] == headers["x-auth-session-id"] == ""
    assert headers["x-auth-subject"] == "robot"
    assert ask(shared.browser(), "?machines=1&role=admin", **robot).status_code == 403
    assert ask(shared.signed_in(), "?machines=1", **GET).status_code == 200


def test_a_client_on_its_own_behalf_is_a_machine(start_service: StartService) -> None:
    """With the roles and scopes it is registered with (RFC 6749 §4.4)."""
    service = start_service(clients=MACHINES)
    itself = bearer(Machine(service).ask("/auth/token", ITSELF).json()["access_token"])
    assert code(ask(service.browser(), **itself)) == (403, "insufficient_scope")
    headers = told(ask(service.browser(), "?machines=1&role=editor&scope=orders:read", **itself))
    assert headers["x-auth-user-id"] == headers["x-auth-session-id"] == ""
    assert headers["x-auth-subject"] == "batch"


def test_ses_87_no_claim_leaves_its_header(shared: Service) -> None:
    """A subject that is no plain text arrives percent-encoded; a role that is a list does not."""
    token = token_for(
        shared, subject="a%b Zo\u00eb", session_id="one two", roles=["editor", "x,admin", "y z"]
    )
    headers = told(ask(shared.browser(), **bearer(token)))
    assert headers["x-auth-subject"] == headers["x-auth-user-id"] == "a%25b%20Zo%C3%AB"
    assert headers["x-auth-session-id"] == "one%20two"
    assert headers["x-auth-roles"] == "editor"


# --- by cookie -----------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["x-original-method", "x-forwarded-method"])
def test_ses_73_a_cookie_needs_a_safe_method_or_a_proof(shared: Service, header: str) -> None:
    """By the method of the original request, which is not that of the question."""
    browser = shared.signed_in()
    for method in ("GET", "HEAD", "OPTIONS"):
        assert ask(browser, **{header: method}).status_code == 200
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW", "get", "Get"):
        for name, headers in PROVES_NOTHING.items():
            assert code(ask(browser, **{header: method, **headers})) == (403, "cross_site_request"), name
        for proof in PROOFS:
            assert ask(browser, **{header: method, **proof}).status_code == 200


IN_DOUBT: dict[str, list[tuple[str, str]]] = {
    "missing": [],
    "empty": [("x-original-method", "")],
    "disagreeing": [("x-original-method", "GET"), ("x-forwarded-method", "POST")],
    "disagreeing the other way": [("x-original-method", "POST"), ("x-forwarded-method", "GET")],
    "twice": [("x-original-method", "GET"), ("x-original-method", "POST")],
    "a list": [("x-original-method", "GET, GET")],
    "overridden": [("x-original-method", "GET"), ("x-http-method-override", "DELETE")],
    "overridden to be safe": [("x-original-method", "POST"), ("x-http-method-override", "GET")],
    "only overridden": [("x-http-method-override", "GET")],
    "by underscores": [("x_original_method", "GET")],
    "elsewhere": [("x-forwarded-uri", "GET /"), ("x-original-url", "/"), ("forwarded", "method=GET")],
}


@pytest.mark.parametrize("headers", IN_DOUBT.values(), ids=IN_DOUBT)
def test_a_method_in_doubt_is_not_safe(shared: Service, headers: list[tuple[str, str]]) -> None:
    """Missing and disagreeing ones alike; the proof still counts, and a bearer needs none."""
    browser = shared.signed_in()
    cookies = [("cookie", "; ".join(f"{name}={value}" for name, value in browser.cookies.items()))]

    def answer(*more: tuple[str, str]) -> httpx2.Response:
        response = shared.client.get("/auth/verify", headers=[*headers, *more])
        shared.client.cookies.clear()
        return response

    assert code(answer(*cookies)) == (403, "cross_site_request")
    assert answer(*cookies, ("sec-fetch-site", "same-origin")).status_code == 200
    assert answer(("authorization", f"Bearer {browser.access}")).status_code == 200


def test_the_operator_reads_what_the_proxy_lacks(shared: Service, caplog: pytest.LogCaptureFixture) -> None:
    """The one mistake everybody makes once is named in the log."""
    with caplog.at_level("INFO", logger="watchword"):
        ask(shared.signed_in())
    (record,) = [each for each in caplog.records if getattr(each, "code", "") == "cross_site_request"]
    assert "the proxy did not say by which method the request came" in record.__dict__["detail"]
    assert record.__dict__["route"] == "/auth/verify"


@pytest.mark.parametrize(
    "handshake",
    [{"upgrade": "websocket"}, {"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="}, {"upgrade": "h2c"}],
)
def test_an_upgrade_by_cookie_needs_the_proof(shared: Service, handshake: dict[str, str]) -> None:
    """However safe its method is; a bearer token is proof enough."""
    browser = shared.signed_in()
    for headers in PROVES_NOTHING.values():
        assert code(ask(browser, **GET, **handshake, **headers)) == (403, "cross_site_request")
    for proof in PROOFS:
        assert ask(browser, **GET, **handshake, **proof).status_code == 200
    assert ask(shared.browser(), **handshake, **bearer(browser.access)).status_code == 200


def test_a_refused_bearer_is_not_replaced_by_a_cookie(shared: Service) -> None:
    """X-07, with a safe method and with a proof."""
    browser = shared.signed_in()
    for headers in (GET, {**POST, "sec-fetch-site": "same-origin"}):
        assert code(ask(browser, **headers, **bearer("nonsense"))) == (401, "invalid_token")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_question_by_the_requests_own_method(shared: Service, method: str) -> None:
    """As Envoy asks: it is the method that counts, whatever a header adds to it."""
    browser = shared.signed_in()
    for headers in ({}, GET, {"x-original-method": method}):
        assert code(ask(browser, method=method, **headers)) == (403, "cross_site_request")
        assert ask(browser, method=method, **headers, sec_fetch_site="same-origin").status_code == 200
    assert ask(shared.browser(), method=method, **bearer(browser.access)).status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_a_question_by_head_or_options_says_no_method(shared: Service, method: str) -> None:
    """As HAProxy's auth-request asks about a POST too: without a header it is in doubt, as by GET."""
    browser = shared.signed_in()
    assert ask(browser, method=method).status_code == 403
    assert ask(browser, method=method, x_original_method="POST").status_code == 403
    assert told(ask(browser, method=method, **GET)) == told(ask(browser, **GET))


@pytest.mark.parametrize("method", ["TRACE", "BREW"])
def test_other_methods_are_not_answered(shared: Service, method: str) -> None:
    """405 is no 200 to any proxy."""
    response = ask(shared.signed_in(), method=method)
    assert code(response) == (405, "method_not_allowed")
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"


# --- what decides nothing ------------------------------------------------------------------------

NOT_ASKED = {
    "x-forwarded-uri": "/public?role=nobody",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "http",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-prefix": "/auth/assets",
    "x-forwarded-user": "root",
    "x-original-url": "/public",
    "x-original-uri": "/public",
    "x-rewrite-url": "/auth/assets/watchword.css",
    "x-real-ip": "127.0.0.1",
    "forwarded": "for=127.0.0.1;host=evil.example;proto=https",
    "x-auth-user-id": "root",
    "x-auth-roles": "admin",
    "x_auth_roles": "admin",
    "remote-user": "root",
    "host": "evil.example",
}


@pytest.mark.parametrize("header", NOT_ASKED)
def test_x_15_what_a_client_may_send_changes_nothing(shared: Service, header: str) -> None:
    """Address, host and claims of who one is: 200, 401 and 403 stay what they are, word for word."""
    carol, spoof = shared.signed_in("carol"), {header: NOT_ASKED[header]}
    assert told(ask(carol, **GET, **spoof)) == told(ask(carol, **GET))
    assert code(ask(carol, "?role=admin", **GET, **spoof)) == (403, "insufficient_scope")
    assert code(ask(carol, **POST, **spoof)) == (403, "cross_site_request")
    assert code(ask(shared.browser(), **GET, **spoof)) == (401, "authentication_required")


def test_a_body_is_not_looked_at(shared: Service) -> None:
    """Whatever a proxy passes along."""
    browser = shared.signed_in("carol")
    response = browser.post("/auth/verify", content=b"role=admin&machines=1" * 100_000)
    assert told(response) == told(ask(browser, **GET))


# --- sessions that end, and the database away ----------------------------------------------------


def test_x_08_an_ended_session_is_refused(shared: Service) -> None:
    """At once after a logout."""
    browser, asking = shared.signed_in(), shared.browser()
    headers = bearer(browser.access)
    assert ask(asking, **headers).status_code == 200
    browser.post("/auth/logout")
    assert code(ask(asking, **headers)) == (401, "session_ended")


def test_checks_go_on_while_the_database_is_away(service: Service, tmp_path: Path) -> None:
    """For ``REVOCATION_STALE_SECONDS``, then 503 with ``Retry-After``: an outage signs nobody out."""
    browser = service.signed_in()
    with scribbled_over(tmp_path / "service.db"):
        for seconds in (0, 4, 25):
            service.clock.advance(seconds)
            assert told(ask(browser, **GET))
            assert told(ask(browser, **POST, sec_fetch_site="same-origin"))
        service.clock.advance(2)
        for headers in (GET, {**POST, "sec-fetch-site": "same-origin"}):
            response = ask(browser, **headers)
            assert code(response) == (503, "database_unavailable")
            assert int(response.headers["retry-after"]) >= 1
    service.clock.advance(2)
    assert told(ask(browser, **GET))


def test_it_is_not_limited(start_service: StartService) -> None:
    """Every request of an app comes by, so that limits of sign-in do not count here."""
    limits = dict.fromkeys(("login", "callback", "refresh", "token"), "1/minute")
    service = start_service(rate_limits=limits)
    assert {ask(service.browser(), **GET).status_code for _ in range(50)} == {401}


# --- where it is ---------------------------------------------------------------------------------


def test_it_is_part_of_the_service_beside_an_app(signed_in: SignedIn, tmp_path: Path) -> None:
    """``watchword serve`` answers it as an app does in which watchword is installed."""
    app = create_service(Settings(base_url=BASE_URL, database_url=f"sqlite:///{tmp_path}/beside.db"))
    with signed_in(app, roles=["editor"], scopes=["orders:read"]) as client:
        headers = told(client.get("/auth/verify?role=editor&scope=orders:read"))
        assert (headers["x-auth-roles"], headers["x-auth-scopes"]) == ("editor", "orders:read")
        assert client.get("/auth/verify?role=admin").status_code == 403
