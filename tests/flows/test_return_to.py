"""Where a sign-in ends: a local path of the service, byte for byte, or the default page."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.flows.conftest import Service

HOSTILE = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%2F/evil.example",
    "/%255Cevil.example",
    "/\t/evil.example",
    "/a\r\nSet-Cookie: evil=1",
    "javascript:alert(1)",
    "/..//evil.example",
    "/.//evil.example",
    "https:evil.example",
    "/\uff0fevil.example",
    "/auth/callback/dev?code=x",
    "/auth/logout",
    "evil",
    "",
    "/" + "x" * 1024,
]
HONEST = ["/", "/private?a=1&b=%20#part", "/orders/7", "/a%20b", "/auth/account"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_rt_a_hostile_return_path_becomes_the_default(shared: Service, hostile: str) -> None:
    """Nothing of it is in any Location or on the page, at the start or at the end."""
    browser = shared.browser()
    pages = browser.get(f"/auth/login?return_to={quote(hostile)}")
    assert "evil" not in pages.text
    response = shared.sign_in(browser, return_to=quote(hostile))
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert "evil" not in str(response.headers)


@pytest.mark.parametrize("honest", HONEST)
def test_rt_a_local_path_comes_back_byte_for_byte(shared: Service, honest: str) -> None:
    """Query, fragment and escapes included."""
    response = shared.sign_in(shared.browser(), return_to=quote(honest))
    assert (response.status_code, response.headers["location"]) == (303, honest)
