"""Bad input anywhere: every request gets its own clear answer, and nothing of it is repeated raw."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.flows.changes import put
from tests.flows.conftest import BASE_URL, Service
from tests.flows.refusals import Refusals

HTML_OR_JSON = ("text/html", "application/json")
INJECTED = "x\r\nSet-Cookie: evil=1\r\n\r\n<script>\x00\u2028\u2029\u202e"


def test_ses_87_nothing_reflected_splits_a_header_or_a_log_line(
    refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    """CR, LF, NUL and line separators in every value we might repeat."""
    service = refusals.service
    value = quote(INJECTED)
    targets = [
        f"/auth/login?return_to={value}",
        f"/auth/login/dev?return_to={value}",
        f"/auth/login/{value}",
        f"/auth/callback/dev?error={value}&error_description={value}&state={value}&iss={value}",
        f"/auth/callback/{value}?code={value}",
        f"/auth/signed-out?state={value}",
        f"/private?{value}={value}",
    ]
    caplog.set_level("DEBUG", logger="watchword")
    for target in targets:
        response = service.browser().get(target)
        assert response.status_code < 500, target
        assert "evil" not in str(response.headers.get_list("set-cookie"))
        assert "<script>" not in response.text + str(response.headers)
        assert not any(char in str(response.headers.raw) for char in ("\\r", "\\n", "\\x00"))
    for record in caplog.records:
        assert not set("\r\n\x00\u2028\u2029\u202e") & set(record.getMessage())


@pytest.mark.parametrize("claims", [["sub"], ["name", "email", "picture", "roles", "acr"]], ids=str)
def test_ses_87_what_a_provider_says_of_a_person_splits_nothing(
    refusals: Refusals, caplog: pytest.LogCaptureFixture, claims: list[str]
) -> None:
    """Refused or shown: no header, no line of the log, and no markup comes of it."""
    service, browser = refusals.service, refusals.service.browser()
    caplog.set_level("DEBUG", logger="watchword")
    told: dict[str, Any] = dict.fromkeys(claims, INJECTED)
    if "roles" in told:
        told["roles"] = [INJECTED]
    service.provider.behaviour.id_token_claims = put(**told)
    answers = [service.sign_in(browser)]
    agent = {
        "x-original-method": "GET",
        "user-agent": INJECTED.replace("\x00", "").replace("\r\n", " ").encode(),
    }
    for path in ("/auth/account", "/auth/sessions", "/auth/me", "/auth/verify", "/private"):
        answers += [browser.request("GET", path, headers={"accept": kind, **agent}) for kind in HTML_OR_JSON]
    assert answers[0].status_code == (400 if claims == ["sub"] else 303)
    assert {each.status_code for each in answers[1:]} == ({303, 401} if claims == ["sub"] else {200})
    for response in answers:
        assert "evil" not in str(response.headers)
        assert "<script>" not in response.text or response.headers["content-type"] == "application/json"
    for record in caplog.records:
        assert not set("\r\n\x00\u2028\u2029\u202e") & set(record.getMessage())


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [
        ("a-Z-9", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("", False),
        ("a b", False),
        ("a_b", False),
        ("a\x7fb", False),
        ("<script>", False),
        ("\xfc", False),
    ],
)
def test_ses_87_a_request_id_is_taken_over_only_when_harmless(
    shared: Service, given_id: str, kept: bool
) -> None:
    """1 to 64 letters, digits and hyphens; anything else is replaced by our own."""
    headers = {"x-request-id": given_id.encode("latin-1")}
    response = shared.browser().request("GET", "/private", headers=headers)
    request_id = response.json()["request_id"]
    assert (request_id == given_id) is kept
    assert request_id.replace("-", "").isalnum()


COOKIES = [
    "__Host-ww_access=",
    "__Host-ww_access==; =x; ;;; =",
    "__Host-ww_access=\xff\xfe",
    "__Host-ww_access=a b; __Host-ww_refresh=c,d",
    '__Host-ww_access="quoted"; $Version=1',
    "__Host-ww_attempt_=x; __Host-ww_attempt_../..=y",
    "; ".join(f"c{number}=x" for number in range(500)),
    "x" * 20_000,
    "__Host-ww_access=" + "x" * 15_000,
]


@pytest.mark.parametrize("cookie", COOKIES)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/private"),
        ("GET", "/open"),
        ("GET", "/auth/me"),
        ("GET", "/auth/login"),
        ("GET", "/auth/login/dev"),
        ("GET", "/auth/callback/dev?state=x&code=y"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/logout"),
    ],
)
def test_any_cookie_header_is_survived(shared: Service, method: str, path: str, cookie: str) -> None:
    """Garbage in the Cookie header is nobody, at every address of ours."""
    headers = {"cookie": cookie.encode("latin-1"), "sec-fetch-site": "same-origin"}
    response = shared.browser().request(method, path, headers=headers)
    expected = {"/private": 401, "/open": 200, "/auth/me": 401, "/auth/login": 200, "/auth/login/dev": 303}
    expected |= {"/auth/refresh": 401, "/auth/logout": 204}
    assert response.status_code == expected.get(path, 400)


UNSAFE = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW")
fuzzed = settings(
    derandomize=True,
    deadline=None,
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)
PARAMETERS = st.lists(
    st.tuples(st.sampled_from(["code", "state", "iss", "error", "return_to", "x"]) | TEXT, TEXT), max_size=6
)


@settings(
    derandomize=True,
    deadline=None,
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.sampled_from(["/auth/login", "/auth/login/dev", "/auth/callback/dev", "/auth/signed-out"]),
    parameters=PARAMETERS,
)
def test_any_query_gets_an_answer(shared: Service, path: str, parameters: list[tuple[str, str]]) -> None:
    """Whatever the query, an answer below 500, and no session."""
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in parameters)
    browser = shared.browser()
    response = browser.get(f"{path}?{query}")
    assert response.status_code < 500
    assert not browser.signed_in


@settings(
    derandomize=True,
    deadline=None,
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    body=st.binary(max_size=60) | TEXT.map(lambda text: b'{"refresh_token": "%b"}' % text.encode()),
    content_type=st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain"])
    | TEXT,
)
def test_any_body_gets_an_answer(shared: Service, body: bytes, content_type: str) -> None:
    """Whatever is posted to the refresh, 400 or 401."""
    headers: dict[str, Any] = {"content-type": content_type.encode("utf-8")}
    response = shared.browser().post("/auth/refresh", content=body, headers=headers, site=None)
    assert response.status_code in (400, 401)


@pytest.mark.parametrize("path", ["/auth/login", "/auth/login/dev", "/auth/callback/dev", "/auth/me"])
def test_methods_that_are_not_served_are_405(shared: Service, path: str) -> None:
    """Unsafe methods on pages: no page, no attempt, no error of ours."""
    for method in UNSAFE:
        browser = shared.browser()
        assert browser.request(method, path).status_code == 405
        assert not browser.set_cookies


def test_a_host_header_builds_no_address(shared: Service) -> None:
    """The redirect URI and every link come from the settings, whatever the request says."""
    lies = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "http",
        "forwarded": "host=evil.example;proto=http",
        "x-original-url": "/evil",
    }
    for path in ("/auth/login/dev", "/auth/login", "/auth/signed-out"):
        response = shared.browser().request("GET", path, headers=lies)
        assert "evil" not in response.text + str(response.headers)
    location = shared.browser().request("GET", "/auth/login/dev", headers=lies).headers["location"]
    assert quote(f"{BASE_URL}/auth/callback/dev", safe="") in location
