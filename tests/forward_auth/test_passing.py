"""The nginx of ``examples/forward-auth`` in front of an app: who gets through, and what of an outage."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.forward_auth.asking import SAME_ORIGIN, bearer, cookie, refused, told, truth
from tests.servers.forward_auth import Site, shown, site_of
from tests.servers.nginx import running_nginx
from tests.servers.ports import loopback_port
from tests.sessions.test_database_away import scribbled_over
from watchword.auth.grants import Grant


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
