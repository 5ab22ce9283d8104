"""Sign-in at a provider none of us wrote: npm's oidc-provider, as strict as it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, RSAKey

from tests.flows.browser import Browser, local_part
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import claims_of
from tests.protocol.workshop import ED25519, OTHER_P256, P256, RSA
from tests.servers.oidc_provider import PeerProvider, peer_provider
from watchword.protocol.assertion_key import read_assertion_key
from watchword.protocol.signing import PrivateKey

CALLBACK = f"{BASE_URL}/auth/callback/peer"
SECRET = "a secret: 100% strange+odd/"


def pem(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def jwk(key: rsa.RSAPrivateKey) -> str:
    """A key that says what it signs with, and has a name of its own."""
    return json.dumps({**RSAKey.import_key(key).as_dict(private=True), "alg": "PS256", "kid": "2026-07"})


def signing(client_key: str, **changes: Any) -> dict[str, Any]:
    return {"client_auth": "private_key_jwt", "client_key": client_key, "client_secret": None, **changes}


CLIENTS: list[dict[str, Any]] = [
    {"client_id": "basic", "client_secret": SECRET, "redirect_uris": [CALLBACK]},
    {
        "client_id": "poster",
        "client_secret": SECRET,
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "client_secret_post",
        "id_token_signed_response_alg": "ES256",
    },
    {
        "client_id": "native",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    },
    {
        "client_id": "signer",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [read_assertion_key(pem(key)).public_jwk() for key in (P256, ED25519, RSA)]},
    },
    {
        "client_id": "strict",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "PS256",
        "require_pushed_authorization_requests": True,
        "jwks": {"keys": [read_assertion_key(jwk(RSA)).public_jwk()]},
    },
]
_MAX_REDIRECTS = 10


@pytest.fixture(scope="module")
def peer() -> Iterator[PeerProvider]:
    with peer_provider(CLIENTS) as running:
        yield running


def settings(peer: PeerProvider, client_id: str = "basic", **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "issuer": peer.issuer,
        "client_id": client_id,
        "client_secret": SECRET,
        "scopes": ["openid", "profile", "email", "roles"],
    }
    return {"peer": {**given, **changes}}


def visit(location: str) -> str:
    """Follow the provider's own redirects with its cookies; the first address of ours, as a path."""
    with httpx2.Client(follow_redirects=False, timeout=10) as http:
        return follow(http, location)


def follow(http: httpx2.Client, location: str) -> str:
    for _ in range(_MAX_REDIRECTS):
        response = http.get(location)
        assert response.status_code in (302, 303), response.text
        location = urljoin(location, response.headers["location"])
        if location.startswith(BASE_URL):
            return local_part(location)
    raise AssertionError("the provider redirects for ever")


def sign_in(service: Service) -> tuple[Browser, httpx2.Response]:
    browser = service.browser()
    return browser, browser.get(visit(service.begin(browser, provider="peer")))


@pytest.mark.parametrize(
    ("client_id", "changes"),
    [
        ("basic", {}),
        ("poster", {"client_auth": "client_secret_post"}),
        ("native", {"client_auth": "none", "client_secret": None}),
        ("signer", signing(pem(P256))),
        ("signer", signing(pem(RSA))),
        ("signer", signing(pem(ED25519))),
        ("basic", {"par": True}),
        ("native", {"client_auth": "none", "client_secret": None, "par": True}),
        ("strict", signing(jwk(RSA), par=True)),
    ],
)
def test_every_way_of_client_authentication_signs_in(
    start_service: StartService, peer: PeerProvider, client_id: str, changes: dict[str, Any]
) -> None:
    """RP-20, 10.4.10: basic with a secret that needs encoding, post with ES256 tokens, none with PKCE,
    private_key_jwt by each kind of key; the same for requests that are sent ahead."""
    browser, response = sign_in(start_service(providers=settings(peer, client_id, **changes)))
    assert response.status_code == 303, response.text
    answer = browser.get("/auth/me").json()
    assert (answer["name"], answer["email"], answer["roles"]) == (
        "Alice Example",
        "alice@example.test",
        ["admin"],
    )


