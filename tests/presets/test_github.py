"""GitHub: OAuth 2.0 without an ID token; who signed in is what its API says of the access token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.flows.browser import Browser, query_of
from tests.flows.conftest import Service, StartService
from tests.flows.raw_server import RawServer, answer, sends
from tests.flows.refusals import rows, select, verified_addresses
from tests.presets.github_server import API, CLIENT_ID, CLIENT_SECRET, GitHub


@pytest.fixture(scope="module")
def module_github() -> Iterator[GitHub]:
    github = GitHub()
    with github.server:
        yield github


@pytest.fixture(scope="module")
def module_hub(module_github: GitHub, start_for_vendor: StartService) -> Service:
    settings = {
        "preset": "github",
        "issuer": module_github.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    strict = {**settings, "userinfo": "always"}
    providers = {"hub": settings, "strict": strict, "quiet": {**settings, "userinfo": "never"}}
    return start_for_vendor(providers=providers, provider_recheck_seconds=600)


@pytest.fixture
def github(module_github: GitHub) -> GitHub:
    module_github.reset()
    return module_github


@pytest.fixture
def hub(module_hub: Service, github: GitHub) -> Service:
    module_hub.forget_faults()
    return module_hub


def try_sign_in(hub: Service, github: GitHub, provider: str = "hub") -> tuple[Browser, httpx2.Response]:
    browser = hub.browser()
    return browser, browser.get(github.approve(hub.begin(browser, provider=provider)))


def caller(hub: Service, github: GitHub, provider: str = "hub") -> dict[str, Any]:
    browser, response = try_sign_in(hub, github, provider)
    assert response.status_code == 303, response.text
    me: dict[str, Any] = browser.get("/auth/me").json()
    return me


def test_the_request_is_oauth_with_state_and_pkce(hub: Service, github: GitHub) -> None:
    """No nonce and no openid: there is no ID token to hold the one or to come for the other."""
    location = hub.begin(hub.browser(), provider="hub")
    assert location.startswith(f"{github.issuer}/login/oauth/authorize?")
    asked = query_of(location)
    assert set(asked) == {
        *("response_type", "client_id", "redirect_uri", "scope", "state"),
        *("code_challenge", "code_challenge_method"),
    }
    assert asked["scope"] == "read:user user:email"


def test_mix_1_its_answers_name_it_with_the_path_of_its_endpoints(hub: Service, github: GitHub) -> None:
    """``iss`` (RFC 9207) as GitHub sends it signs in, another's is refused without a request."""
    for iss, status in (("/login/oauth", 303), (".evil/login/oauth", 400)):
        browser, asked = hub.browser(), len(github.asked)
        callback = github.approve(hub.begin(browser, provider="hub"))
        said = urlencode({"iss": github.issuer + iss})
        assert browser.get(f"{callback}&{said}").status_code == status
        assert (len(github.asked) > asked) == (status == 303)


def test_a_person_is_the_number_of_their_account(hub: Service, github: GitHub) -> None:
    """Issuer and number identify; name and verified primary address are taken over, and a login that
    changed hands is somebody else."""
    first = caller(hub, github)
    assert (first["email"], first["name"], first["roles"]) == ("mona@example.test", "Mona Octocat", [])
    assert (github.issuer, "583231") in list(
        zip(
            select(hub, "SELECT issuer FROM ww_identities ORDER BY id"),
            select(hub, "SELECT subject FROM ww_identities ORDER BY id"),
            strict=True,
        )
    )
    assert "mona@example.test" in verified_addresses(hub)
    github.user |= {"login": "renamed", "name": None}
    renamed = caller(hub, github)
    assert (renamed["user_id"], renamed["name"]) == (first["user_id"], "renamed")
    github.user |= {"login": "octocat", "id": 99}
    assert caller(hub, github)["user_id"] != first["user_id"]


def test_the_token_is_asked_for_as_json_and_sent_as_bearer(hub: Service, github: GitHub) -> None:
    """GitHub answers in a form unless asked; the secret travels in the body, where it is documented."""
    before = len(github.asked)
    caller(hub, github)
    assert github.asked[before:] == ["/login/oauth/access_token", API, f"{API}/emails"]
    exchange = github.server.requests[before]
    assert b"\r\nauthorization:" not in exchange.lower()
    assert f"client_secret={CLIENT_SECRET}".encode() in exchange


