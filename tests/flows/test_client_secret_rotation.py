"""A client secret that is rotated while people sign in (FLT-23): no sign-in fails, and nothing loops."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.relying_party import relying_party
from tests.flows.rotating_client import Rotating, pem, register_secret, rotating_client
from tests.protocol.workshop import OTHER_P256, OTHER_RSA, P256, RSA
from watchword.auth.recheck_ports import Unanswered
from watchword.auth.watched_secret import COOLDOWN_SECONDS
from watchword.dev_provider import DevProviderServer
from watchword.errors import CodeRefused, ProviderClientRefused, ProviderSettingsMismatch
from watchword.testing import FakeClock
from watchword.testing.provider import provider_settings
from watchword.transport.provider_http import HttpxProviderHttp

OLD, NEW, OTHER = "the-old-secret-of-ours", "the-new-secret-of-ours", "another-secret-of-ours"
SETTING = "WATCHWORD_PROVIDERS__DEV__CLIENT_SECRET"


@pytest.fixture
def start(
    own_server: DevProviderServer, own_clock: FakeClock, http: HttpxProviderHttp
) -> Callable[..., Rotating]:
    def start(value: str = OLD, **changes: Any) -> Rotating:
        return rotating_client(own_server, http, own_clock, value, **changes)

    return start


@pytest.fixture
def rotating(start: Callable[..., Rotating]) -> Rotating:
    return start()


async def test_flt_23_changed_at_the_provider_first_all_who_sign_in_then_get_in(rotating: Rotating) -> None:
    """Eight callbacks at once are refused with the old secret; the store is read once for all of them,
    and every code is then redeemed with the new one. From then on it is the first that is tried."""
    party = rotating.party
    approved = [await party.approved() for _ in range(8)]
    rotating.at_provider(NEW)
    rotating.in_store(NEW)
    people = await asyncio.gather(*(party.redeem(*each) for each in approved))
    assert {each.identity.email for each in people} == {people[0].identity.email}
    assert rotating.kept.readings == 1
    assert await rotating.token_calls(party.sign_in) == 1


async def test_flt_23_changed_in_the_store_first_all_who_sign_in_then_get_in(
    rotating: Rotating, caplog: pytest.LogCaptureFixture
) -> None:
    """The new secret has been read by schedule while the provider only knows the old one: it is tried
    next, remembered as the one that works, and the operator reads once which of the two is behind."""
    party = rotating.party
    rotating.in_store(NEW)
    await rotating.watch.look()
    approved = [await party.approved() for _ in range(8)]
    with caplog.at_level(logging.WARNING, "watchword"):
        await asyncio.gather(*(party.redeem(*each) for each in approved))
    assert caplog.messages == [
        f"{SETTING}: the provider takes the previous value and not the current one: it was not changed there "
        "yet, or is wrong here"
    ]
    assert await rotating.token_calls(party.sign_in) == 1
    rotating.at_provider(NEW)
    await rotating.watch.look()
    assert await rotating.token_calls(party.sign_in) == 1


@pytest.mark.parametrize("keeps_previous", [True, False], ids=["versions", "no versions"])
async def test_flt_23_what_the_store_said_before_counts_as_its_previous_version(
    rotating: Rotating, keeps_previous: bool
) -> None:
    """A file has one content, and still a rotation in it fails nobody."""
    rotating.in_store(NEW, keeps_previous=keeps_previous)
    await rotating.watch.look()
    await rotating.party.sign_in()


async def test_flt_23_a_process_that_starts_in_between_asks_for_the_previous_version(
    start: Callable[..., Rotating],
) -> None:
    """It has never seen the old secret, which only the store still has."""
    rotating = start(NEW)
    rotating.at_provider(OLD)
    rotating.kept.replace("client", OLD)
    rotating.in_store(NEW)
    await rotating.party.sign_in()


async def test_flt_23_a_secret_that_is_wrong_everywhere_is_refused_and_named(
    rotating: Rotating, caplog: pytest.LogCaptureFixture
) -> None:
    """Current and previous are tried once each and no more; the operator reads which setting it is, and no
    value is in what is said. However many try, the store is read once in half a minute."""
    party = rotating.party
    rotating.in_store(NEW)
    await party.sign_in()
    rotating.at_provider(OTHER)
    attempt, code = await party.approved()
    party.asked()
    with caplog.at_level(logging.DEBUG), pytest.raises(ProviderClientRefused, match="invalid_client") as told:
        await party.redeem(attempt, code)
    assert party.asked().count("/token") == 2
    assert told.value.detail.endswith(f"the provider does not take any of the 2 latest values of {SETTING}")
    assert rotating.kept.readings == 1
    for _ in range(5):
        with pytest.raises(ProviderClientRefused):
            await party.sign_in()
    assert rotating.kept.readings == 1
    party.clock.advance(COOLDOWN_SECONDS)
    with pytest.raises(ProviderClientRefused):
        await party.sign_in()
    assert rotating.kept.readings == 2
    assert not [value for value in (OLD, NEW, OTHER) if value in caplog.text + told.value.detail]


async def test_flt_23_no_more_than_three_values_are_tried(rotating: Rotating) -> None:
    """The one that worked, the current and the previous one: after that it is over."""
    party = rotating.party
    rotating.in_store(NEW)
    await rotating.watch.look()
    await party.sign_in()
    rotating.in_store(OTHER)
    rotating.at_provider("none-of-those-before")
    attempt, code = await party.approved()
    party.clock.advance(COOLDOWN_SECONDS)
    party.asked()
    with pytest.raises(ProviderClientRefused, match="any of the 3 latest values"):
        await party.redeem(attempt, code)
    assert party.asked().count("/token") == 3


async def test_flt_23_a_code_refused_for_our_secret_is_still_good(rotating: Rotating) -> None:
    """RFC 6749 §5.2: what was refused as invalid_client was not looked at, so that the code is redeemed
    once, with the secret that counts. What is done before a code is sent is done once as well."""
    party, done = rotating.party, []
    attempt, code = await party.approved()
    rotating.at_provider(NEW)
    rotating.in_store(NEW)

    async def before() -> None:
        done.append(code)

    party.asked()
    await party.client.redeem(attempt, code, before=before)
    assert party.asked().count("/token") == 2
    assert done == [code]
    with pytest.raises(CodeRefused):
        await party.redeem(attempt, code)


async def test_flt_23_nothing_but_the_refusal_of_our_credentials_is_tried_again(rotating: Rotating) -> None:
    """A code that was looked at may have been used up, and an outage says nothing of what happened."""
    party = rotating.party
    for status, error in ((400, "invalid_grant"), (400, "unauthorized_client"), (403, "invalid_client")):
        body = json.dumps({"error": error}).encode()
        attempt, code = await party.approved()
        headers = {"content-type": "application/json"}
        party.provider.fail("token", status=status, headers=headers, body=body, times=1)
        party.asked()
        with pytest.raises(Exception, match=error):
            await party.redeem(attempt, code)
        assert party.asked().count("/token") == 1
    assert rotating.kept.readings == 0


async def test_flt_23_a_store_that_is_away_leaves_the_last_value(
    rotating: Rotating, caplog: pytest.LogCaptureFixture
) -> None:
    """People go on signing in; the outage is told once, and once that it is over."""
    rotating.kept.away = True
    with caplog.at_level(logging.WARNING, "watchword"):
        for _ in range(3):
            await rotating.watch.look()
            assert rotating.watch.failing == {SETTING: True}
            await rotating.party.sign_in()
        rotating.kept.away = False
        for _ in range(2):
            await rotating.watch.look()
    assert rotating.watch.failing == {SETTING: False}
    assert caplog.messages == [
        f"{SETTING} cannot be read again, so its last value goes on: the store is away",
        f"{SETTING} can be read again",
    ]


async def test_flt_23_a_store_that_is_away_at_the_rotation_leaves_the_values_there_were(
    rotating: Rotating,
) -> None:
    """The previous one is tried without it."""
    rotating.in_store(NEW)
    await rotating.watch.look()
    rotating.kept.away = True
    await rotating.party.sign_in()
    rotating.watch.close()


async def test_flt_23_a_value_that_cannot_be_used_is_an_outage_of_the_store(
    start: Callable[..., Rotating], caplog: pytest.LogCaptureFixture
) -> None:
    """A key that is damaged, or a secret with a line break in it, replaces nothing."""
    rotating = start(pem(P256))
    rotating.in_store("-----BEGIN PRIVATE KEY-----")
    with caplog.at_level(logging.WARNING, "watchword"):
        await rotating.watch.look()
    assert caplog.messages == [
        "WATCHWORD_PROVIDERS__DEV__CLIENT_KEY cannot be read again, so its last value goes on: is not an "
        "unencrypted private key in PEM"
    ]
    await rotating.party.sign_in()


@pytest.mark.parametrize("provider_first", [True, False], ids=["provider first", "store first"])
async def test_flt_23_a_key_of_private_key_jwt_is_rotated_alike(
    start: Callable[..., Rotating], provider_first: bool
) -> None:
    """The assertion is signed anew with the other key; a reading that finds the same key changes nothing."""
    rotating = start(pem(P256))
    await rotating.watch.look()
    await rotating.party.sign_in()
    rotating.in_store(pem(OTHER_P256))
    if provider_first:
        rotating.at_provider(pem(OTHER_P256))
    else:
        await rotating.watch.look()
    await rotating.party.sign_in()


async def test_flt_23_a_refused_key_may_be_a_wrong_clock(start: Callable[..., Rotating]) -> None:
    """An assertion that is not valid at the provider's time is refused as one of another client is."""
    rotating = start(pem(P256))
    rotating.at_provider(pem(OTHER_P256))
    with pytest.raises(ProviderClientRefused) as told:
        await rotating.party.sign_in()
    assert told.value.detail.endswith("__CLIENT_KEY, unless it is our clock that is wrong")


