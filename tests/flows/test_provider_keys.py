"""A provider's keys: rotated, withdrawn, missing, many, weak, wrong (RFC 7517, RFC 8725 §3)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.flows.changes import drop, put
from tests.flows.conftest import Service, serve_provider
from tests.flows.key_reader import KeyReader
from tests.flows.refusals import Refusals
from watchword.auth.provider_keys import FRESH_SECONDS
from watchword.dev_provider import DevProviderServer
from watchword.errors import IdTokenRejected, ProviderUnavailable
from watchword.testing import FakeClock

TOO_OLD_SECONDS = 1.2 * FRESH_SECONDS


@pytest.fixture
def refusals(service: Service, caplog: pytest.LogCaptureFixture) -> Refusals:
    """A service of its own: these tests change keys and move the clock."""
    return Refusals(service, caplog)


def test_rp_24_keys_rotated_between_two_sign_ins(service: Service) -> None:
    """The second sign-in works, and the provider is asked for its keys once more, no oftener."""
    for _ in range(3):
        service.clock.advance(30)
        service.provider.rotate_keys(keep_previous=False)
        asked = len(service.provider.requests)
        assert service.sign_in(service.browser()).status_code == 303
        assert [each.path for each in service.provider.requests[asked:]].count("/jwks") == 1


def test_rp_25_key_1_keys_rotated_just_before_signing(service: Service) -> None:
    """Rotated while the person is at the provider: one fetch more within the same sign-in."""
    service.signed_in()
    browser = service.browser()
    target = service.approve(service.begin(browser))
    service.provider.rotate_keys()
    assert browser.get(target).status_code == 303


def test_rp_08_without_a_kid_the_key_that_verifies_is_found(service: Service) -> None:
    """Several keys published, none named: the signer's is found, wherever it stands; a signature by
    none of them is refused."""
    service.provider.rotate_keys()
    service.provider.rotate_keys(announce_first=True)
    service.provider.behaviour.id_token_header = drop("kid")
    service.provider.behaviour.jwks = lambda given: {"keys": [*given["keys"][1:], given["keys"][0]]}
    assert len(service.provider.keys.jwks()["keys"]) == 3
    assert service.sign_in(service.browser()).status_code == 303
    service.provider.behaviour.sign_with_unknown_key = True
    assert service.sign_in(service.browser()).status_code == 400


def test_a_withdrawn_key_is_believed_until_the_set_is_old(refusals: Refusals) -> None:
    """KEY-3: twelve minutes at the latest; a token of a key published nowhere is refused at once."""
    service = refusals.service
    service.signed_in()
    service.provider.behaviour.jwks = lambda given: {"keys": []}
    assert service.sign_in(service.browser()).status_code == 303
    other = serve_provider(service.clock)
    with other as elsewhere:
        service.provider.behaviour.jwks = put(keys=elsewhere.provider.keys.jwks()["keys"])
    service.clock.advance(TOO_OLD_SECONDS)
    browser = service.browser()
    target = service.approve(service.begin(browser))
    refusals.callback(
        browser,
        target,
        reason="id_token_rejected",
        detail="unknown_key",
        calls=("/token", "/jwks", "/jwks"),
    )


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, 600),
        ("public, max-age=1000000000", 600),
        ("max-age=300", 300),
        ("max-age=0", 60),
        ("no-store", 60),
    ],
)
def test_key_5_keys_are_fresh_between_one_minute_and_ten(
    shared: Service, said: str | None, seconds: int
) -> None:
    """As long as their answer says: no fetch in the first four fifths, one from a fifth more on."""
    headers = {"Content-Type": "application/json"} | ({} if said is None else {"Cache-Control": said})
    body = json.dumps(shared.provider.keys.jwks()).encode()
    for passed, fetches in ((TOO_OLD_SECONDS, 1), (0.79 * seconds, 0), (0.41 * seconds, 1)):
        shared.clock.advance(passed)
        shared.provider.fail("jwks", status=200, headers=headers, body=body)
        before = len(shared.provider.requests)
        assert shared.sign_in(shared.browser()).status_code == 303
        assert [each.path for each in shared.provider.requests[before:]].count("/jwks") == fetches


def test_key_7_the_last_good_set_outlives_a_failing_refetch(refusals: Refusals) -> None:
    """For a day: HTML, 500, an empty set or garbage instead of the keys changes nothing. After it
    the sign-in is refused as an outage, and works again as soon as the keys are there."""
    service = refusals.service
    service.signed_in()
    faults: list[dict[str, Any]] = [
        {"status": 500},
        {"status": 200, "headers": {"Content-Type": "text/html"}, "body": b"<h1>"},
        {"status": 200, "headers": {"Content-Type": "application/json"}, "body": b'{"keys": []}'},
        {"status": 302, "headers": {"Location": "/jwks?again"}},
    ]
    for fault in faults:
        service.provider.fail("jwks", **fault)
        service.clock.advance(20_000)
        assert service.sign_in(service.browser()).status_code == 303
    service.clock.advance(6_400)
    service.provider.fail("jwks", status=503)
    browser = service.browser()
    target = service.approve(service.begin(browser))
    refusals.callback(browser, target, reason="provider_unavailable", status=503, calls=("/jwks",))
    service.clock.advance(15)
    refusals.still_open_to_honest_people()


def test_flt_14_keys_rotated_in_an_outage_work_as_soon_as_they_can_be_had(refusals: Refusals) -> None:
    """An unknown key that cannot be fetched is an outage, not a forgery, and starts no cooldown."""
    service = refusals.service
    service.signed_in()
    service.provider.rotate_keys()
    service.provider.fail("jwks", status=503)
    for _ in range(2):
        browser = service.browser()
        target = service.approve(service.begin(browser))
        refusals.callback(
            browser, target, reason="provider_unavailable", status=503, calls=("/token", "/jwks")
        )
    refusals.still_open_to_honest_people()


async def test_key_6_a_cold_start_asks_once_for_everybody(
    reader: KeyReader, watchword_clock: FakeClock
) -> None:
    """200 at once, one request; and one once more when the set is old."""
    token = reader.signed()
    for round_number in (1, 2):
        verified = await asyncio.gather(*(reader.outcome(token) for _ in range(200)))
        assert set(verified) == {None}
        assert reader.fetched == round_number
        watchword_clock.advance(TOO_OLD_SECONDS)


async def test_an_outage_is_shared_as_well(
    provider_server: DevProviderServer, watchword_clock: FakeClock
) -> None:
    """200 who wait for keys that do not come wait once, together, not one after the other; who
    leaves early takes nobody along."""
    reader = KeyReader(provider_server.provider, watchword_clock, read_seconds=1)
    reader.provider.delay("jwks", 30)
    token = reader.signed()
    waiting = [asyncio.create_task(reader.outcome(token)) for _ in range(200)]
    await asyncio.sleep(0.05)
    waiting[0].cancel()
    assert set(await asyncio.gather(*waiting[1:])) == {ProviderUnavailable}
    assert reader.fetched == 1
    reader.provider.heal()
    assert await reader.outcome(token) is None
    await reader.http.close()


async def test_key_2_random_kids_ask_once_in_thirty_seconds(
    reader: KeyReader, watchword_clock: FakeClock
) -> None:
    """2,000 forged tokens: one request more, then silence; known keys are served all the while."""
    good = reader.signed()
    await reader.outcome(good)
    forged = [reader.signed(kid=f"random-{number}") for number in range(20)]
    for expected in (2, 3):
        for _ in range(100):
            answers = await asyncio.gather(*(reader.outcome(each) for each in [*forged, good]))
            assert set(answers[:-1]) == {IdTokenRejected}
            assert answers[-1] is None
        assert reader.fetched == expected
        watchword_clock.advance(29)
        await reader.outcome(forged[0])
        assert reader.fetched == expected
        watchword_clock.advance(1)
