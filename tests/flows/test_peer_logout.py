"""Signing out with npm's oidc-provider: by us at the provider, and by the provider at us."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest

from tests.flows.browser import Browser, local_part
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.logout_tokens import still_in
from tests.servers.oidc_provider import PeerProvider, peer_provider
from tests.servers.relay import Relay, relaying

SECRET = "x" * 40
PEER_PATH = "/auth/backchannel-logout/peer"
HTML = {"accept": "text/html"}
_FORM = re.compile(r'action="([^"]+)".*?name="xsrf" value="([^"]+)"', re.DOTALL)


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with relaying() as listening:
        yield listening


@pytest.fixture(scope="module")
def peer(relay: Relay) -> Iterator[PeerProvider]:
    """Two clients: one wants to hear of sessions, one of people; neither may end elsewhere."""
    common: dict[str, Any] = {
        "client_secret": SECRET,
        "redirect_uris": [f"{BASE_URL}/auth/callback/peer"],
        "post_logout_redirect_uris": [f"{BASE_URL}/auth/signed-out"],
        "backchannel_logout_uri": relay.url + PEER_PATH,
    }
    by_sid = {"client_id": "by-sid", "backchannel_logout_session_required": True}
    with peer_provider([common | by_sid, common | {"client_id": "by-sub"}]) as running:
        yield running


def start(
    start_service: StartService, peer: PeerProvider, relay: Relay, client_id: str = "by-sid"
) -> Service:
    """A service with this provider, reached by it through the relay."""
    given = {"issuer": peer.issuer, "client_id": client_id, "client_secret": SECRET, "scopes": ["openid"]}
    service = start_service(providers={"peer": given})

    def answer(path: str, content_type: str, body: bytes) -> int:
        headers = {"content-type": content_type}
        return service.client.post(path, content=body, headers=headers).status_code

    relay.answer = answer
    relay.said.clear()
    return service


def sign_in(service: Service, http: httpx2.Client) -> Browser:
    """One more session of the browser that ``http`` is at the provider."""
    browser = service.browser()
    location = service.begin(browser, provider="peer")
    while not location.startswith(BASE_URL):
        response = http.get(location)
        assert response.status_code in (302, 303), response.text
        location = urljoin(location, response.headers["location"])
    assert browser.get(local_part(location)).status_code == 303
    return browser


def confirm(http: httpx2.Client, location: str, **answer: str) -> httpx2.Response:
    """Open the provider's page that asks, and answer it."""
    page = http.get(location)
    assert page.status_code == 200, page.text
    found = _FORM.search(page.text)
    assert found is not None
    return http.post(found[1], data={"xsrf": found[2], **answer})


@pytest.fixture
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(follow_redirects=False, timeout=10) as client:
        yield client


def test_rp_35_a_person_signs_out_here_and_there(
    start_service: StartService, peer: PeerProvider, relay: Relay, http: httpx2.Client
) -> None:
    """The provider takes the hint and the address, asks the person, sends the browser back with our
    state, and tells us by the back channel, too: nothing is left to end, which is no error."""
    service = start(start_service, peer, relay)
    browser = sign_in(service, http)
    location = browser.post("/auth/logout", headers=HTML).headers["location"]
    answer = confirm(http, location, logout="yes")
    assert answer.status_code == 303
    back = answer.headers["location"]
    assert back.startswith(f"{BASE_URL}/auth/signed-out?state=")
    assert browser.get(local_part(back)).status_code == 200
    assert relay.said == [200]


@pytest.mark.parametrize("client_id", ["by-sid", "by-sub"])
def test_rp_37_a_person_who_signs_out_there_is_signed_out_here(
    start_service: StartService, peer: PeerProvider, relay: Relay, http: httpx2.Client, client_id: str
) -> None:
    """Its token is believed; by ``sid`` another browser's session goes on, by ``sub`` it ends."""
    service = start(start_service, peer, relay, client_id)
    browser = sign_in(service, http)
    with httpx2.Client(follow_redirects=False, timeout=10) as other:
        elsewhere = sign_in(service, other)
    assert still_in(browser, elsewhere) == [True, True]
    confirm(http, f"{peer.issuer}/session/end", logout="yes")
    assert relay.said == [200]
    assert still_in(browser, elsewhere) == [False, client_id == "by-sid"]


def test_rp_41_a_logout_for_another_client_ends_nothing(
    start_service: StartService, peer: PeerProvider, relay: Relay, http: httpx2.Client
) -> None:
    """The provider's word to one client of ours is not its word to another."""
    sign_in(start(start_service, peer, relay, "by-sub"), http)
    service = start(start_service, peer, relay, "by-sid")
    with httpx2.Client(follow_redirects=False, timeout=10) as other:
        browser = sign_in(service, other)
    confirm(http, f"{peer.issuer}/session/end", logout="yes")
    assert relay.said == [400]
    assert still_in(browser) == [True]