async def test_flt_23_a_key_of_a_kind_the_provider_does_not_list_is_passed_over(
    start: Callable[..., Rotating], caplog: pytest.LogCaptureFixture
) -> None:
    """As long as the one before it is taken; once it is the only one, no sign-in begins."""
    rotating = start(pem(P256))
    listed = {"token_endpoint_auth_signing_alg_values_supported": ["ES256"]}
    rotating.party.provider.behaviour.metadata = lambda metadata: metadata | listed
    rotating.in_store(pem(RSA))
    await rotating.watch.look()
    assert await rotating.token_calls(rotating.party.sign_in) == 1
    await rotating.party.sign_in()
    assert [each for each in caplog.messages if "the previous value and not the current" in each] == [
        "WATCHWORD_PROVIDERS__DEV__CLIENT_KEY: the provider takes the previous value and not the current "
        "one: it was not changed there yet, or is wrong here"
    ]
    rotating.in_store(pem(OTHER_RSA))
    await rotating.watch.look()
    with pytest.raises(ProviderSettingsMismatch, match="use a key of another kind"):
        await rotating.party.sign_in()


async def test_flt_23_a_request_that_is_sent_ahead_is_sent_again(start: Callable[..., Rotating]) -> None:
    """RFC 9126 §2: the pushed request is authenticated as one to the token endpoint."""
    rotating = start(par=True)
    rotating.at_provider(NEW)
    rotating.in_store(NEW)
    rotating.party.asked()
    await rotating.party.sign_in()
    assert [each for each in rotating.party.asked() if each in ("/par", "/token")] == [
        "/par",
        "/par",
        "/token",
    ]


