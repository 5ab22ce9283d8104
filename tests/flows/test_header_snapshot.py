"""Every answer of every route of ours: the headers it must have, and what it says where it serves nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.flows.browser import Browser
from tests.flows.conftest import Service, replicas, serve_provider
from watchword import Settings, Watchword, public
from watchword.api.own_routes import OwnRoutes
from watchword.migrations.runner import upgrade
from watchword.serving.service import create_service
from watchword.testing import FakeClock

PUBLIC = {
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/auth/assets/watchword.css",
}
"""What everybody may keep; every other route answers for one caller only."""
OAUTH = {"/auth/token", "/auth/refresh", "/auth/revoke", "/auth/introspect"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
HTML = {"accept": "text/html"}
ID = "019e4f5a-7c1e-7d3a-9f10-3b1de3a4c5d6"
PARTS = {"provider": "dev", "version": "v1", "session_id": ID, "user_id": ID}


@dataclass(frozen=True, slots=True)
class Mounted:
    """One path and the methods that some route of ours serves there."""

    template: str
    path: str
    methods: frozenset[str]


def mounted(app: Starlette) -> list[Mounted]:
    """Every path of ours once, with the methods of every route that matches it."""
    (own,) = [route for route in app.router.routes if isinstance(route, OwnRoutes)]
    routes = [route for route in own.routes if isinstance(route, Route)]
    assert len(routes) == len(own.routes) > 20
    found = []
    for template in dict.fromkeys(route.path for route in routes):
        path = template.format(**PARTS)
        methods = (route.methods or () for route in routes if route.path_regex.match(path))
        found.append(Mounted(template, path, frozenset(method for each in methods for method in each)))
    return found


@pytest.fixture(scope="module", params=["https", "http"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that browsers reach over https, and one on plain loopback."""
    folder, clock = tmp_path_factory.mktemp("headers"), FakeClock()
    base_url = {"https": "https://app.example.test", "http": "http://127.0.0.1:8000"}[request.param]
    with serve_provider(clock) as server, replicas(server, clock, folder) as start:
        yield start(base_url=base_url)


def assert_protected(service: Service, response: httpx2.Response, *, public: bool) -> None:
    """No guessed types, no address told to others, https kept to; private ones kept by nobody."""
    headers = response.headers
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers["referrer-policy"] in ("same-origin", "no-referrer")
    secure = service.auth.settings.secure
    assert headers.get_list("strict-transport-security") == (["max-age=31536000"] if secure else [])
    if public:
        assert headers["cache-control"].startswith("public, max-age=")
    else:
        assert headers.get_list("cache-control") == ["no-store"]
        varies = {each.strip().lower() for value in headers.get_list("vary") for each in value.split(",")}
        assert {"cookie", "authorization"} <= varies


def assert_no_token(response: httpx2.Response, *browsers: Browser) -> None:
    """By cookie, tokens are in cookies alone."""
    told = response.text + response.headers.get("location", "")
    for browser in browsers:
        assert not [token for token in browser.cookies.values() if len(token) > 20 and token in told]


def test_ses_71_every_answer_is_protected(either: Service) -> None:
    """Every route by each of its methods: to nobody, to a person who is signed in, as a page and as
    JSON, and from another site."""
    person = either.signed_in()
    for route in mounted(either.app):
        for method in sorted(route.methods):
            for headers in ({}, HTML, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "cross-site"}):
                browser = Browser(either.client, dict(person.cookies))
                for asking in (either.browser(), browser):
                    response = asking.request(method, route.path, headers=dict(headers))
                    try:
                        public = route.template in PUBLIC and response.status_code < 400
                        assert_protected(either, response, public=public)
                        assert_no_token(response, person, browser)
                    except AssertionError as error:
                        error.add_note(f"{method} {route.path} {headers}: {response.status_code}")
                        raise
            if method not in ("GET", "HEAD") and person.get("/auth/me").status_code != 200:
                person = either.signed_in()


def test_ses_71_a_bearer_gets_protected_answers_too(either: Service) -> None:
    """Refusals of the gate included, on routes that are not ours as well."""
    token = {"authorization": f"Bearer {either.signed_in('carol').access}"}
    for path in ("/auth/me", "/auth/sessions", "/auth/verify"):
        for headers in (token, {"authorization": "Bearer nonsense"}):
            assert_protected(either, either.browser().request("GET", path, headers=headers), public=False)
    for path, status in (("/private", 401), ("/admin", 403)):
        refused = either.browser().request("GET", path, headers={} if status == 401 else token)
        assert refused.status_code == status
        assert_protected(either, refused, public=False)


