"""Every page of ours says how browsers are to treat it, and every body what it is."""

from __future__ import annotations

from tests.flows.conftest import Service
from tests.flows.test_header_snapshot import HTML, mounted

IN_SIGN_IN = {
    "/auth/authorize",
    "/auth/callback/{provider}",
    "/auth/login",
    "/auth/login/{provider}",
}
"""Pages of a sign-in, which a client may have opened in a window of its own; so may refusals be."""


def test_asvs_3_4_6_3_4_8_every_page_says_so(shared: Service) -> None:
    """In no frame, with no reach of other windows, without script."""
    person = shared.signed_in()
    pages = 0
    for route in mounted(shared.app):
        if "GET" not in route.methods:
            continue
        for browser in (shared.browser(), person):
            response = browser.get(route.path, **HTML)
            if response.headers.get("content-type", "").startswith("text/html"):
                pages += 1
                policy = response.headers["content-security-policy"]
                assert "frame-ancestors 'none'" in policy, route.path
                assert policy.startswith("default-src 'none'"), route.path
                assert "script-src" not in policy, route.path
                if response.status_code < 400 and route.template not in IN_SIGN_IN:
                    assert response.headers["cross-origin-opener-policy"] == "same-origin", route.path
    assert pages > 10


def test_asvs_4_1_1_every_body_says_what_it_is(shared: Service) -> None:
    """To strangers and signed in, by every method that is served; text in UTF-8, JSON that is JSON."""
    bodies, person = 0, shared.signed_in("carol")
    for route in mounted(shared.app):
        for method in sorted(route.methods - {"HEAD"}):
            if person.get("/auth/me").status_code != 200:
                person = shared.signed_in("carol")
            for browser in (shared.browser(), person):
                for headers in ({}, HTML, {"sec-fetch-site": "same-origin"}):
                    response = browser.request(method, route.path, headers=headers)
                    if response.content:
                        bodies += 1
                        kind = response.headers["content-type"]
                        told = f"{method} {route.path}: {response.status_code} {kind}"
                        assert not kind.startswith("text/") or "charset=utf-8" in kind, told
                        assert kind.startswith("text/") or "json" in kind, told
                        assert "json" not in kind or response.json() is not None, told
    assert bodies > 100
