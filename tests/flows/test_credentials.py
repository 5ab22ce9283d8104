"""Which credentials count, and where: no cookie across sites, no token out of its place."""

from __future__ import annotations

import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import BASE_URL, Service
from watchword import require_auth

PROVES_NOTHING: dict[str, dict[str, str]] = {
    "nothing": {},
    "cross-site": {"sec-fetch-site": "cross-site"},
    "same-site": {"sec-fetch-site": "same-site"},
    "none": {"sec-fetch-site": "none"},
    "another case": {"sec-fetch-site": "Same-Origin"},
    "origin null": {"origin": "null"},
    "origin evil": {"origin": "https://evil.example"},
    "origin of a sibling": {"origin": "https://evil.app.example.test"},
    "origin that starts like ours": {"origin": f"{BASE_URL}.evil.example"},
    "origin with a port": {"origin": f"{BASE_URL}:444"},
    "origin over http": {"origin": BASE_URL.replace("https", "http")},
    "origin with a path": {"origin": f"{BASE_URL}/"},
    "referer only": {"referer": f"{BASE_URL}/page"},
    "good origin, but cross-site": {"origin": BASE_URL, "sec-fetch-site": "cross-site"},
    "a form": {"content-type": "application/x-www-form-urlencoded"},
    "JSON as text": {"content-type": "text/plain"},
    "a token of another kind": {"x-csrf-token": "x", "x-requested-with": "XMLHttpRequest"},
}
PROOFS = [{"sec-fetch-site": "same-origin"}, {"origin": BASE_URL}]
UNSAFE = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW")


@pytest.fixture(scope="module")
def counting(module_service: Service) -> list[str]:
    """A protected route for every unsafe method that writes down who got through."""
    done: list[str] = []

    @require_auth
    async def change() -> dict[str, bool]:
        done.append("changed")
        return {"done": True}

    module_service.app.add_api_route("/change", change, methods=list(UNSAFE))
    return done


@pytest.mark.parametrize("method", UNSAFE)
def test_ses_73_a_cookie_proves_nothing_about_who_made_the_request(
    shared: Service, counting: list[str], method: str
) -> None:
    """403 and no effect for every unsafe method without proof of our own origin; with it, and for a
    bearer token without any cookie, it works."""
    browser = shared.signed_in()
    counting.clear()
    for name, headers in PROVES_NOTHING.items():
        response = browser.request(method, "/change", headers=headers, content=b'{"a": 1}')
        assert (response.status_code, response.json()["code"]) == (403, "cross_site_request"), name
        assert "access-control-allow-origin" not in response.headers
    assert not counting
    for headers in PROOFS:
        assert browser.request(method, "/change", headers=headers).status_code == 200
    bearer = {"authorization": f"Bearer {browser.access}"}
    for headers in PROVES_NOTHING.values():
        assert shared.browser().request(method, "/change", headers={**headers, **bearer}).status_code == 200
    assert len(counting) == len(PROOFS) + len(PROVES_NOTHING)


def test_x_05_a_token_counts_in_its_own_place_only(shared: Service) -> None:
    """In the query, a form, another header or another cookie it is nothing (RFC 9700 §4.3.2)."""
    browser = shared.signed_in()
    token, anybody = browser.access, shared.browser()
    for path in (f"/private?access_token={token}", f"/private?token={token}&authorization=Bearer%20{token}"):
        assert anybody.get(path).status_code == 401
    assert anybody.post("/private", data={"access_token": token}).status_code == 401
    for name in ("x-access-token", "x-authorization", "proxy-authorization", "authentication", "x-user-id"):
        headers = {name: f"Bearer {token}"}
        assert anybody.request("GET", "/private", headers=headers).status_code == 401
    for name in (
        "access_token",
        "token",
        "ww_access",
        "__Host-ww_Access",
        "__Host-ww_refresh",
        "Authorization",
    ):
        assert Browser(shared.client, {name: token}).get("/private").status_code == 401


AUTHORIZATIONS = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer  {token}",
    "Bearer\t{token}",
    "Bearer {token} ",
    "Bearer {token},{token}",
    "Bearer Bearer {token}",
    "Bearer x",
    "Bearer ..",
    "Bearer a.b.c",
    "Bearer {token}A",
    "Bearer \xff",
    "Bearer " + "x" * 20_000,
]
OTHER_SCHEMES = ["Basic {token}", "DPoP {token}", "Token {token}", "{token}"]


def test_x_07_a_bad_bearer_is_never_replaced_by_the_cookie(shared: Service) -> None:
    """401 with the challenge, which names no error for another scheme (RFC 6750 §3.1), while the same
    cookie alone is let in; two headers are none."""
    browser = shared.signed_in()
    for template in AUTHORIZATIONS + OTHER_SCHEMES:
        value = template.format(token=browser.access).encode("latin-1")
        response = browser.request("GET", "/private", headers={"authorization": value})
        assert response.status_code == 401, template
        told = response.headers["www-authenticate"]
        assert told.startswith('Bearer error="invalid_token"') or template in OTHER_SCHEMES, template
        assert told == "Bearer" or template in AUTHORIZATIONS, template
        assert browser.request("GET", "/open", headers={"authorization": value}).status_code == 200
    both = [("authorization", f"Bearer {browser.access}")] * 2
    assert shared.client.get("/private", headers=both).status_code == 401
    assert browser.get("/private").status_code == 200
