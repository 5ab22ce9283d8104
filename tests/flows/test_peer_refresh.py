"""Re-checks at npm's oidc-provider, which rotates refresh tokens and ends a family that is reused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.refusals import change, select
from tests.flows.test_peer_provider import visit
from tests.servers.oidc_provider import PeerProvider, peer_provider

SECRET = "x" * 40
RECHECK_SECONDS = 2
SEALED = "SELECT sealed_tokens FROM ww_provider_grants"


@pytest.fixture(scope="module")
def peer() -> Iterator[PeerProvider]:
    common: dict[str, Any] = {
        "redirect_uris": [f"{BASE_URL}/auth/callback/peer"],
        "grant_types": ["authorization_code", "refresh_token"],
    }
    confidential = {**common, "client_id": "confidential", "client_secret": SECRET}
    public = {**common, "client_id": "public", "token_endpoint_auth_method": "none"}
    with peer_provider([confidential, public]) as running:
        yield running


def start(start_service: StartService, peer: PeerProvider, client_id: str = "confidential") -> Service:
    """Offline access takes consent there (OpenID Connect Core §11)."""
    client: dict[str, Any] = {"client_secret": SECRET}
    if client_id == "public":
        client = {"client_auth": "none"}
    given = {"issuer": peer.issuer, "client_id": client_id, "authorize_params": {"prompt": "consent"}}
    roles = {"scopes": ["openid", "profile", "email", "roles", "offline_access"]}
    providers = {"peer": {**given, **client, **roles}}
    return start_service(providers=providers, provider_recheck_seconds=RECHECK_SECONDS)


def signed_in(service: Service) -> Browser:
    browser = service.browser()
    assert browser.get(visit(service.begin(browser, provider="peer"))).status_code == 303
    return browser


def due_again(service: Service, browser: Browser) -> int:
    """What a refresh says once the provider has to be asked; its tokens are checked by our clock, which
    may only be a little ahead."""
    service.clock.advance(RECHECK_SECONDS + 1)
    return browser.post("/auth/refresh").status_code


@pytest.mark.parametrize("client_id", ["confidential", "public"])
def test_rp_26_its_refresh_tokens_rotate(
    start_service: StartService, peer: PeerProvider, client_id: str
) -> None:
    """Each re-check goes with the token of the one before; roles come from userinfo, asked anew."""
    service = start(start_service, peer, client_id)
    browser = signed_in(service)
    me = browser.get("/auth/me").json()
    kept = select(service, SEALED)
    for _ in range(3):
        assert due_again(service, browser) == 200
        kept += select(service, SEALED)
    assert len({*kept}) == 4
    assert browser.get("/auth/me").json() == me
    assert me["roles"] == ["admin"]


def test_a_refresh_token_that_is_used_again_ends_the_family(
    start_service: StartService, peer: PeerProvider
) -> None:
    """As after somebody put an old copy of our database back: the provider takes it for theft."""
    service = start(start_service, peer)
    browser = signed_in(service)
    (spent,) = select(service, SEALED)
    assert due_again(service, browser) == 200
    change(service, f"UPDATE ww_provider_grants SET sealed_tokens = X'{spent.hex()}'")
    assert due_again(service, browser) == 401
    assert browser.get("/auth/me").status_code == 401
    assert select(service, SEALED) == [None]


def test_a_grant_that_was_revoked_there_ends_the_session(
    start_service: StartService, peer: PeerProvider
) -> None:
    """And the person may sign in again."""
    service = start(start_service, peer)
    browser = signed_in(service)
    peer.revoke_grants()
    assert due_again(service, browser) == 401
    assert due_again(service, signed_in(service)) == 200


def test_keys_that_rotate_between_two_re_checks(start_service: StartService, peer: PeerProvider) -> None:
    """The refreshed ID token names a key that is not known yet."""
    service = start(start_service, peer)
    browser = signed_in(service)
    peer.rotate_keys()
    assert due_again(service, browser) == 200