BAD_EMAILS: dict[str, Any] = {
    "not verified": [{"email": "a@example.test", "primary": True, "verified": False}],
    "verified by a word": [{"email": "a@example.test", "primary": True, "verified": "true"}],
    "none primary": [{"email": "a@example.test", "primary": False, "verified": True}],
    "two primary": [{"email": f"{each}@example.test", "primary": True, "verified": True} for each in "ab"],
    "no address": [{"email": None, "primary": True, "verified": True}],
    "no text": [{"email": ["a@example.test"], "primary": True, "verified": True}],
    "nothing": [],
}


@pytest.mark.parametrize("emails", BAD_EMAILS.values(), ids=BAD_EMAILS)
def test_only_the_verified_primary_address_counts(hub: Service, github: GitHub, emails: Any) -> None:
    """Anything else is no address; the public profile's is never one."""
    github.emails = emails
    github.user |= {"id": 700 + len(str(emails)), "email_verified": True}
    assert caller(hub, github)["email"] is None


FAULTY: dict[str, tuple[Any, int, int]] = {
    "an object": ({}, 200, 502),
    "a list of texts": (["a@example.test"], 200, 502),
    "no JSON": (b"<html>", 200, 502),
    "not allowed": ({"message": "Resource not accessible"}, 403, 502),
    "not found": ({"message": "Not Found"}, 404, 502),
    "away": ({}, 503, 503),
}


@pytest.mark.parametrize(("emails", "status", "told"), FAULTY.values(), ids=FAULTY)
def test_faulty_addresses_refuse_where_they_are_required(
    hub: Service, github: GitHub, emails: Any, status: int, told: int
) -> None:
    """``always`` refuses, ``auto`` goes on without, ``never`` does not ask."""
    github.emails, github.statuses = emails, {f"{API}/emails": status}
    assert try_sign_in(hub, github, "strict")[1].status_code == told
    assert caller(hub, github)["name"] == "Mona Octocat"
    before = len(github.asked)
    assert caller(hub, github, "quiet")["name"] == "Mona Octocat"
    assert github.asked[before:] == ["/login/oauth/access_token", API]


BAD_USERS: dict[str, Any] = {
    "no number": {"login": "octocat"},
    "a text": {"login": "octocat", "id": "583231"},
    "true": {"id": True},
    "a fraction": {"id": 583231.0},
    "null": {"id": None},
    "zero": {"id": 0},
    "negative": {"id": -583231},
    "beyond all numbers": {"id": 2**63},
    "a list": [{"id": 583231}],
    "no JSON": b"id=583231",
    "twice": b'{"id": 1, "id": 583231}',
}


@pytest.mark.parametrize("user", BAD_USERS.values(), ids=BAD_USERS)
def test_without_a_number_nobody_signs_in(hub: Service, github: GitHub, user: Any) -> None:
    """Login and address are no substitutes."""
    github.user = user
    before = rows(hub)
    browser, response = try_sign_in(hub, github)
    assert response.status_code == 502
    assert not browser.signed_in
    assert rows(hub) == before


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (401, {}, 502),
        (403, {}, 502),
        (403, {"X-RateLimit-Remaining": "0", "Retry-After": "30"}, 503),
        (429, {}, 503),
        (500, {}, 503),
        (302, {"Location": "/"}, 502),
    ],
)
def test_an_api_that_does_not_answer_opens_nothing(
    hub: Service, github: GitHub, status: int, headers: dict[str, str], told: int
) -> None:
    """A limit that is used up is an outage, and says so by 403."""
    github.statuses, github.headers = {API: status}, headers
    browser, response = try_sign_in(hub, github)
    assert (response.status_code, browser.signed_in) == (told, False)


BAD_TOKENS: dict[str, tuple[Any, int]] = {
    "a used code": ({"error": "bad_verification_code", "error_description": "<b>x</b>"}, 400),
    "a wrong secret": ({"error": "incorrect_client_credentials"}, 502),
    "a wrong redirect URI": ({"error": "redirect_uri_mismatch"}, 502),
    "an error beside a token": ({"access_token": "gho_x", "token_type": "bearer", "error": "x"}, 502),
    "no token": ({"token_type": "bearer", "scope": ""}, 502),
    "another type": ({"access_token": "gho_x", "token_type": "mac"}, 502),
    "a form": (b"access_token=gho_x&token_type=bearer", 502),
}


