"""CORS (SES-75): registered https origins read our answers, without credentials; nobody else does."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.flows.conftest import BASE_URL, Service, replicas, serve_provider
from tests.flows.first_party import CLIENTS, FirstParty
from watchword.middleware.cors_middleware import CORS_PATHS
from watchword.testing import FakeClock

SPA_ORIGIN = "https://spa.example.test"
OTHER_ORIGIN = "https://other.example.test:8443"
OPEN = sorted(set(CORS_PATHS) - {"/auth/terms"})
STRANGERS = [
    "https://evil.example",
    "null",
    "",
    "https://spa.example.test.evil.example",
    "https://sub.spa.example.test",
    "https://spa.example.test:444",
    "https://spa.example.test/",
    "https://SPA.example.test",
    "http://spa.example.test",
    "http://127.0.0.1",
    "https://spa.example.test, https://evil.example",
    "https://spa.example.test https://evil.example",
    "https://spa.example.test.",
    "https://spa.example.test:443",
    "https://spa.example.test#",
    "https://spa.example.test%00",
    "https://user@spa.example.test",
    "https://spa.example.test@evil.example",
    "https://xspa.example.test",
    "https://spa-example.test",
    "//spa.example.test",
    "spa.example.test",
    "com.example.app:",
    "com.example.app:/cb",
    "*",
    "file://",
]
NEIGHBOURS = [
    "/auth/token/",
    "//auth/token",
    "/auth//token",
    "/auth/token;x=1",
    "/auth/TOKEN",
    "/auth/token%2f",
    "/auth/%74oken%00",
    "/auth/sessionsx",
    "/auth/me/x",
    "/x/auth/me",
    "/.well-known/jwks.json/",
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One replica for the whole file: nothing here depends on what was before."""
    clock = FakeClock()
    with serve_provider(clock) as server, replicas(server, clock, tmp_path_factory.mktemp("cors")) as start:
        yield start(clients=CLIENTS)


def preflight(service: Service, path: str, origin: str, method: str = "POST") -> httpx2.Response:
    headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type",
    }
    return service.browser().request("OPTIONS", path, headers=headers)


def cors_headers(response: httpx2.Response) -> set[str]:
    return {name for name in response.headers if name.startswith("access-control-")}


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("origin", [SPA_ORIGIN, OTHER_ORIGIN])
def test_x_13_a_preflight_of_a_registered_origin_is_answered(
    service: Service, path: str, origin: str
) -> None:
    """Without a credential, without data, and without allowing cookies."""
    response = preflight(service, path, origin)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == origin
    assert "authorization" in response.headers["access-control-allow-headers"].lower()
    assert response.headers["access-control-allow-methods"] == CORS_PATHS[path]
    assert "access-control-allow-credentials" not in response.headers
    assert "origin" in response.headers["vary"].lower()


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("origin", STRANGERS)
def test_ses_75_a_stranger_is_allowed_nothing(service: Service, path: str, origin: str) -> None:
    """No reflection, no ``*``, neither in the preflight nor in the answer."""
    for response in (
        preflight(service, path, origin),
        service.browser().request("GET", path, headers={"origin": origin}),
        service.browser().request("POST", path, headers={"origin": origin}),
    ):
        assert not cors_headers(response)
        assert "origin" in response.headers["vary"].lower()


