"""The nginx of ``examples/forward-auth`` in front of an app: who gets through, and as whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.servers.forward_auth import Answer, Headers, Site, running_site, shown, site_of
from tests.servers.nginx import running_nginx
from tests.servers.ports import loopback_port
from tests.sessions.test_database_away import scribbled_over
from watchword.auth.grants import Grant

NAMES = ("user-id", "session-id", "roles", "scopes", "issuer", "subject")
CROSS_SITE = [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")]
SAME_ORIGIN = [("Sec-Fetch-Site", "same-origin")]
HANDSHAKE = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def editor(site: Site) -> Grant:
    return site.signed_in("editor", roles=["editor"])


@pytest.fixture(scope="module")
def admin(site: Site) -> Grant:
    return site.signed_in("admin", roles=["admin", "editor"], scopes=["orders:read", "orders:write"])


def bearer(grant: Grant) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {grant.access.text}")]


def cookie(grant: Grant) -> list[tuple[str, str]]:
    return [("Cookie", f"theme=dark; ww_access={grant.access.text}")]


def truth(site: Site, grant: Grant) -> dict[str, list[str]]:
    """What the app has to be told of a caller; nothing, where there is nothing."""
    session = grant.session
    told = {
        "user-id": str(session.user_id),
        "session-id": str(session.session_id),
        "roles": ",".join(sorted(session.roles)),
        "scopes": " ".join(sorted(session.scopes)),
        "issuer": site.auth.settings.base_url,
        "subject": str(session.user_id),
    }
    return {name: [value] if value else [] for name, value in told.items()}


def told(answer: Answer) -> dict[str, list[str]]:
    assert answer.seen is not None, (answer.status, answer.body)
    return {name: answer.seen.all(f"x-auth-{name}") for name in NAMES}


def refused(answer: Answer, status: int) -> Answer:
    assert answer.seen is None, answer.seen
    assert answer.status == status, answer.body
    return answer


# --- who gets through ----------------------------------------------------------------------------


def test_a_caller_gets_through_and_is_told(site: Site, editor: Grant, admin: Grant) -> None:
    """By bearer and by cookie; the app knows every one of them by the same six headers."""
    for grant in (editor, admin):
        for headers in (bearer(grant), cookie(grant)):
            answer = site.request("GET", "/orders/7?page=2", headers)
            assert told(answer) == truth(site, grant)
            assert shown(answer)["path"] == "/orders/7?page=2"


def test_a_body_reaches_the_app_alone(site: Site, editor: Grant) -> None:
    """Whole, whoever carries the question."""
    for headers in (bearer(editor), cookie(editor) + SAME_ORIGIN):
        answer = site.request("POST", "/orders", headers, body=b"x" * 200_000)
        assert answer.status == 200
        assert answer.seen is not None
        assert (answer.seen.method, answer.seen.all("content-length")) == ("POST", ["200000"])


@pytest.mark.parametrize("prefix", ["", "__Host-"])
def test_the_app_gets_its_own_cookies_only(site: Site, editor: Grant, prefix: str) -> None:
    """Whoever reads an app's requests or its logs must not be able to go on as its people."""
    access, refresh = f"{prefix}ww_access={editor.access.text}", f"{prefix}ww_refresh={editor.refresh_token}"
    for cookies, kept in (
        ([access], []),
        ([access, refresh], []),
        (["theme=dark", access, "ww_accessory=1", refresh, "a=b"], ["theme=dark", "ww_accessory=1", "a=b"]),
        ([refresh, "theme=dark", access], ["theme=dark"]),
        (["theme=dark"], ["theme=dark"]),
    ):
        answer = site.request("GET", "/orders", [*bearer(editor), ("Cookie", "; ".join(cookies))])
        assert answer.seen is not None
        arrived = "; ".join(answer.seen.all("cookie")).split(";")
        assert [each.strip() for each in arrived if each.strip()] == kept


