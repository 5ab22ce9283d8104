"""The provider ends sessions behind the browser's back (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import httpx2
import pytest

from tests.flows.conftest import Service, StartService
from tests.flows.logout_tokens import ABSENT, PATH, ProviderSpeaks, still_in
from tests.flows.refusals import change, select
from watchword.dev_provider import DevProviderServer
from watchword.dev_provider.keys import KeyRing
from watchword.testing.provider import provider_settings


@pytest.fixture
def speaks(shared: Service) -> ProviderSpeaks:
    return ProviderSpeaks(shared)


def fresh() -> str:
    return uuid.uuid4().hex


def refused(answer: httpx2.Response, status: int = 400) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
    assert answer.headers["cache-control"] == "no-store"


def test_rp_37_a_logout_by_sid_ends_that_session_alone(speaks: ProviderSpeaks) -> None:
    """200, not to be stored; the person's other session and other people's go on."""
    sid = fresh()
    ended, other, bob = speaks.signed_in(sid), speaks.signed_in(fresh()), speaks.signed_in(fresh(), "bob")
    answer = speaks.logout(sid=sid, sub=speaks.subject())
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, b"", "no-store")
    assert still_in(ended, other, bob) == [False, True, True]
    assert ended.post("/auth/refresh").status_code == 401
    said = f"SELECT revoked_reason FROM ww_sessions WHERE provider_sid = '{sid}'"
    assert select(speaks.service, said) == ["provider_logout"]


def test_rp_37_a_logout_by_sub_ends_every_session_of_the_person(speaks: ProviderSpeaks) -> None:
    """But not those that the same person has by way of another registration at the provider."""
    one, two, bob = (speaks.signed_in(fresh(), name) for name in ("alice", "alice", "bob"))
    elsewhere = speaks.signed_in(fresh(), provider="other")
    assert speaks.logout(sub=speaks.subject()).status_code == 200
    assert still_in(one, two, bob, elsewhere) == [False, False, True, True]


def test_rp_37_sid_and_sub_have_to_belong_together(speaks: ProviderSpeaks) -> None:
    """Somebody else's session is not ended, and an unknown one is no error."""
    sid = fresh()
    browser = speaks.signed_in(sid)
    assert speaks.logout(sid=sid, sub=speaks.subject("bob")).status_code == 200
    assert speaks.logout(sid=fresh()).status_code == 200
    assert still_in(browser) == [True]


def test_rp_37_every_replica_knows(start_service: StartService) -> None:
    """The one that did not hear it, too, once it has read the feed."""
    one, two = start_service(), start_service()
    speaks = ProviderSpeaks(one)
    browser = speaks.signed_in("s")
    there = two.browser()
    there.cookies.update(browser.cookies)
    assert still_in(there) == [True]
    assert speaks.logout(sid="s").status_code == 200
    two.call(_catch_up, two)
    assert still_in(there) == [False]


async def _catch_up(service: Service) -> None:
    await (await service.auth.services()).feed.catch_up()


def test_rp_42_the_same_token_again_has_no_effect(speaks: ProviderSpeaks) -> None:
    """200 for a provider that missed the answer, and sessions opened since go on."""
    token = speaks.token(sub=speaks.subject())
    assert speaks.send(token).status_code == 200
    later = speaks.signed_in(fresh())
    assert speaks.send(token).status_code == 200
    assert still_in(later) == [True]


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_rp_38_41_only_the_providers_own_signature_counts(speaks: ProviderSpeaks) -> None:
    """None, a symmetric one, a stranger's under the provider's key id, an altered token."""
    sid = fresh()
    browser = speaks.signed_in(sid)
    token, claims = speaks.token(sid=sid), part(speaks.claims(sid=sid))
    kid = speaks.service.provider.keys.header()["kid"]
    header, payload, signature = token.split(".")
    stranger = KeyRing().sign(speaks.claims(sid=sid), {"alg": "ES256", "kid": kid, "typ": "logout+jwt"})
    for forged in (
        f"{part({'alg': 'none', 'typ': 'logout+jwt'})}.{claims}.",
        f"{part({'alg': 'HS256', 'kid': kid, 'typ': 'logout+jwt'})}.{claims}.{signature}",
        f"{part({'alg': 'RS256', 'kid': kid, 'typ': 'logout+jwt'})}.{claims}.{signature}",
        stranger,
        f"{header}.{claims}.{signature}",
        f"{header}.{payload}.",
        "not a token",
        "x" * 9000,
    ):
        refused(speaks.send(forged))
    assert still_in(browser) == [True]


@pytest.mark.parametrize(
    "changes",
    [
        {"events": ABSENT},
        {"events": {"http://schemas.openid.net/event/another": {}}},
        {"nonce": "n"},
        {"aud": "another-client"},
        {"iss": "https://another.example"},
        {"exp": 1},
        {"iat": 1},
        {"jti": ABSENT},
        {"sid": ABSENT},
        {"header": {"typ": "JWT"}},
        {"header": {}},
    ],
)
def test_rp_39_40_41_42_a_token_with_one_fault_ends_nothing(
    speaks: ProviderSpeaks, changes: dict[str, Any]
) -> None:
    """400, and the session stays."""
    sid = fresh()
    browser = speaks.signed_in(sid)
    refused(speaks.logout(**({"sid": sid} | changes)))
    assert still_in(browser) == [True]


