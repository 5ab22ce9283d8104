"""SES-73 beyond one protected route: our own addresses, public routes, plain http, and stranger proofs."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService, replicas, serve_provider
from tests.flows.own_sessions import HTML, own_id, without_access
from tests.flows.snapshots import everything_in
from tests.flows.test_credentials import PROOFS, PROVES_NOTHING
from watchword import public, require_auth
from watchword.api.dependencies import OptionalPrincipal
from watchword.testing import FakeClock

UNSAFE = ("POST", "PUT", "PATCH", "DELETE", "BREW")
BASE_URLS = ("https://app.example.test", "http://127.0.0.1:8000")
NEARLY = (
    "{scheme}://{host}.",
    "{scheme}://{HOST}",
    "{scheme}://user@{host}",
    "{scheme}://{host}:443",
    "{scheme}://{host}:80",
    "{scheme}://{host}/",
    "{scheme}://{host}#",
    "{scheme}://{host} ",
    "{scheme}://{host},{scheme}://{host}",
    "{scheme}:{host}",
    "{scheme}://{host}%00",
    "{scheme}://x{host}",
    "{scheme}://{host}@evil.example",
    "ftp://{host}",
    "//{host}",
    "{host}",
    "",
    "*",
)


def own_addresses(other_id: str) -> list[tuple[str, str]]:
    """What a cookie alone could do at our own addresses."""
    return [
        ("POST", "/auth/refresh"),
        ("POST", "/auth/logout"),
        ("POST", "/auth/logout?everywhere=yes"),
        ("DELETE", "/auth/sessions"),
        ("DELETE", f"/auth/sessions/{other_id}"),
        ("POST", "/auth/sessions/end-others"),
        ("POST", f"/auth/sessions/{other_id}/end"),
        ("POST", "/auth/link/dev"),
    ]


@pytest.fixture(scope="module", params=BASE_URLS)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service over https and over plain http on loopback, with a route that says who calls."""
    clock = FakeClock()
    folder = tmp_path_factory.mktemp("csrf")
    with serve_provider(clock) as server, replicas(server, clock, folder) as start:
        service = start(base_url=request.param)

        @public
        async def who(caller: OptionalPrincipal) -> dict[str, str | None]:
            return {"who": None if caller is None else caller.subject}

        @require_auth
        async def change() -> dict[str, bool]:
            return {"done": True}

        service.app.add_api_route("/who", who, methods=["GET", *UNSAFE])
        service.app.add_api_route("/change", change, methods=list(UNSAFE))
        yield service


def of_origin(service: Service, template: str) -> str:
    scheme, _, host = service.auth.settings.base_url.partition("://")
    return template.format(scheme=scheme, host=host, HOST=host.upper())


@pytest.mark.parametrize("method", UNSAFE)
def test_ses_73_a_cookie_is_nobody_on_a_public_route(both: Service, method: str) -> None:
    """Without proof the route runs for nobody, never for the cookie's owner; with it, for the owner."""
    browser = both.signed_in()
    proofs = [proof for proof in PROOFS if "sec-fetch-site" in proof]
    proofs.append({"origin": both.auth.settings.base_url})
    for name, headers in PROVES_NOTHING.items():
        assert browser.request(method, "/who", headers=headers).json() == {"who": None}, name
    for headers in proofs:
        assert browser.request(method, "/who", headers=headers).json()["who"]
        assert browser.request(method, "/change", headers=headers).status_code == 200
    assert browser.request("GET", "/who").json()["who"]


def test_ses_73_an_origin_that_is_nearly_ours_is_not(both: Service) -> None:
    """Other case, dots, ports, users, lists: to the letter or not at all; twice is not once."""
    browser = both.signed_in()
    for template in NEARLY:
        origin = of_origin(both, template)
        if origin == both.auth.settings.base_url:
            continue
        refused = browser.request("POST", "/change", headers={"origin": origin})
        assert refused.status_code == 403, origin
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    own = both.auth.settings.base_url
    for headers in (
        [("origin", own), ("origin", own)],
        [("origin", own), ("origin", "https://evil.example")],
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")],
        [("sec-fetch-site", "same-origin, cross-site")],
        [("sec-fetch-site", ""), ("origin", own)],
    ):
        refused = both.client.request("POST", "/change", headers=[("cookie", cookie), *headers])
        assert refused.status_code == 403, headers
    assert browser.post("/change").status_code == 200


@pytest.mark.parametrize("expired", [False, True])
def test_ses_73_no_foreign_page_changes_anything_at_our_addresses(both: Service, expired: bool) -> None:
    """By either cookie, with any body and any header that proves nothing: refused, and not one row of
    the database is another."""
    browser, other = both.signed_in(), both.signed_in()
    forger = without_access(browser) if expired else Browser(both.client, dict(browser.cookies))
    targets = own_addresses(own_id(other))
    before = everything_in(both)
    for name, headers in PROVES_NOTHING.items():
        for method, target in targets:
            response = _forged(forger, method, target, headers)
            assert response.status_code == 403, (name, target)
            assert not forger.set_cookies
    for method, target in targets:
        assert forger.request(method, target, headers={**HTML, "origin": "null"}).status_code == 403
    assert everything_in(both) == before


def _forged(forger: Browser, method: str, target: str, headers: dict[str, str]) -> httpx2.Response:
    body = {"content": b"everywhere=yes"} if "content-type" in headers and "refresh" not in target else {}
    return forger.request(method, target, headers={"accept": "application/json", **headers}, **body)


def test_ses_73_a_bearer_token_needs_no_proof_and_gets_no_cookie(start_service: StartService) -> None:
    """A browser adds no bearer token by itself; beside one, cookies count for nothing."""
    service = start_service()
    alice, bob = service.signed_in("alice"), service.signed_in("bob")
    headers = {"authorization": f"Bearer {bob.access}", "origin": "https://evil.example"}
    answer = alice.request("POST", "/private", headers=headers)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert alice.request("POST", "/auth/logout", headers=headers).status_code == 204
    assert not alice.set_cookies
    assert bob.get("/private").status_code == 401
    assert alice.get("/private").status_code == 200