@pytest.mark.parametrize("accept", [{}, HTML], ids=["program", "person"])
def test_a_method_that_is_not_served_is_405(either: Service, accept: dict[str, str]) -> None:
    """With every method that is (RFC 9110 §15.5.6), in the words of the address: OAuth errors, a page
    for people, a problem document for programs."""
    for route in mounted(either.app):
        for method in sorted(set(METHODS) - route.methods):
            response = either.browser().request(method, route.path, headers=dict(accept))
            note = f"{method} {route.path}: {response.status_code}"
            assert response.status_code == 405, note
            allowed = set(response.headers["allow"].split(", "))
            assert route.methods <= allowed, note
            assert method not in allowed, note
            assert_protected(either, response, public=False)
            if method == "HEAD":
                continue
            if route.template in OAUTH:
                assert response.json()["error"] == "invalid_request", note
            elif accept:
                assert "<h1>Method not allowed</h1>" in response.text, note
            else:
                assert response.headers["content-type"] == "application/problem+json", note
                assert response.json()["code"] == "method_not_allowed", note


def test_an_address_that_several_routes_share_allows_all_of_them(either: Service) -> None:
    """Its own and those of a route with a parameter."""
    response = either.browser().request("GET", "/auth/sessions/end-others")
    assert (response.status_code, response.headers["allow"]) == (405, "DELETE, POST")
    assert either.browser().request("HEAD", "/auth/callback/dev").headers["allow"] == "GET"


@pytest.mark.parametrize(
    "path",
    [
        "/auth",
        "/auth/nothing",
        "/auth/LOGIN",
        "/auth/login/dev/more",
        "/auth/assets/nothing.css",
        "/auth/verify/orders",
        "/.well-known",
        "/.well-known/openid-configuration",
        "/.well-known/jwks.json/x",
    ],
)
def test_nothing_is_404_in_our_own_words(either: Service, path: str) -> None:
    """Whatever the method; the address is not repeated, and people find their way to their account."""
    for method in ("GET", "POST", "DELETE", "BREW"):
        response = either.browser().request(method, path)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
        assert response.headers["content-type"] == "application/problem+json"
        assert_protected(either, response, public=False)
    page = either.browser().request("GET", path, headers=dict(HTML))
    assert (page.status_code, "<h1>Not found</h1>" in page.text) == (404, True)
    assert 'href="/auth/account"' in page.text
    assert_protected(either, page, public=False)


def test_the_host_app_speaks_for_itself(either: Service) -> None:
    """Its own 404 and 405 are its framework's, and its own routes below our prefixes are reached."""

    @public
    async def own() -> dict[str, bool]:
        return {"own": True}

    either.app.add_api_route("/auth/of-the-app", own)
    either.app.add_api_route("/.well-known/security.txt", own)
    for path in ("/auth/of-the-app", "/.well-known/security.txt"):
        assert either.client.get(path).json() == {"own": True}
    assert either.client.get("/nothing").json() == {"detail": "Not Found"}
    assert either.client.get("/authority").json() == {"detail": "Not Found"}
    assert either.client.put("/open").json() == {"detail": "Method Not Allowed"}


async def test_a_service_of_its_own_speaks_everywhere(tmp_path: Path) -> None:
    """``watchword serve`` has no other app; nearly the right address is no redirect made of a header
    that the client chose."""
    url = f"sqlite:///{tmp_path}/own.db"
    await upgrade(url)
    app = create_service(Settings(base_url="https://auth.example.test", database_url=url))
    client = TestClient(app, base_url="https://auth.example.test", follow_redirects=False)
    for path in ("/", "/nothing", "/auth/login/", "/healthz/", "/auth//login"):
        response = client.get(path, headers={"host": "evil.example"})
        assert (response.status_code, response.json()["code"]) == (404, "not_found"), path
        assert response.headers["strict-transport-security"]
        assert "evil.example" not in response.text + str(response.headers)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/auth/callback"),
        ("GET", "/auth/callback/dev/x"),
        ("POST", "/auth/callback/dev"),
        ("HEAD", "/auth/callback/dev"),
        ("PUT", "/auth/token"),
        ("POST", "/auth/token"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/revoke"),
        ("POST", "/auth/introspect"),
        ("GET", "/auth/verify"),
    ],
)
async def test_ses_88_what_is_sent_in_the_wrong_query_is_in_no_access_log(method: str, path: str) -> None:
    """Servers write the query from the scope when the answer begins. A code at another address, and a
    token or secret where a form is read, are as secret as in their place."""
    app = FastAPI()
    Watchword(Settings()).install(app)
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": b"code=canary&state=canary",
        "headers": [],
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
    }
    answered: list[tuple[bool, bytes]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answered.append((message["status"] >= 400, scope["query_string"]))
        else:
            assert b"canary" not in message.get("body", b"")

    await app(scope, receive, send)
    assert answered == [(True, b"")]


def test_x_15_a_problem_is_json_that_names_nothing_foreign(either: Service) -> None:
    """What was asked for is in no answer, whatever it looks like."""
    response = either.client.get("/auth/%3Cscript%3Ecanary?x=canary", headers={"x-request-id": "canary<>"})
    assert response.status_code == 404
    assert "canary" not in json.dumps(response.json()) + str(response.headers)