def test_rp_42_other_tokens_are_no_logout_tokens(speaks: ProviderSpeaks) -> None:
    """Our access token, and what the provider signs at a sign-in."""
    sid = fresh()
    browser = speaks.signed_in(sid)
    now = int(speaks.service.clock.now().timestamp())
    id_token = {"sub": speaks.subject(), "sid": sid, "nonce": "n", "auth_time": now, "events": ABSENT}
    refused(speaks.send(browser.access))
    refused(speaks.logout(header={}, **id_token))
    assert still_in(browser) == [True]


def test_rp_42_the_request_has_one_shape(speaks: ProviderSpeaks) -> None:
    """No GET, no other type of body, a small body, one token; unknown providers are 404."""
    sid = fresh()
    browser = speaks.signed_in(sid)
    client, token = speaks.service.client, speaks.token(sid=sid)
    assert client.get(PATH, params={"logout_token": token}).status_code == 405
    refused(client.post(PATH, json={"logout_token": token}))
    refused(client.post(PATH, params={"logout_token": token}))
    refused(client.post(PATH, data={"logout_token": [token, token]}))
    refused(client.post(PATH, data={"logout_token": "a" * 1_000_000}), status=413)
    unknown = speaks.send(token, "/auth/backchannel-logout/nobody")
    refused(unknown, status=404)
    assert unknown.json()["error"] == "invalid_request"
    refused(speaks.send(token, "/auth/backchannel-logout/dev%00"), status=404)
    assert still_in(browser) == [True]


def test_a_provider_that_signs_nothing_ends_nothing(start_service: StartService) -> None:
    """GitHub has no keys, so nothing can be its word; nobody is asked."""
    hub = {"preset": "github", "issuer": "https://github.com", "client_id": "us", "client_secret": "x" * 40}
    service = start_service(providers={"hub": hub})
    speaks = ProviderSpeaks(service)
    refused(speaks.send(speaks.token(sid="s"), "/auth/backchannel-logout/hub"))


def test_rp_37_a_sub_that_people_are_not_known_by_ends_nothing_and_says_so(
    start_service: StartService, provider_server: DevProviderServer
) -> None:
    """Entra's people are known by ``oid``: a logout counts by its ``sid``, whatever ``sub`` is beside it,
    and without one it is refused rather than believed done."""
    dev = {**provider_settings(provider_server), "preset": "entra", "userinfo": "never"}
    speaks = ProviderSpeaks(start_service(providers={"dev": dev}))
    behaviour = speaks.service.provider.behaviour
    behaviour.id_token_claims = lambda claims: claims | {"oid": "object-of-alice", "sid": "there"}
    browser = speaks.service.browser()
    assert speaks.service.sign_in(browser).status_code == 303
    refused(speaks.logout(sub=speaks.subject()))
    assert still_in(browser) == [True]
    assert speaks.logout(sub=speaks.subject(), sid="there").status_code == 200
    assert still_in(browser) == [False]


def test_a_provider_that_is_away_is_asked_once(start_service: StartService) -> None:
    """Whose token cannot be checked gets 503 and when to come back; strangers cause no more requests."""
    service = start_service()
    speaks = ProviderSpeaks(service)
    service.provider.fail("discovery")
    for _ in range(3):
        answer = speaks.logout(sid="s")
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
    assert [each.path for each in service.provider.requests] == ["/.well-known/openid-configuration"]


def test_a_browser_of_another_site_changes_nothing_about_it(speaks: ProviderSpeaks) -> None:
    """No cookie is looked at, so none is abused; the token alone decides."""
    browser = speaks.signed_in(fresh())
    form = {"logout_token": "x"}
    refused(browser.post(PATH, site="cross-site", data=form))
    assert browser.signed_in
    assert still_in(browser) == [True]


def test_a_provider_is_asked_to_try_again_while_the_database_is_away(service: Service) -> None:
    """503 with Retry-After; the very same token works once the tables are back."""
    speaks = ProviderSpeaks(service)
    browser = speaks.signed_in("s")
    token = speaks.token(sid="s")
    change(service, "ALTER TABLE ww_single_use RENAME TO ww_away")
    answer = speaks.send(token)
    change(service, "ALTER TABLE ww_away RENAME TO ww_single_use")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert still_in(browser) == [True]
    assert speaks.send(token).status_code == 200
    assert still_in(browser) == [False]


def test_strangers_cannot_use_up_the_fetch_that_a_sign_in_needs(service: Service) -> None:
    """Ten unknown key ids ask the provider once; after a rotation people still sign in at once."""
    speaks = ProviderSpeaks(service)
    service.signed_in()
    for number in range(10):
        refused(speaks.logout(header={"typ": "logout+jwt", "kid": f"k{number}"}, sid="s"))
    asked = [each.path for each in service.provider.requests].count("/jwks")
    assert asked == 2
    service.provider.rotate_keys(keep_previous=False)
    assert service.sign_in(service.browser()).status_code == 303


def test_the_key_of_a_rotation_is_fetched_for_a_logout_too(service: Service) -> None:
    """A provider that signs with a new key ends sessions as before."""
    speaks = ProviderSpeaks(service)
    browser = speaks.signed_in("s")
    service.provider.rotate_keys(keep_previous=False)
    assert speaks.logout(sid="s").status_code == 200
    assert still_in(browser) == [False]


def test_the_same_session_name_at_another_issuer_is_another_session(service: Service) -> None:
    """``sid`` only means something together with its issuer: after a move, the old one stays."""
    speaks = ProviderSpeaks(service)
    browser = speaks.signed_in("s")
    change(service, "UPDATE ww_identities SET issuer = 'https://old.example'")
    assert speaks.logout(sid="s").status_code == 200
    assert still_in(browser) == [True]
