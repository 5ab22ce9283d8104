"""Every way to write a path: what is protected stays so, whichever way it is asked for."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from tests.forward_auth.asking import bearer, cookie, refused
from tests.servers.forward_auth import Site, shown
from watchword.auth.grants import Grant

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
