"""Sign in, call, refresh, log out: the whole job over real HTTP to the provider."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.flows.browser import Browser, query_of
from tests.flows.conftest import BASE_URL, Service, StartService


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    read = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert isinstance(read, dict)
    return read


def test_rp_01_an_honest_sign_in_ends_signed_in(service: Service) -> None:
    """The callback answers 303 to a clean address with both cookies, and the session works."""
    browser = service.browser()
    response = service.sign_in(browser, return_to="/private")
    assert response.status_code == 303
    assert response.headers["location"] == "/private"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert browser.get("/private").json()["roles"] == ["admin"]
    assert not browser.attempts


def test_the_authorization_request_is_complete(service: Service) -> None:
    """PK-1, RP-18: code flow with S256, a fresh state and nonce, our exact redirect URI."""
    first, second = (query_of(service.begin(service.browser())) for _ in range(2))
    assert first["response_type"] == "code"
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == f"{BASE_URL}/auth/callback/dev"
    assert first["scope"] == "openid profile email offline_access"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]


def test_ses_70_cookies_are_what_the_contract_says(service: Service) -> None:
    """Names, attributes and lives of both session cookies over https."""
    browser = service.browser()
    service.sign_in(browser)
    cookies = {each.partition("=")[0]: each for each in browser.set_cookies if "Max-Age=0" not in each}
    assert set(cookies) == {"__Host-ww_access", "__Host-ww_refresh"}
    for cookie in cookies.values():
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"path=/", "httponly", "secure", "samesite=lax"} <= attributes
        assert not any(each.startswith("domain") for each in attributes)
        assert len(cookie.partition(";")[0]) <= 4096
    assert "Max-Age=900" in cookies["__Host-ww_access"]
    assert "Max-Age=86400" in cookies["__Host-ww_refresh"]


def test_over_plain_http_loopback_names_have_no_prefix(start_service: StartService) -> None:
    """In development on loopback the same names without prefix and without Secure."""
    service = start_service(base_url="http://127.0.0.1:8000")
    browser = service.signed_in()
    assert set(browser.cookies) == {"ww_access", "ww_refresh"}
    assert browser.get("/private").status_code == 200


def test_over_https_unprefixed_cookies_do_not_count(service: Service) -> None:
    """A sibling host can plant an unprefixed cookie, so it is not looked at."""
    browser = service.signed_in()
    planted = Browser(service.client, {"ww_access": browser.access, "ww_refresh": browser.refresh})
    assert planted.get("/private").status_code == 401


def test_the_access_token_is_rfc_9068_and_nothing_personal(service: Service) -> None:
    """Header, claims, and a signature any library verifies with the published keys."""
    browser = service.signed_in()
    keys = KeySet.import_key_set(service.client.get("/.well-known/jwks.json").json())
    token = jwt.decode(browser.access, keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert set(token.claims) == {
        *("iss", "aud", "sub", "client_id", "sid", "jti", "iat", "exp", "auth_time", "roles", "scope")
    }
    assert token.claims["iss"] == token.claims["aud"] == BASE_URL
    assert token.claims["exp"] - token.claims["iat"] == 900
    assert token.claims["client_id"] == "browser"
    assert token.claims["roles"] == ["admin"]
    assert "alice" not in json.dumps(token.claims).lower()


def test_me_reads_the_database(service: Service) -> None:
    """E-mail and name come from the account, ids from the token."""
    browser = service.signed_in("bob")
    answer = browser.get("/auth/me").json()
    claims = claims_of(browser.access)
    assert answer["user_id"] == answer["subject"] == claims["sub"]
    assert answer["session_id"] == claims["sid"]
    assert answer["issuer"] == BASE_URL
    assert (answer["email"], answer["name"]) == ("bob@example.test", "Bob Example")
    assert (answer["roles"], answer["scopes"]) == (["editor"], [])
    assert answer["auth_time"] == claims["auth_time"]


def test_roles_open_what_they_name_and_nothing_else(service: Service) -> None:
    """admin opens /admin, editor gets 403 with the right challenge."""
    assert service.signed_in("alice").get("/admin").status_code == 200
    response = service.signed_in("bob").get("/admin")
    assert response.status_code == 403
    assert response.headers["content-type"].startswith("application/problem+json")
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


def test_one_person_is_one_account_and_two_people_are_two(service: Service) -> None:
    """Found by (issuer, subject) at every sign-in."""
    first, second, other = (service.signed_in(name) for name in ("alice", "alice", "bob"))
    ids = [each.get("/auth/me").json()["user_id"] for each in (first, second, other)]
    assert ids[0] == ids[1] != ids[2]


def test_refresh_by_cookie_keeps_tokens_in_cookies(service: Service) -> None:
    """The body holds no token; both cookies change; the old session goes on."""
    browser = service.signed_in()
    before = (browser.access, browser.refresh)
    response = browser.post("/auth/refresh")
    assert response.status_code == 200
    assert set(response.json()) == {"expires_in", "session_id"}
    assert response.json()["session_id"] == claims_of(before[0])["sid"]
    assert browser.access != before[0]
    assert browser.refresh != before[1]
    assert browser.get("/private").status_code == 200


def test_refresh_by_body_sets_no_cookie(service: Service) -> None:
    """RFC 6749 §5.1 by body, JSON or form, and with both only the body counts."""
    browser = service.signed_in()
    other = service.signed_in("bob")
    response = browser.post("/auth/refresh", json={"refresh_token": other.refresh}, site=None)
    assert response.status_code == 200
    assert not browser.set_cookies
    body = response.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "scope", "session_id"}
    assert body["token_type"] == "Bearer"
    assert body["session_id"] == claims_of(other.access)["sid"]
    assert response.headers["cache-control"] == "no-store"
    again = service.browser().post("/auth/refresh", data={"refresh_token": body["refresh_token"]}, site=None)
    assert again.status_code == 200


def test_the_old_token_inside_the_overlap_gets_the_same_successor(service: Service) -> None:
    """Two tabs and lost responses converge; one tick later it is a replay and ends the session."""
    browser = service.signed_in()
    first = browser.refresh
    answers = [
        service.browser().post("/auth/refresh", json={"refresh_token": first}).json() for _ in range(3)
    ]
    assert len({each["refresh_token"] for each in answers}) == 1
    bearer = {"headers": {"authorization": f"Bearer {answers[0]['access_token']}"}}
    assert service.browser().request("GET", "/private", **bearer).status_code == 200
    service.clock.advance(10)
    response = service.browser().post("/auth/refresh", json={"refresh_token": first})
    assert (response.status_code, response.json()["error"]) == (401, "invalid_grant")
    assert service.browser().request("GET", "/private", **bearer).status_code == 401
    current = service.browser().post("/auth/refresh", json={"refresh_token": answers[0]["refresh_token"]})
    assert current.status_code == 401


def test_idle_slides_and_absolute_never_moves(start_service: StartService) -> None:
    """SES-31: refreshes carry the idle end forward, nothing carries the absolute one."""
    service = start_service(session_idle_seconds=100, session_absolute_seconds=250, access_token_seconds=60)
    browser = service.signed_in()
    for _ in range(2):
        service.clock.advance(99)
        assert browser.post("/auth/refresh").status_code == 200
    service.clock.advance(51)
    assert browser.post("/auth/refresh").status_code == 200
    service.clock.advance(1)
    assert browser.post("/auth/refresh").status_code == 401
    idle = service.signed_in()
    service.clock.advance(100)
    assert idle.post("/auth/refresh").status_code == 401


def test_an_access_token_never_outlives_the_session(start_service: StartService) -> None:
    """Near the absolute end, tokens get shorter."""
    service = start_service(
        session_idle_seconds=1000, session_absolute_seconds=1000, access_token_seconds=900
    )
    browser = service.signed_in()
    service.clock.advance(600)
    assert browser.post("/auth/refresh").json()["expires_in"] == 400


def test_logout_ends_the_session_for_good(service: Service) -> None:
    """SES-62: cookies cleared with the same attributes, and the row is dead for whoever kept them."""
    browser = service.signed_in()
    kept = Browser(service.client, dict(browser.cookies))
    response = browser.post("/auth/logout")
    assert response.status_code == 204
    assert not browser.cookies
    assert all("Max-Age=0" in each and "Path=/" in each and "Secure" in each for each in browser.set_cookies)
    assert kept.get("/private").status_code == 401
    assert kept.post("/auth/refresh").status_code == 401


def test_logout_of_a_form_goes_to_the_signed_out_page(start_service: StartService) -> None:
    """A person without JavaScript ends on a page, a program gets 204."""
    service = start_service()
    providers = {"dev": service.auth.settings.providers["dev"].model_copy(update={"logout": "local_only"})}
    service = start_service(providers=providers)
    browser = service.signed_in()
    response = browser.post("/auth/logout", headers={"accept": "text/html,application/xhtml+xml"})
    assert (response.status_code, response.headers["location"]) == (303, "/auth/signed-out")
    assert browser.get("/auth/signed-out").status_code == 200


def test_ses_64_logout_never_fails_on_an_ended_session(service: Service) -> None:
    """Twice, without any session, with garbage, with the access token already expired."""
    browser = service.signed_in()
    kept = dict(browser.cookies)
    assert browser.post("/auth/logout").status_code == 204
    for cookies in (kept, {}, {"__Host-ww_access": "x", "__Host-ww_refresh": "y"}):
        assert Browser(service.client, dict(cookies)).post("/auth/logout").status_code == 204
    late = service.signed_in()
    service.clock.advance(1000)
    refresh = late.refresh
    assert late.post("/auth/logout").status_code == 204
    assert service.browser().post("/auth/refresh", json={"refresh_token": refresh}).status_code == 401


def test_logout_by_bearer_ends_the_tokens_session(service: Service) -> None:
    """A program ends its session with the token it has."""
    browser = service.signed_in()
    bearer = {"authorization": f"Bearer {browser.access}"}
    assert service.browser().post("/auth/logout", site=None, headers=bearer).status_code == 204
    assert browser.get("/private").status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
def test_ses_63_a_cross_site_logout_or_refresh_has_no_effect(service: Service, site: str | None) -> None:
    """403, nothing changed: the next same-origin call works."""
    browser = service.signed_in()
    before = dict(browser.cookies)
    assert browser.post("/auth/logout", site=site).status_code == 403
    assert browser.post("/auth/refresh", site=site).status_code == 403
    assert browser.post("/private", site=site).status_code == 403
    assert browser.cookies == before
    assert browser.post("/auth/refresh").status_code == 200
    assert browser.post("/private").status_code == 200


def test_a_new_sign_in_ends_the_former_session_of_the_browser(service: Service) -> None:
    """SES-72: the identifier changes and the old one is dead."""
    browser = service.signed_in("alice")
    former = Browser(service.client, dict(browser.cookies))
    assert service.sign_in(browser, "bob").status_code == 303
    assert former.get("/private").status_code == 401
    assert browser.get("/private").status_code == 200


def test_two_replicas_are_one_service(start_service: StartService) -> None:
    """Sign in at one, use and end at the other; the first knows after its next reading of the feed."""
    first, second = start_service(), start_service()
    browser = first.signed_in()
    there = Browser(second.client, dict(browser.cookies))
    assert there.get("/private").status_code == 200
    assert there.post("/auth/logout").status_code == 204

    async def read_feed() -> None:
        await (await first.auth.services()).feed.poll()

    first.call(read_feed)
    assert browser.get("/private").status_code == 401


def test_a_public_route_stays_public(service: Service) -> None:
    """No token, a broken one, one of an ended session: all the same."""
    browser = service.signed_in()
    ended = dict(browser.cookies)
    browser.post("/auth/logout")
    for cookies in ({}, ended, {"__Host-ww_access": "garbage"}):
        assert Browser(service.client, dict(cookies)).get("/open").status_code == 200
    bad = {"headers": {"authorization": "Bearer garbage"}}
    assert service.browser().request("GET", "/open", **bad).status_code == 200


def test_live_routes_know_the_email(service: Service) -> None:
    """``live=True`` reads the session and fills in what the token does not carry."""
    assert service.signed_in("carol").get("/live").json() == {"email": "carol@example.test"}
