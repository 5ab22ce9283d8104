"""Signing out here and at the provider (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.flows.browser import Browser, query_of
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import claims_of
from tests.flows.refusals import change, select
from watchword.dev_provider import DevProviderServer
from watchword.dev_provider.registration import CLIENT_ID
from watchword.testing.provider import provider_settings

HTML = {"accept": "text/html,application/xhtml+xml"}
SIGNED_OUT = "/auth/signed-out"


def sign_out(browser: Browser, target: str = "/auth/logout") -> str:
    """Press the button; where it leads."""
    response = browser.post(target, headers=HTML)
    assert response.status_code == 303, response.text
    assert response.headers["cache-control"] == "no-store"
    assert not browser.cookies
    return response.headers["location"]


def kept(service: Service) -> list[Any]:
    return select(service, "SELECT sealed_id_token FROM ww_provider_grants WHERE sealed_id_token IS NOT NULL")


@pytest.mark.parametrize("target", ["/auth/logout", "/auth/logout?everywhere=yes"])
def test_rp_35_a_person_is_signed_out_at_the_provider_too(service: Service, target: str) -> None:
    """The session here has ended by then; hint, exact address and state go along, and the way back
    ends on our page."""
    browser = service.signed_in()
    stolen = Browser(service.client, dict(browser.cookies))
    location = sign_out(browser, target)
    assert stolen.get("/private").status_code == stolen.post("/auth/refresh").status_code == 401
    sent = query_of(location)
    hint = claims_of(sent.pop("id_token_hint"))
    assert (hint["iss"], hint["aud"]) == (service.provider.issuer, CLIENT_ID)
    assert location.startswith(f"{service.provider.issuer}/end-session?")
    state = sent.pop("state")
    assert len(state) >= 16
    assert sent == {"client_id": CLIENT_ID, "post_logout_redirect_uri": BASE_URL + SIGNED_OUT}
    answer = httpx2.get(location, follow_redirects=False)
    assert answer.headers["location"] == f"{BASE_URL}{SIGNED_OUT}?state={state}"


def test_rp_35_late_by_the_refresh_cookie_alone(service: Service) -> None:
    """An access token that ran out changes nothing."""
    browser = service.signed_in()
    service.clock.advance(1000)
    assert "id_token_hint" in query_of(sign_out(browser))


def test_rp_36_nothing_depends_on_what_comes_back(service: Service) -> None:
    """No state, another state, a wish to go on elsewhere: the same page, no cookie, no redirect."""
    pages = [
        service.client.get(f"{SIGNED_OUT}{query}", follow_redirects=False)
        for query in ("", "?state=other", "?state=a&state=b", "?return_to=https://evil.example/&state=%0d")
    ]
    assert {page.status_code for page in pages} == {200}
    assert len({page.text for page in pages}) == 1
    assert not any("set-cookie" in page.headers or "evil" in page.text for page in pages)


def test_programs_and_token_clients_get_no_redirect(service: Service) -> None:
    """204 for who asks for no page, a page of ours for a bearer token."""
    browser = service.signed_in()
    bearer = {"authorization": f"Bearer {browser.access}"}
    assert service.signed_in().post("/auth/logout").status_code == 204
    response = service.browser().post("/auth/logout", site=None, headers=HTML | bearer)
    assert response.headers["location"] == SIGNED_OUT


def test_rp_35_the_id_token_is_kept_sealed_and_given_out_once(service: Service) -> None:
    """The row holds none of its text, and nothing after the sign-out."""
    browser = service.signed_in()
    (sealed,) = kept(service)
    hint = query_of(sign_out(browser))["id_token_hint"]
    assert hint.partition(".")[2][:40].encode() not in sealed
    assert kept(service) == []


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE ww_provider_grants SET sealed_id_token = x'00ff'",
        "UPDATE ww_provider_grants SET sealed_id_token = (SELECT other.sealed_id_token"
        " FROM ww_provider_grants other WHERE other.id <> ww_provider_grants.id)",
        "UPDATE ww_sessions SET grant_id = NULL",
    ],
    ids=["not a seal", "moved from another session", "purged"],
)
def test_rp_35_without_a_hint_the_client_id_says_who_asks(service: Service, spoil: str) -> None:
    """A kept ID token that cannot be opened is no fault."""
    browser = service.signed_in()
    service.signed_in("bob")
    change(service, spoil)
    assert query_of(sign_out(browser)).keys() == {"client_id", "post_logout_redirect_uri", "state"}


def test_rp_35_an_id_token_too_long_for_an_address_is_not_kept(service: Service) -> None:
    """The client id alone goes along."""
    service.provider.behaviour.id_token_claims = lambda claims: claims | {"padding": "x" * 4000}
    browser = service.signed_in()
    assert kept(service) == []
    assert "id_token_hint" not in query_of(sign_out(browser))


@pytest.mark.parametrize(
    ("style", "path", "query"),
    [
        ("auth0_v2", "/v2/logout", {"client_id": CLIENT_ID, "returnTo": BASE_URL + SIGNED_OUT}),
        ("cognito", "/logout", {"client_id": CLIENT_ID, "logout_uri": BASE_URL + SIGNED_OUT}),
        ("local_only", SIGNED_OUT, {}),
    ],
)
def test_rp_35_every_style_has_its_address(
    start_service: StartService,
    provider_server: DevProviderServer,
    style: str,
    path: str,
    query: dict[str, str],
) -> None:
    """Where no hint is sent, no ID token is kept, and only pages whose button leaves may be left."""
    service = start_service(providers={"dev": {**provider_settings(provider_server), "logout": style}})
    browser = service.signed_in()
    assert kept(service) == []
    policy = browser.get("/auth/account", **HTML).headers["content-security-policy"]
    assert ("form-action" in policy) == (style == "local_only")
    location = sign_out(browser)
    assert (urlsplit(location).path, query_of(location)) == (path, query)
    if style != "local_only":
        assert location.startswith(service.provider.issuer)


def test_a_provider_without_the_endpoint_is_left_alone(service: Service) -> None:
    """The sign-out is ours alone."""
    service.provider.behaviour.metadata = lambda found: found | {"end_session_endpoint": None}
    assert sign_out(service.signed_in()) == SIGNED_OUT


@pytest.mark.parametrize("fault", ["away", "slow"])
def test_ses_64_a_logout_does_not_wait_for_the_provider(start_service: StartService, fault: str) -> None:
    """A replica that does not know the metadata yet asks for a second at most: less than the provider
    takes. The session has ended, and the page says that the provider may still remember."""
    browser = start_service().signed_in()
    other = start_service()
    there = Browser(other.client, browser.cookies)
    if fault == "away":
        other.provider.fail("discovery")
    else:
        other.provider.delay("discovery", 2)
    assert sign_out(there) == SIGNED_OUT
    other.provider.heal()
    assert "may still remember you" in there.get(SIGNED_OUT).text
    assert select(other, "SELECT revoked_reason FROM ww_sessions") == ["logout"]


def test_ses_64_an_address_that_is_known_anyway_waits_for_nothing(
    start_service: StartService, provider_server: DevProviderServer
) -> None:
    """Auth0's follows from the issuer: no metadata, no question."""
    dev = {"dev": {**provider_settings(provider_server), "logout": "auth0_v2"}}
    browser = start_service(providers=dev).signed_in()
    other = start_service(providers=dev)
    other.provider.fail("discovery")
    location = sign_out(Browser(other.client, browser.cookies))
    assert location.startswith(f"{other.provider.issuer}/v2/logout?")


def test_another_registration_never_sees_the_id_token(start_service: StartService) -> None:
    """After the provider's id was given to another client of it, the kept token stays where it is."""
    service = start_service()
    browser = service.signed_in()
    dev = service.auth.settings.providers["dev"]
    moved = start_service(providers={"dev": dev.model_copy(update={"client_id": "another"})})
    sent = query_of(sign_out(Browser(moved.client, browser.cookies)))
    assert sent["client_id"] == "another"
    assert "id_token_hint" not in sent


def test_a_provider_that_is_configured_no_more_is_not_asked(start_service: StartService) -> None:
    """A session of former times ends here."""
    service = start_service()
    browser = service.signed_in()
    dev = service.auth.settings.providers["dev"]
    later = start_service(providers={"new": dev})
    assert sign_out(Browser(later.client, browser.cookies)) == SIGNED_OUT