async def test_flt_23_a_session_is_checked_again_through_a_rotation(rotating: Rotating) -> None:
    """The provider's refresh token is not used up by the secret it was refused for; where none is taken
    the session goes on as in an outage."""
    signed_in = await rotating.party.sign_in()
    rotating.at_provider(NEW)
    rotating.in_store(NEW)
    confirmed = await rotating.party.confirmed(signed_in)
    rotating.at_provider(OTHER)
    assert isinstance(await rotating.party.refresh(signed_in, confirmed.refresh_token), Unanswered)


async def test_flt_23_a_refused_secret_is_no_outage_of_the_provider(rotating: Rotating) -> None:
    """However often: its breaker stays closed."""
    rotating.at_provider(NEW)
    for _ in range(6):
        with pytest.raises(ProviderClientRefused):
            await rotating.party.sign_in()
    assert rotating.party.client.health().state == "closed"


async def test_flt_23_a_secret_that_is_written_out_is_tried_once(
    own_server: DevProviderServer, own_clock: FakeClock, http: HttpxProviderHttp
) -> None:
    """It has one value; the operator reads where it is set."""
    own_server.provider.reset()
    register_secret(own_server.provider, NEW)
    given: dict[str, Any] = provider_settings(own_server) | {"client_secret": OLD}
    party = relying_party(own_server, http, own_clock, **given)
    attempt, code = await party.approved()
    party.asked()
    with pytest.raises(ProviderClientRefused, match=f"does not take the value of {SETTING}"):
        await party.redeem(attempt, code)
    assert party.asked().count("/token") == 1
