"""Conformance of the relying party: honest variants are accepted, userinfo and metadata are checked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.browser import local_part
from tests.flows.changes import drop, put
from tests.flows.conftest import Service, StartService, replicas, serve_provider
from tests.flows.refusals import Refusals, change, rows, select, verified_addresses
from watchword.dev_provider import DevClient
from watchword.dev_provider.behaviour import Behaviour
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings

GOOD: dict[str, Behaviour] = {
    "rp-07 kid absent": Behaviour(id_token_header=drop("kid")),
    "typ absent": Behaviour(id_token_header=drop("typ")),
    "rp-47 aud as a list": Behaviour(id_token_claims=lambda claims: {**claims, "aud": [claims["aud"]]}),
    "aud of many with azp": Behaviour(
        id_token_claims=lambda claims: {**claims, "aud": ["another", claims["aud"]], "azp": claims["aud"]}
    ),
    "azp is us": Behaviour(id_token_claims=lambda claims: {**claims, "azp": claims["aud"]}),
    "at_hash absent": Behaviour(id_token_claims=drop("at_hash")),
    "optional claims absent": Behaviour(id_token_claims=drop("auth_time", "sid", "name", "email", "roles")),
    "iat and nbf 29 s ahead": Behaviour(
        id_token_claims=lambda claims: {**claims, "iat": claims["iat"] + 29, "nbf": claims["iat"] + 29}
    ),
    "exp 29 s ago": Behaviour(id_token_claims=lambda claims: {**claims, "exp": claims["iat"] - 29}),
    "unknown claims": Behaviour(id_token_claims=put(_claim_names={}, amr=["pwd"], at=1.5, acr="0")),
    "rp-50 token_type in any case": Behaviour(token_response=put(token_type="bEARER")),
    "rp-51 expires_in absent": Behaviour(token_response=drop("expires_in")),
    "expires_in beyond reason": Behaviour(token_response=put(expires_in=1e20)),
    "expires_in null": Behaviour(token_response=put(expires_in=None, refresh_token=None)),
    "expires_in negative": Behaviour(token_response=put(expires_in=-5)),
    "expires_in as digits": Behaviour(token_response=put(expires_in="300")),
    "a wider scope": Behaviour(token_response=put(scope="openid profile email admin")),
    "unknown members": Behaviour(token_response=put(not_before_policy=0, id_token_hint=None)),
}


@pytest.mark.parametrize("behaviour", GOOD.values(), ids=GOOD)
def test_rp_good_variants_are_accepted(shared: Service, behaviour: Behaviour) -> None:
    """RP-07, RP-47, RP-50, RP-51 and what else a strict reader might wrongly refuse."""
    for name in ("id_token_header", "id_token_claims", "token_response"):
        setattr(shared.provider.behaviour, name, getattr(behaviour, name))
    browser = shared.browser()
    assert shared.sign_in(browser, "bob").status_code == 303
    assert browser.get("/auth/me").json()["scopes"] == []


def test_rp_09_rs256_is_accepted_and_a_broken_one_refused(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """RP-09, RP-11: an RSA provider, and one of its signatures with a bit flipped."""
    clock = FakeClock()
    with serve_provider(clock, algorithm="RS256") as server, replicas(server, clock, tmp_path) as start:
        service = start()
        assert service.sign_in(service.browser()).status_code == 303
        service.provider.behaviour.token_response = lambda given: {
            **given,
            "id_token": given["id_token"][:-8] + ("AAAAAAAA" if given["id_token"][-8] != "A" else "BBBBBBBA"),
        }
        browser = service.browser()
        target = service.approve(service.begin(browser))
        refusals = Refusals(service, caplog)
        refusals.callback(browser, target, reason="id_token_rejected", calls=("/token",))


def test_rp_20_the_secret_is_encoded_before_it_is_joined(start_service: StartService) -> None:
    """RFC 6749 §2.3.1: ``:``, ``%``, ``+``, a blank and letters of all alphabets survive, both ways."""
    secret = "a:b%c+d e/f=ü&g"
    for method in ("client_secret_basic", "client_secret_post"):
        given = {"client_id": "odd:client id", "client_secret": secret, "client_auth": method}
        service = start_service()
        issuer = service.provider.issuer
        client = DevClient(given["client_id"], secret, any_loopback=True, auth_method=method)
        service.provider.add_client(client)
        with_odd = start_service(
            base_url="http://127.0.0.1:8000", providers={"dev": {**given, "issuer": issuer}}
        )
        assert with_odd.sign_in(with_odd.browser()).status_code == 303


def test_mix_6_one_subject_at_two_providers_is_two_people(start_service: StartService) -> None:
    """The key is (issuer, subject), so "dev-alice" there is not "dev-alice" here."""
    service = start_service()
    with serve_provider(service.clock) as second:
        ours = {"issuer": service.provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        service = start_service(providers={"dev": ours, "other": provider_settings(second)})
        here, there = service.signed_in(), service.browser()
        location = service.begin(there, provider="other")
        assert there.get(local_part(second.provider.approve(location, "alice"))).status_code == 303
        assert here.get("/auth/me").json()["user_id"] != there.get("/auth/me").json()["user_id"]
        assert rows(service).users == 2


def test_lk_4_a_changed_address_is_the_same_person(shared: Service) -> None:
    """RP-19 as well: what the provider says now is taken over, and it identifies nobody."""
    before = shared.signed_in().get("/auth/me").json()
    shared.provider.behaviour.id_token_claims = put(email="new@example.test", preferred_username="new")
    after = shared.signed_in().get("/auth/me").json()
    assert (after["user_id"], after["email"]) == (before["user_id"], "new@example.test")


def test_lk_5_a_disabled_account_is_refused_whatever_the_provider_says(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """The provider says yes, we say no: no new session, and the old one is dead."""
    browser = service.signed_in()
    change(service, "UPDATE ww_users SET status = 'disabled'")
    other = service.browser()
    target = service.approve(service.begin(other))
    refusals = Refusals(service, caplog)
    refusals.callback(other, target, reason="user_disabled", status=403, calls=("/token",))
    assert browser.get("/live").status_code == 401
    assert browser.post("/auth/refresh").status_code == 401


@pytest.mark.parametrize("word", [True, False, "true", "True", 1, 1.0, None, ["true"], {}])
def test_lk_2_only_json_true_verifies_an_address(shared: Service, word: Any) -> None:
    """``email_verified`` as a string, a number or anything else verifies nothing."""
    address = f"{type(word).__name__}-{word}@example.test".lower().replace("['true']", "list")
    shared.provider.behaviour.id_token_claims = put(email=address, email_verified=word)
    assert shared.sign_in(shared.browser(), "bob").status_code == 303
    assert (address in verified_addresses(shared)) is (word is True)


def test_lk_6_only_the_configured_claims_grant_roles(shared: Service) -> None:
    """``is_admin``, ``role``, ``groups`` and a role named like our own admin role grant nothing."""
    lies = {"is_admin": True, "role": "admin", "groups": ["admin"], "scope": "admin", "watchword-admin": True}
    shared.provider.behaviour.id_token_claims = put(**lies, roles=["editor", "watchword-admin", "a b", 7, ""])
    shared.provider.behaviour.userinfo = put(**lies)
    for provider in ("dev", "other"):
        browser = shared.browser()
        assert shared.sign_in(browser, "carol", provider=provider).status_code == 303
        assert browser.get("/auth/me").json()["roles"] == ["editor"]


@pytest.mark.parametrize("roles", ["admin", {"admin": True}, None, 7, [["admin"]], [{"admin": 1}]])
def test_lk_6_roles_of_another_shape_break_nothing(shared: Service, roles: Any) -> None:
    """One name is one role; every other shape is no role and no error."""
    shared.provider.behaviour.id_token_claims = put(roles=roles)
    browser = shared.browser()
    assert shared.sign_in(browser, "carol").status_code == 303
    assert browser.get("/auth/me").json()["roles"] == (["admin"] if roles == "admin" else [])


def test_more_roles_than_an_account_can_hold_are_refused(refusals: Refusals) -> None:
    """Refused before anything is written."""
    service = refusals.service
    service.provider.behaviour.id_token_claims = put(roles=[f"r{number}" for number in range(1001)])
    browser = service.browser()
    target = service.approve(service.begin(browser), "carol")
    refusals.callback(browser, target, status=403, reason="too_many_roles", calls=("/token",))
    refusals.still_open_to_honest_people()


def test_more_roles_than_a_cookie_can_hold_leave_no_session(shared: Service) -> None:
    """A browser would drop the cookie silently, so it is told, and the session is over already."""
    shared.provider.behaviour.id_token_claims = put(roles=[f"{number:050}" for number in range(80)])
    browser = shared.browser()
    response = shared.sign_in(browser, "carol")
    assert (response.status_code, browser.signed_in) == (403, False)
    live = "SELECT count(*) FROM ww_sessions WHERE revoked_at IS NULL"
    before = select(shared, live)
    assert shared.sign_in(browser, "carol").status_code == 403
    assert select(shared, live) == before