def test_rp_14_profile_and_roles_come_from_userinfo(start_service: StartService, peer: PeerProvider) -> None:
    """This provider keeps them out of the ID token; without userinfo they are unknown."""
    browser, response = sign_in(start_service(providers=settings(peer, userinfo="never")))
    assert response.status_code == 303
    answer = browser.get("/auth/me").json()
    assert (answer["name"], answer["email"], answer["roles"]) == (None, None, [])


def test_another_person_is_another_account(start_service: StartService, peer: PeerProvider) -> None:
    """``authorize_params`` reach the provider, which signs in whom the hint names."""
    alice, _ = sign_in(start_service(providers=settings(peer)))
    bob, _ = sign_in(start_service(providers=settings(peer, authorize_params={"login_hint": "bob"})))
    assert bob.get("/auth/me").json()["name"] == "Bob Example"
    assert bob.get("/auth/me").json()["user_id"] != alice.get("/auth/me").json()["user_id"]


def test_rp_24_keys_that_rotate_between_two_sign_ins(start_service: StartService, peer: PeerProvider) -> None:
    """The second sign-in meets an unknown key, fetches once and goes on."""
    service = start_service(providers=settings(peer))
    assert sign_in(service)[1].status_code == 303
    peer.rotate_keys()
    assert sign_in(service)[1].status_code == 303


def test_rp_25_keys_that_rotate_during_a_sign_in(start_service: StartService, peer: PeerProvider) -> None:
    """The code is issued before the rotation, the ID token signed after it."""
    service = start_service(providers=settings(peer))
    assert sign_in(service)[1].status_code == 303
    browser = service.browser()
    path = visit(service.begin(browser, provider="peer"))
    peer.rotate_keys()
    assert browser.get(path).status_code == 303


def test_a_wrong_secret_is_an_error_page_and_no_session(
    start_service: StartService, peer: PeerProvider
) -> None:
    """The provider's invalid_client is the operator's mistake: 502, and the log names it."""
    browser, response = sign_in(start_service(providers=settings(peer, client_secret="wrong-secret")))
    assert response.status_code == 502
    assert not browser.signed_in


def test_requests_are_sent_ahead_where_this_provider_requires_it(
    start_service: StartService, peer: PeerProvider
) -> None:
    """RFC 9126 §5: its metadata say so, and without a setting of ours that is enough."""
    peer.require_pushed_requests(True)
    try:
        assert sign_in(start_service(providers=settings(peer)))[1].status_code == 303
        refused = start_service(providers=settings(peer, par=False)).browser().get("/auth/login/peer")
        assert refused.status_code == 502
    finally:
        peer.require_pushed_requests(False)


def test_10_4_10_a_key_nobody_registered_is_refused(start_service: StartService, peer: PeerProvider) -> None:
    """Under the name of one that is registered, too."""
    named = {**ECKey.import_key(OTHER_P256).as_dict(private=True), "kid": read_assertion_key(pem(P256)).kid}
    for key in (pem(OTHER_P256), json.dumps(named)):
        browser, response = sign_in(start_service(providers=settings(peer, "signer", **signing(key))))
        assert response.status_code == 502
        assert not browser.signed_in


def test_co_1_a_code_is_redeemed_once(start_service: StartService, peer: PeerProvider) -> None:
    """The same callback twice: the second is refused before the provider is asked."""
    service = start_service(providers=settings(peer))
    browser = service.browser()
    location = service.begin(browser, provider="peer")
    attempts = dict(browser.cookies)
    path = visit(location)
    assert browser.get(path).status_code == 303
    again = Browser(service.client, attempts)
    assert again.get(path).status_code == 400
    assert not again.signed_in


def test_rp_53_a_step_up_at_a_provider_that_keeps_people_signed_in(
    start_service: StartService, peer: PeerProvider
) -> None:
    """It says ``auth_time`` only when it is asked for an age: without, nothing is taken for recent; a
    silent single sign-on tells the true time; an age of 0 asks the person again."""
    service = start_service(providers=settings(peer))
    claims = []
    with httpx2.Client(follow_redirects=False, timeout=10) as http:
        for query in ("", "?max_age=3600", "?max_age=0"):
            browser = service.browser()
            location = browser.get(f"/auth/login/peer{query}").headers["location"]
            assert browser.get(follow(http, location)).status_code == 303, query
            claims.append(claims_of(browser.access))
    assert ["auth_time_source" in each for each in claims] == [True, False, False]
    assert claims[0]["auth_time"] >= claims[1]["auth_time"]