@pytest.mark.parametrize(("token", "told"), BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_an_error_with_status_200_is_an_error(hub: Service, github: GitHub, token: Any, told: int) -> None:
    """GitHub never says it by the status; nothing of it reaches the page, and no API is asked."""
    github.token = token
    before = len(github.asked)
    browser, response = try_sign_in(hub, github)
    assert (response.status_code, browser.signed_in) == (told, False)
    assert "<b>" not in response.text
    assert github.asked[before:] == ["/login/oauth/access_token"]


def test_a_code_of_another_attempt_is_worth_nothing(hub: Service, github: GitHub) -> None:
    """PKCE binds the code to the browser that asked for it."""
    victim, attacker = hub.browser(), hub.browser()
    stolen = query_of(github.approve(hub.begin(attacker, provider="hub")))["code"]
    state = query_of(github.approve(hub.begin(victim, provider="hub")))["state"]
    response = victim.get(f"/auth/callback/hub?code={stolen}&state={state}")
    assert (response.status_code, victim.signed_in) == (400, False)


def test_no_step_up_goes_to_github(hub: Service) -> None:
    """It never says when somebody signed in."""
    assert hub.browser().get("/auth/login/hub?max_age=60").status_code == 400
    assert hub.browser().get("/auth/login?max_age=60").status_code == 400


def test_endpoints_may_be_written_down_elsewhere(github: GitHub, start_for_vendor: StartService) -> None:
    """``METADATA_URL`` works here too; no keys are asked for, and a user endpoint is."""
    document = {
        "issuer": "https://github.test",
        "authorization_endpoint": f"{github.issuer}/login/oauth/authorize",
        "token_endpoint": f"{github.issuer}/login/oauth/access_token",
        "userinfo_endpoint": f"{github.issuer}{API}",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }
    settings = {"preset": "github", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    for gone, status in ((None, 303), ("userinfo_endpoint", 502)):
        published = {name: value for name, value in document.items() if name != gone}
        with RawServer(sends(answer(json.dumps(published).encode()))) as server:
            where = {"issuer": "https://github.test", "metadata_url": f"{server.address}/metadata.json"}
            service = start_for_vendor(providers={"hub": {**settings, **where}})
            assert try_sign_in(service, github)[1].status_code == status


def of_an_app(github: GitHub, hub: Service) -> Browser:
    """Signed in by a GitHub App whose tokens expire, so that there is a refresh token; due again."""
    github.token |= {"refresh_token": "ghr_1", "expires_in": 28800, "refresh_token_expires_in": 15897600}
    browser, response = try_sign_in(hub, github)
    assert response.status_code == 303, response.text
    hub.clock.advance(601)
    return browser


def test_an_app_with_expiring_tokens_is_asked_again(hub: Service, github: GitHub) -> None:
    """It names the same account; the next refresh token takes the place of the first."""
    browser = of_an_app(github, hub)
    github.user |= {"login": "renamed", "name": "Mona Renamed"}
    asked = len(github.asked)
    assert browser.post("/auth/refresh").status_code == 200
    assert github.asked[asked:] == ["/login/oauth/access_token", API, f"{API}/emails"]
    assert browser.get("/auth/me").json()["name"] == "Mona Renamed"
    hub.clock.advance(601)
    assert browser.post("/auth/refresh").status_code == 200
    assert github.token["refresh_token"] == "ghr_1.."


@pytest.mark.parametrize("said", [{"token": {"refresh_token": "ghr_x"}}, {"user": {"id": 583232}}])
def test_a_revoked_grant_and_another_account_end_the_session(
    hub: Service, github: GitHub, said: dict[str, dict[str, Any]]
) -> None:
    """``bad_refresh_token`` comes in a 200; of an account the number counts, whatever the login is."""
    browser = of_an_app(github, hub)
    for name, change in said.items():
        getattr(github, name).update(change)
    assert browser.post("/auth/refresh").status_code == 401
    assert browser.get("/auth/me").status_code == 401


def test_an_oauth_app_gives_no_refresh_token(hub: Service, github: GitHub) -> None:
    """Its people are not asked about again, and go on."""
    browser, _ = try_sign_in(hub, github)
    asked = len(github.asked)
    for _ in range(2):
        hub.clock.advance(3000)
        assert browser.post("/auth/refresh").status_code == 200
    assert len(github.asked) == asked