def test_nobody_is_refused(site: Site) -> None:
    """Programs get 401 with the challenge, people are sent to sign in and come back."""
    answer = refused(site.request("GET", "/orders"), 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    html = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")]
    for target, return_to in (
        ("/orders/7", "?return_to=/orders/7"),
        ("/orders/7?page=2&x=y", "?return_to=/orders/7"),
        ("/a%0d%0aSet-Cookie:x", ""),
        ("//evil.example/", "?return_to=//evil.example/"),
    ):
        answer = refused(site.request("GET", target, html), 303)
        assert answer.headers["Location"] == f"/auth/login{return_to}"
    assert site.request("GET", "/auth/login?return_to=//evil.example/").body.count(b"evil") == 0
    assert refused(site.request("POST", "/orders", html), 401)


def test_a_refused_token_says_why(site: Site, editor: Grant) -> None:
    """The challenge of watchword passes nginx; a cookie does not replace the token."""
    answer = refused(site.request("GET", "/orders", [("Authorization", "Bearer x"), *cookie(editor)]), 401)
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    refused(site.request("GET", "/orders", bearer(editor) + bearer(editor)), 400)


def test_a_role_opens_its_location(site: Site, editor: Grant, admin: Grant) -> None:
    """And nothing else does; the challenge says what was missing."""
    answer = refused(site.request("GET", "/admin/users", bearer(editor)), 403)
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    refused(site.request("GET", "/admin/users"), 401)
    assert told(site.request("GET", "/admin/users", bearer(admin))) == truth(site, admin)


def test_as_many_roles_as_a_token_holds(site: Site) -> None:
    """Headers larger than nginx reads by default arrive whole."""
    grant = site.signed_in("many", roles=[f"{number:02}" + "r" * 58 for number in range(80)])
    assert told(site.request("GET", "/orders", bearer(grant))) == truth(site, grant)


# --- spoofing ------------------------------------------------------------------------------------

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


# --- methods -------------------------------------------------------------------------------------


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


# --- paths ---------------------------------------------------------------------------------------

INTO_ADMIN = [
    "/admin/",
    "/admin",
    "//admin/",
    "/./admin/",
    "/public/../admin/",
    "/public/./../admin/",
    "/public/..//admin/",
    "/public/%2e%2e/admin/",
    "/public/%2E%2E/admin/",
    "/public/.%2e/admin/",
    "/public/..%2fadmin/",
    "/public/..%2Fadmin%2f",
    "/public/%2e%2e%2fadmin/",
    "/public%2f..%2fadmin/",
    "/public/x/../../admin/",
    "/public/..%5cadmin/",
    "/public/..\\admin/",
    "/public/..;/admin/",
    "/public/.../admin/",
    "/public/%252e%252e/admin/",
    "/public/..%252fadmin/",
    "/public/%c0%ae%c0%ae/admin/",
    "/public/..%00/admin/",
    "/public/?/../admin/",
    "/public/#/../admin/",
    "/%61dmin/",
    "/%2561dmin/",
    "/ADMIN/",
    "/Admin/",
    "/admin./",
    "/admin%20/",
    "/admin;/",
    "/admin/../admin/",
    "/orders/..%2fadmin/",
    "/_watchword/../admin/",
    "/auth/../admin/",
    "/auth/..%2fadmin/",
    "/.well-known/..%2fadmin/",
    "http://evil.example/admin/",
    "http://evil.example/public/../admin/",
    "http://evil.example/public/..%2fadmin/",
    "HTTP://public/admin/",
    "/../admin/",
    "/%2e%2e/admin/",
    "*",
    "public/../admin/",
]


def decoded(path: str) -> str:
    """The path as the most obliging app would read it: unescaped once, without its query."""
    return unquote(path.partition("?")[0])


@pytest.mark.parametrize("target", INTO_ADMIN)
def test_a_path_has_one_meaning(site: Site, editor: Grant, target: str) -> None:
    """Whichever way it is written: what needs a role is not reached without it, and nobody reaches
    what is not public. The app gets the path that was decided on, with no step up left in it."""
    for headers in ([], bearer(editor)):
        seen = site.request("GET", target, headers).seen
        if seen is None:
            continue
        path = decoded(seen.path)
        assert not path.startswith(("/admin/", "//")), seen.path
        assert "/../" not in path
        if headers:
            assert path.startswith("/public/") or seen.all("x-auth-user-id") == [str(editor.session.user_id)]
        else:
            assert path.startswith("/public/"), seen.path


@pytest.mark.parametrize(
    "query",
    ["machines=1", "role=editor", "?role=editor", "%3Frole=editor", "question=machines=1", "auth_roles=x"],
)
def test_a_query_is_the_apps_alone(site: Site, editor: Grant, query: str) -> None:
    """It neither asks for less nor for more."""
    refused(site.request("GET", f"/admin/?{query}", bearer(editor)), 403)
    answer = site.request("GET", f"/orders?{query}", bearer(editor))
    assert shown(answer)["path"] == f"/orders?{query}"


@pytest.mark.parametrize(
    "target",
    [
        "/auth/verify",
        "/auth/verify?role=admin",
        "/auth//verify",
        "/auth/%76erify",
        "/auth/./verify",
        "/_watchword/",
        "/_watchword/role=admin",
        "/%5fwatchword/",
        "//_watchword/",
    ],
)
def test_the_question_is_not_asked_from_outside(site: Site, admin: Grant, target: str) -> None:
    """Nobody gets the answer but nginx."""
    answer = refused(site.request("GET", target, bearer(admin)), 404)
    assert not [name for name in answer.headers if name.lower().startswith("x-auth-")]


def test_watchwords_own_pages_are_there(site: Site, editor: Grant) -> None:
    """Sign-in, keys and the caller, at the same origin."""
    assert b"<title>" in site.request("GET", "/auth/login").body
    assert site.request("GET", "/.well-known/jwks.json").status == 200
    assert str(editor.session.user_id).encode() in site.request("GET", "/auth/me", cookie(editor)).body
    refusal = site.request("GET", "/auth/me", [("Accept", "text/html")])
    assert (refusal.status, refusal.headers["Content-Type"]) == (401, "application/problem+json")


# --- faults --------------------------------------------------------------------------------------


def test_an_outage_is_503_with_a_time_to_come_back(site: Site, editor: Grant) -> None:
    """nginx makes a 500 of what watchword says; the client is told the truth, and nobody is let in."""
    with scribbled_over(site.database):
        site.clock.advance(40)
        for headers in (bearer(editor), cookie(editor)):
            answer = refused(site.request("GET", "/orders", headers), 503)
            assert answer.headers.get_all("Retry-After") == ["2"]
        assert site.request("GET", "/public/").status == 200
    site.clock.advance(2)
    assert site.request("GET", "/orders", bearer(editor)).status == 200


def test_watchword_gone_lets_nobody_in(tmp_path: Path) -> None:
    """And is told as an outage too."""
    port = loopback_port()
    with running_nginx(tmp_path, site_of(port, loopback_port(), loopback_port()), port):
        site = Site(port, *[None] * 4)  # type: ignore[arg-type]
        answer = refused(site.request("GET", "/orders"), 503)
    assert answer.headers["Retry-After"] == "5"
