"""WebSocket handshakes with real tokens and cookies: refused before they are accepted."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.flows.browser import Browser
from tests.flows.conftest import BASE_URL, Service
from watchword import CurrentPrincipal, OptionalPrincipal, public, require_auth

SAME_ORIGIN: list[dict[str, str]] = [
    {"origin": BASE_URL},
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "same-origin", "origin": BASE_URL},
]
ELSEWHERE: list[dict[str, str]] = [
    {},
    {"origin": "null"},
    {"origin": "https://evil.example"},
    {"origin": f"{BASE_URL}.evil.example"},
    {"origin": BASE_URL.replace("https", "http")},
    {"origin": BASE_URL.replace("https", "wss")},
    {"sec-fetch-site": "same-site", "origin": "https://other.example.test"},
    {"sec-fetch-site": "cross-site", "origin": BASE_URL},
    {"sec-fetch-site": "none"},
    {"referer": f"{BASE_URL}/page"},
    {"host": "evil.example", "origin": "https://evil.example"},
]


def add_sockets(app: FastAPI) -> None:
    async def greet(socket: WebSocket, caller: Any) -> None:
        await socket.accept()
        await socket.send_text("nobody" if caller is None else caller.subject)
        await socket.close()

    @app.websocket("/sockets/any")
    @require_auth
    async def anyone(socket: WebSocket, caller: CurrentPrincipal) -> None:
        await greet(socket, caller)

    @app.websocket("/sockets/admin")
    @require_auth(roles=["admin"])
    async def admins(socket: WebSocket, caller: CurrentPrincipal) -> None:
        await greet(socket, caller)

    @app.websocket("/sockets/scoped")
    @require_auth(scopes=["orders:read"])
    async def scoped(socket: WebSocket, caller: CurrentPrincipal) -> None:
        await greet(socket, caller)

    @app.websocket("/sockets/live")
    @require_auth(live=True)
    async def live(socket: WebSocket, caller: CurrentPrincipal) -> None:
        await greet(socket, caller)

    @app.websocket("/sockets/recent")
    @require_auth(max_age_seconds=300)
    async def recent(socket: WebSocket, caller: CurrentPrincipal) -> None:
        await greet(socket, caller)

    @app.websocket("/sockets/open")
    @public
    async def opened(socket: WebSocket, caller: OptionalPrincipal) -> None:
        await greet(socket, caller)


@pytest.fixture(scope="module")
def socketed(module_service: Service) -> Service:
    add_sockets(module_service.app)
    return module_service


@pytest.fixture
def sockets(shared: Service, socketed: Service) -> Service:
    return shared


def shake(service: Service, path: str, headers: dict[str, str]) -> str | tuple[int, str]:
    """What the socket says first, or status and code of the refusal."""
    try:
        with service.client.websocket_connect(f"/sockets/{path}", headers=headers) as socket:
            return str(socket.receive_text())
    except WebSocketDenialResponse as denied:
        return denied.status_code, denied.json()["code"]
    finally:
        service.client.cookies.clear()


def cookies_of(browser: Browser) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}


def bearer_of(browser: Browser) -> dict[str, str]:
    return {"authorization": f"Bearer {browser.access}"}


def subject_of(browser: Browser) -> str:
    return str(browser.get("/auth/me").json()["subject"])


def test_ses_73_a_cookie_opens_a_socket_of_our_own_pages_only(sockets: Service) -> None:
    """Any page of the web may begin a handshake, and the browser adds the cookies: same-origin or 403."""
    browser = sockets.signed_in()
    for proof in SAME_ORIGIN:
        assert shake(sockets, "any", cookies_of(browser) | proof) == subject_of(browser), proof
    for headers in ELSEWHERE:
        refused = shake(sockets, "any", cookies_of(browser) | headers)
        assert refused == (403, "cross_site_request"), headers


def test_x_13_a_public_socket_does_not_know_a_cookie_from_elsewhere(sockets: Service) -> None:
    """The cookie is ignored, the socket opens for nobody; from our own pages it greets."""
    browser = sockets.signed_in()
    for headers in ELSEWHERE:
        assert shake(sockets, "open", cookies_of(browser) | headers) == "nobody", headers
    assert shake(sockets, "open", cookies_of(browser) | SAME_ORIGIN[0]) == subject_of(browser)


def test_x_13_a_bearer_token_opens_a_socket_from_anywhere(sockets: Service) -> None:
    """No page can make a browser send one, so no origin is asked for."""
    browser = sockets.signed_in()
    for headers in ELSEWHERE:
        assert shake(sockets, "any", bearer_of(browser) | headers) == subject_of(browser), headers


def test_x_07_a_bad_token_is_not_replaced_by_the_cookie(sockets: Service) -> None:
    """Neither a broken one nor another scheme, from our own page."""
    own_page = cookies_of(sockets.signed_in()) | SAME_ORIGIN[0]
    assert shake(sockets, "any", own_page | {"authorization": "Bearer x.y.z"}) == (401, "invalid_token")
    basic = own_page | {"authorization": "Basic YTpi"}
    assert shake(sockets, "any", basic) == (401, "authentication_required")


def test_x_05_a_token_in_the_address_or_the_subprotocol_is_none(sockets: Service) -> None:
    """Both end in logs and histories (RFC 9700 §4.3.2)."""
    token = sockets.signed_in().access
    refused = (401, "authentication_required")
    assert shake(sockets, f"any?access_token={token}", {}) == refused
    assert shake(sockets, "any", {"sec-websocket-protocol": f"bearer, {token}"}) == refused


def test_x_13_roles_scopes_and_the_session_count_for_sockets(sockets: Service) -> None:
    """Each requirement has its own refusal, as for a request."""
    admin, other = sockets.signed_in("alice"), sockets.signed_in("carol")
    lacking = (403, "insufficient_scope")
    assert shake(sockets, "admin", bearer_of(admin)) == subject_of(admin)
    assert shake(sockets, "admin", bearer_of(other)) == lacking
    assert shake(sockets, "scoped", bearer_of(admin)) == lacking
    assert shake(sockets, "live", bearer_of(other)) == subject_of(other)
    assert shake(sockets, "recent", bearer_of(other)) == subject_of(other)
    sockets.clock.advance(301)
    assert shake(sockets, "recent", bearer_of(other)) == (401, "insufficient_user_authentication")
    other.post("/auth/logout")
    for path in ("any", "live"):
        assert shake(sockets, path, bearer_of(admin)) == subject_of(admin)


def test_x_08_an_ended_session_opens_no_socket(sockets: Service) -> None:
    """By token or cookie, live or not; an expired token neither."""
    browser = sockets.signed_in()
    credentials = [bearer_of(browser), cookies_of(browser) | SAME_ORIGIN[0]]
    browser.post("/auth/logout")
    for path in ("any", "live", "admin"):
        assert [shake(sockets, path, each) for each in credentials] == [(401, "session_ended")] * 2
    late = sockets.signed_in()
    sockets.clock.advance(sockets.auth.settings.access_token_seconds + 6)
    assert shake(sockets, "any", bearer_of(late)) == (401, "invalid_token")
    assert shake(sockets, "open", bearer_of(late)) == "nobody"


def test_x_13_a_server_without_denial_responses_closes_before_the_accept(sockets: Service) -> None:
    """1008 before the accept, which servers answer with 403; the endpoint does not run."""

    async def plainer(scope: Any, receive: Any, send: Any) -> None:
        scope.pop("extensions", None)
        await sockets.app(scope, receive, send)

    client = type(sockets.client)(plainer, base_url=BASE_URL)
    headers = cookies_of(sockets.signed_in())
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect("/sockets/any", headers=headers),
    ):
        pass
    assert closed.value.code == 1008