def test_a_registered_page_does_the_whole_job(service: Service) -> None:
    """Exchange, call, refresh, log out: every answer may be read by the page that asked."""
    spa = FirstParty(service)
    page = {"origin": SPA_ORIGIN, "sec-fetch-site": "cross-site"}

    def readable(response: httpx2.Response, status: int) -> httpx2.Response:
        assert response.status_code == status, response.text
        assert response.headers["access-control-allow-origin"] == SPA_ORIGIN
        assert "access-control-allow-credentials" not in response.headers
        assert not response.headers.get_list("set-cookie")
        return response

    def post(path: str, **fields: str | None) -> httpx2.Response:
        return spa.post(path, fields, **page)

    code, exchange = spa.code(), {"grant_type": "authorization_code", "client_id": "spa"}
    exchange |= {"redirect_uri": spa.redirect_uri, "code": code, "code_verifier": spa.verifier}
    tokens = readable(post("/auth/token", **exchange), 200).json()
    bearer = {"authorization": f"Bearer {tokens['access_token']}", **page}
    me = readable(service.browser().request("GET", "/auth/me", headers=bearer), 200).json()
    assert me["email"] == "alice@example.test"
    refresh = {"grant_type": "refresh_token", "client_id": "spa", "refresh_token": tokens["refresh_token"]}
    tokens = readable(post("/auth/token", **refresh), 200).json()
    tokens = readable(post("/auth/refresh", refresh_token=tokens["refresh_token"]), 200).json()
    bearer["authorization"] = f"Bearer {tokens['access_token']}"
    readable(service.browser().request("POST", "/auth/logout", headers=bearer), 204)
    readable(service.browser().request("GET", "/auth/me", headers=bearer), 401)
    readable(post("/auth/token", **refresh), 400)
    readable(post("/auth/revoke", token=tokens["refresh_token"]), 200)
    readable(service.browser().request("GET", "/.well-known/oauth-authorization-server", headers=page), 200)


def test_a_refusal_tells_a_page_when_to_come_back(service: Service) -> None:
    """Headers a script needs are named, since it sees no others."""
    response = service.browser().request("GET", "/auth/me", headers={"origin": SPA_ORIGIN})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["access-control-expose-headers"] == "Retry-After, WWW-Authenticate"


def test_cookies_never_count_across_origins(service: Service) -> None:
    """Even where a browser sends them along, as it does between sibling hosts."""
    browser = service.signed_in()
    page = {"origin": SPA_ORIGIN, "sec-fetch-site": "same-site"}
    assert browser.request("POST", "/auth/refresh", headers=page).status_code == 403
    assert browser.request("POST", "/auth/logout", headers=page).status_code == 403
    assert browser.get("/private").status_code == 200


def test_other_paths_are_the_apps_own(service: Service) -> None:
    """Sign-in pages and the app's routes get nothing from us; keys stay open to everybody."""
    for path in ("/private", "/open", "/auth/login", "/auth/authorize", "/auth/signed-out"):
        assert not cors_headers(service.browser().request("GET", path, headers={"origin": SPA_ORIGIN}))
        assert not cors_headers(preflight(service, path, SPA_ORIGIN))
    keys = service.browser().request(
        "GET", "/.well-known/jwks.json", headers={"origin": "https://evil.example"}
    )
    assert keys.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in keys.headers


@pytest.mark.parametrize("path", NEIGHBOURS)
def test_ses_75_a_path_that_is_nearly_one_of_ours_allows_nothing(service: Service, path: str) -> None:
    """No preflight is answered for what is not on the list to the letter, and nothing there is readable."""
    allowed = preflight(service, path, SPA_ORIGIN)
    assert allowed.status_code in (307, 404, 405)
    assert not cors_headers(allowed)
    assert not cors_headers(service.browser().request("GET", path, headers={"origin": SPA_ORIGIN}))


@pytest.mark.parametrize("path", OPEN)
def test_ses_75_a_preflight_tells_nothing_about_who_asks(service: Service, path: str) -> None:
    """With every credential there is, it is the same answer as without: no data, no cookie, no caller."""
    browser = service.signed_in()
    plain = preflight(service, path, SPA_ORIGIN)
    headers = {
        "origin": SPA_ORIGIN,
        "access-control-request-method": "POST",
        "authorization": f"Bearer {browser.access}",
        "sec-fetch-site": "same-origin",
    }
    with_credentials = browser.request("OPTIONS", path, headers=headers)
    assert (with_credentials.status_code, with_credentials.content) == (204, b"")
    assert cors_headers(with_credentials) == cors_headers(plain)
    assert not browser.set_cookies


def test_two_origins_are_none(service: Service) -> None:
    """A request that names two is from no browser."""
    response = service.client.request(
        "POST", "/auth/token", headers=[("origin", SPA_ORIGIN), ("origin", SPA_ORIGIN)]
    )
    assert not cors_headers(response)


def test_our_own_origin_needs_no_permission(service: Service) -> None:
    """Pages of the service call it as ever."""
    response = service.browser().request("GET", "/auth/me", headers={"origin": BASE_URL})
    assert response.status_code == 401
