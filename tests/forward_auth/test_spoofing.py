"""What a client claims to be, and by which method: neither reaches the app nor the decision."""

from __future__ import annotations

import pytest

from tests.forward_auth.asking import CROSS_SITE, NAMES, SAME_ORIGIN, bearer, cookie, refused, told, truth
from tests.servers.forward_auth import Headers, Site
from watchword.auth.grants import Grant

HANDSHAKE = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
]


SPOOFS: dict[str, Headers] = {
    "as they are": [(f"X-Auth-{name.title()}", "root") for name in NAMES],
    "in lower case": [(f"x-auth-{name}", "root") for name in NAMES],
    "in upper case": [(f"X-AUTH-{name.upper()}", "root") for name in NAMES],
    "by underscores": [(f"X_Auth_{name.title().replace('-', '_')}", "root") for name in NAMES],
    "half by underscores": [(f"X-Auth_{name.title()}", "root") for name in NAMES],
    "twice": [(f"X-Auth-{name.title()}", value) for value in ("root", "admin") for name in NAMES],
    "empty": [(f"X-Auth-{name.title()}", "") for name in NAMES],
    "named hop by hop": [("Connection", "close, X-Auth-User-Id, X-Auth-Roles"), ("X-Auth-Roles", "root")],
}


@pytest.mark.parametrize("spoof", SPOOFS.values(), ids=SPOOFS)
def test_x_15_no_client_says_who_it_is(site: Site, editor: Grant, spoof: Headers) -> None:
    """On a protected location the app sees the caller, also where the caller has nothing to show; on
    a public one it sees nobody."""
    for headers in (bearer(editor), cookie(editor)):
        assert told(site.request("GET", "/orders", [*headers, *spoof])) == truth(site, editor)
    public = site.request("GET", "/public/news", [*bearer(editor), *spoof])
    assert told(public) == {name: [] for name in NAMES}
    refused(site.request("GET", "/orders", spoof), 401)
    refused(site.request("GET", "/admin/", [*bearer(editor), *spoof]), 403)


def test_x_15_forwarded_headers_are_nginxs(site: Site, editor: Grant) -> None:
    """What a client claims about address, host and scheme reaches neither the decision nor the app."""
    claims = [
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Method", "GET"),
        ("X-Forwarded-Uri", "/public/"),
        ("X-Original-Method", "GET"),
        ("X-Original-URL", "/public/"),
        ("Forwarded", "for=10.0.0.1;host=evil.example"),
        ("X-Request-Id", "chosen-by-the-client"),
    ]
    answer = site.request("GET", "/orders", [*bearer(editor), *claims])
    assert told(answer) == truth(site, editor)
    assert answer.seen is not None
    own = f"127.0.0.1:{site.port}"
    assert [answer.seen.all(f"x-forwarded-{name}") for name in ("for", "host", "proto", "method")] == [
        ["127.0.0.1"],
        [own],
        ["http"],
        [],
    ]
    assert answer.seen.all("host") == [own]
    assert answer.seen.all("forwarded") == answer.seen.all("x-original-method") == []
    assert "chosen-by-the-client" not in answer.seen.all("x-request-id")
    refused(site.request("GET", "/orders", claims), 401)
    refused(site.request("GET", "/admin/", [*bearer(editor), *claims]), 403)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_ses_73_an_unsafe_request_by_cookie_needs_the_proof(site: Site, editor: Grant, method: str) -> None:
    """Whatever the client says its method was."""
    lies: list[Headers] = [
        [],
        [("X-Original-Method", "GET")],
        [("X-Forwarded-Method", "GET")],
        [("X_Original_Method", "GET")],
        [("X-Original-Method", "GET"), ("X-Forwarded-Method", "GET")],
        [("X-HTTP-Method-Override", "GET")],
    ]
    for lie in lies:
        refused(site.request(method, "/orders", [*cookie(editor), *CROSS_SITE, *lie]), 403)
        refused(site.request(method, "/orders", [*cookie(editor), *lie]), 403)
    allowed = site.request(method, "/orders", [*cookie(editor), *SAME_ORIGIN])
    assert allowed.status == (501 if method == "BREW" else 200)
    assert site.request(method, "/orders", [*bearer(editor), *CROSS_SITE]).status == allowed.status


def test_a_safe_request_by_cookie_cannot_become_another(site: Site, editor: Grant) -> None:
    """Following a link from elsewhere works; a header that asks the app for another method does not."""
    assert site.request("GET", "/orders", [*cookie(editor), *CROSS_SITE]).status == 200
    assert site.request("GET", "/orders", [*cookie(editor), ("X-Forwarded-Method", "POST")]).status == 200
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        refused(site.request("GET", "/orders", [*cookie(editor), *CROSS_SITE, (name, "DELETE")]), 403)


@pytest.mark.parametrize(("method", "status"), [("get", 400), ("Post", 400), ("TRACE", 405)])
def test_methods_that_nginx_does_not_pass(site: Site, editor: Grant, method: str, status: int) -> None:
    """Neither another case nor an echo reaches watchword or the app."""
    refused(site.request(method, "/orders", bearer(editor)), status)


def test_a_websocket_by_cookie_needs_the_proof(site: Site, editor: Grant) -> None:
    """Another site's page cannot open one in a person's name; our own can, and is told to the app."""
    for proof in ([], CROSS_SITE, [("Origin", "null")], [("Origin", f"http://127.0.0.1:{site.port}.evil")]):
        refused(site.request("GET", "/feed", [*cookie(editor), *HANDSHAKE, *proof]), 403)
    for headers in (
        [*cookie(editor), *SAME_ORIGIN],
        [*cookie(editor), ("Origin", site.auth.settings.base_url)],
        [*bearer(editor), *CROSS_SITE],
    ):
        answer = site.request("GET", "/feed", [*headers, *HANDSHAKE])
        assert told(answer) == truth(site, editor)
        assert answer.seen is not None
        assert answer.seen.all("upgrade") == ["websocket"]
        assert answer.seen.all("connection") == ["upgrade"]
    refused(site.request("GET", "/feed", HANDSHAKE), 401)


def test_no_other_upgrade_passes(site: Site, editor: Grant) -> None:
    """A connection that nginx no longer reads would carry requests past it."""
    upgrade = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk")]
    answer = site.request("GET", "/orders", [*bearer(editor), *upgrade])
    assert answer.seen is not None
    assert answer.seen.all("upgrade") == []
    assert answer.seen.all("connection") in ([], ["close"])
