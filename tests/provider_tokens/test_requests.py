"""What a provider's own access token, or what looks like one, can make the service ask (KEY, NET)."""

from __future__ import annotations

import asyncio

import pytest

from tests.flows.commands import read_feed
from tests.provider_tokens.bearer import Bearer
from watchword.auth.caller import RequestFacts
from watchword.auth.provider_keys import MIN_FRESH_SECONDS, STALE_SECONDS
from watchword.protocol.principal import Principal


def test_x_19_no_request_for_what_would_be_refused_anyway(
    bearer: Bearer, caplog: pytest.LogCaptureFixture
) -> None:
    """Size, form, type, algorithm, audience and times are looked at first, and nothing that a stranger
    wrote comes up in an answer or a log (X-19)."""
    bad = {
        "too large": bearer.token(pad="p" * 8192),
        "no algorithm": bearer.token().replace("ey", "x", 1),
        "for another": bearer.token(aud="canary"),
        "expired": bearer.token(exp=1, sub="canary"),
        "an ID token": bearer.token(typ="JWT", sub="canary"),
        "unknown issuer": bearer.token(iss="https://canary.example"),
        "a subject that is none": bearer.token(sub="canary\x00"),
    }
    for token in bad.values():
        answer = bearer.get("/private", token)
        assert answer.status_code == 401
        assert "canary" not in answer.text + str(answer.headers)
    assert "canary" not in caplog.text
    assert bearer.requests() == 0


def test_key_1_key_3_a_new_key_is_fetched_and_a_withdrawn_one_forgotten(bearer: Bearer) -> None:
    """One forced fetch for a new key; a token of the old one is refused when the set was read again."""
    old = bearer.token()
    assert bearer.get("/private", old).status_code == 200
    bearer.service.provider.rotate_keys(keep_previous=False)
    asked = bearer.requests()
    assert bearer.get("/private", bearer.token()).status_code == 200
    assert bearer.requests() == asked + 1
    assert bearer.get("/private", old).status_code == 401


def test_key_2_random_kids_ask_once_in_a_cooldown(bearer: Bearer) -> None:
    """Known keys are served all the while; so are sign-ins after a rotation, on their own account."""
    good = bearer.token()
    assert bearer.get("/private", good).status_code == 200
    for expected in (3, 4):
        for number in range(40):
            assert bearer.get("/private", bearer.token(kid=f"random-{number}")).status_code == 401
            assert bearer.get("/private", good).status_code == 200
        assert bearer.requests() == expected
        bearer.service.clock.advance(31)
    bearer.service.provider.rotate_keys()
    bearer.service.signed_in()


def test_key_6_a_herd_asks_once(bearer: Bearer) -> None:
    """200 at once with one token that nobody has seen: one set of keys, one look-up."""
    token = bearer.token()

    async def herd() -> set[str | None]:
        gate = (await bearer.service.auth.services()).gatekeeper
        facts = RequestFacts([(b"authorization", f"Bearer {token}".encode())], "GET", False)
        callers = await asyncio.gather(*(gate.identify(facts) for _ in range(200)))
        return {each.subject if isinstance(each, Principal) else None for each in callers}

    assert bearer.service.call(herd) == {"person-1"}
    assert bearer.requests() == 2


def test_key_7_an_outage_is_503_and_known_keys_go_on(bearer: Bearer) -> None:
    """Verified tokens and known keys for a day; an unknown key that cannot be had is nobody's forgery.
    However many ask, the provider is asked once in ten seconds."""
    provider = bearer.service.provider
    provider.fail("discovery")
    for _ in range(3):
        answer = bearer.get("/private")
        assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
        assert 0 < int(answer.headers["retry-after"]) <= 10
    assert bearer.requests() == 1
    provider.heal()
    bearer.service.clock.advance(10)
    assert bearer.get("/private").status_code == 200
    provider.fail("jwks", status=200, headers={"Content-Type": "application/json"}, body=b"{}")
    bearer.service.clock.advance(601)
    asked = bearer.requests()
    for number in range(5):
        assert bearer.get("/private").status_code == 200
        assert bearer.get("/private", bearer.token(kid=f"random-{number}")).status_code == 503
    assert bearer.requests() == asked + 1
    assert bearer.get("/open", bearer.token(kid="random")).status_code == 200
    provider.heal()
    bearer.service.clock.advance(86_400)
    provider.fail("jwks")
    assert bearer.get("/private").status_code == 503


def test_key_7_nobody_with_a_good_token_waits_for_keys_that_do_not_come(bearer: Bearer) -> None:
    """The first finds out that the provider hangs; after that the keys are tried in the background, and
    the new ones count when they are there."""
    provider = bearer.service.provider
    token = bearer.token()
    assert bearer.get("/private", token).status_code == 200
    bearer.service.clock.advance(601)
    provider.fail("jwks")
    assert bearer.get("/private", token).status_code == 200
    bearer.service.clock.advance(31)
    provider.delay("jwks", 60)
    asked = bearer.requests()
    for _ in range(3):
        assert bearer.get("/private", token).status_code == 200
    assert bearer.requests() <= asked + 1
    provider.heal()


def test_flt_18_a_herd_on_a_set_that_ages_waits_for_nothing(bearer: Bearer) -> None:
    """1,000 at once with tokens that were seen before, while the provider takes its time: one request
    for keys, and all are known from the old set."""
    token, service = bearer.token(), bearer.service
    assert bearer.get("/private", token).status_code == 200
    service.clock.advance(0.9 * MIN_FRESH_SECONDS)
    read_feed(service)
    service.provider.delay("jwks", 60)

    async def herd() -> set[str | None]:
        gate = (await service.auth.services()).gatekeeper
        facts = RequestFacts([(b"authorization", f"Bearer {token}".encode())], "GET", False)
        callers = await asyncio.gather(*(gate.identify(facts) for _ in range(1000)))
        return {each.subject if isinstance(each, Principal) else None for each in callers}

    assert service.call(herd) == {"person-1"}
    assert bearer.requests() <= 3
    service.provider.heal()


def test_flt_19_in_an_outage_of_a_day_only_what_is_ours_goes_on(bearer: Bearer) -> None:
    """The provider's signatures are no longer checked with what is a day old: its tokens and sign-ins
    are 503. Our own sessions are refreshed, and our own tokens count."""
    service = bearer.service
    assert bearer.get("/private").status_code == 200
    for endpoint in ("discovery", "jwks"):
        service.provider.fail(endpoint)
    service.clock.advance(3600)
    browser = service.signed_in()
    for _ in range(23):
        service.clock.advance((STALE_SECONDS - 3601) / 23)
        assert browser.post("/auth/refresh").status_code == 200
    seen = bearer.token()
    assert bearer.get("/private", seen).status_code == 200
    service.clock.advance(1)
    for presented in (bearer.token(), seen):
        answer = bearer.get("/private", presented)
        assert (answer.status_code, answer.json()["code"][:9]) == (503, "provider_")
    assert bearer.sign_in().status_code == 503
    assert browser.post("/auth/refresh").status_code == 200
    assert browser.get("/private").status_code == 200
