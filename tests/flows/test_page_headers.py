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


def test_asvs_3_4_6_3_4_8_4_1_1_every_page_says_so(shared: Service) -> None:
    """In no frame, with no reach of other windows, without script; text says its encoding."""
    person = shared.signed_in()
    pages = 0
    for route in mounted(shared.app):
        if "GET" not in route.methods:
            continue
        for browser in (shared.browser(), person):
            response = browser.get(route.path, **HTML)
            kind = response.headers.get("content-type", "")
            assert kind or not response.content, route.path
            assert not kind.startswith("text/") or "charset=utf-8" in kind, route.path
            if kind.startswith("text/html"):
                pages += 1
                policy = response.headers["content-security-policy"]
                assert "frame-ancestors 'none'" in policy, route.path
                assert policy.startswith("default-src 'none'"), route.path
                assert "script-src" not in policy, route.path
                if response.status_code < 400 and route.template not in IN_SIGN_IN:
                    assert response.headers["cross-origin-opener-policy"] == "same-origin", route.path
    assert pages > 10
