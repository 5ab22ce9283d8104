"""FLT: a part of the provider is down, or all of it is slow, or a crowd waits for it to be back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.flows.changes import drop
from tests.flows.outage import MakeOutage, Outage, outages
from watchword.errors import CodeRefused, ProviderCircuitOpen, ProviderCrowded, ProviderUnavailable
from watchword.testing import FakeClock
from watchword.transport.retry_budget import FLOOR

HERD = 500


@pytest.fixture
def make_outage(watchword_clock: FakeClock, tmp_path: Path) -> Iterator[MakeOutage]:
    with outages(watchword_clock, tmp_path) as make:
        yield make


def states(outage: Outage) -> dict[str, str]:
    return {kind: each.state for kind, each in outage.provider_health.endpoints.items()}


def test_flt_09_a_slow_provider_holds_up_nobody_else(make_outage: MakeOutage) -> None:
    """Twenty calls are under way and twenty wait; whoever comes then is told at once to try again, and
    API traffic is served meanwhile. Slow is not down, so nothing is left alone afterwards."""
    outage = make_outage()
    caller = outage.service.signed_in("alice")
    (late,) = outage.waiting(1)
    before = outage.server.provider.count("token")
    outage.server.provider.delay("token", 1)

    async def rush() -> tuple[httpx2.Response, list[Any]]:
        asking = await outage.redeem(44)
        (page,) = await outage.coming_back([late], caller)
        return page, await asyncio.gather(*asking, return_exceptions=True)

    page, faults = outage.service.call(rush)
    outage.tells_to_wait(page)
    assert Counter(type(each) for each in faults) == {CodeRefused: 40, ProviderCrowded: 4}
    assert outage.server.provider.count("token") == before + 40
    assert outage.provider_health.state == "closed"
    outage.is_unnoticed_by(caller)


def test_flt_13_keys_that_are_known_need_not_be_there(make_outage: MakeOutage) -> None:
    """Sign-ins go on while only the key set is down, and are told to wait once it has rotated; the
    first sign-in after it is back works at once, though nothing else has happened (FLT-14)."""
    outage = make_outage()
    caller = outage.service.signed_in("alice")
    outage.server.provider.fail("jwks")
    assert outage.service.signed_in("bob").signed_in
    outage.server.provider.rotate_keys(keep_previous=False)
    outage.tells_to_wait(outage.service.sign_in(outage.service.browser(), "bob"))
    assert states(outage)["token"] == "closed"
    outage.is_unnoticed_by(caller)
    outage.heal()
    assert outage.service.signed_in("bob").signed_in


def test_flt_13_discovery_that_is_known_need_not_be_there(make_outage: MakeOutage) -> None:
    """Whoever has read the metadata signs people in; a replica that starts meanwhile tells them to wait
    without a call for each, and works as soon as it has read them."""
    warm = make_outage()
    caller = warm.service.signed_in("alice")
    warm.server.provider.fail("discovery")
    assert warm.service.signed_in("bob").signed_in
    cold = warm.replica()
    before = warm.server.provider.count("discovery")
    pages = [cold.service.browser().get("/auth/login/dev") for _ in range(8)]
    for page in pages:
        cold.tells_to_wait(page)
    assert cold.health("discovery").state == "open"
    assert cold.http.asked == 5
    assert warm.server.provider.count("discovery") <= before + 5 + FLOOR
    assert cold.service.client.get("/private", headers=bearer(caller.access)).status_code == 200
    cold.heal()
    cold.look()
    assert cold.service.signed_in("bob").signed_in


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize(("asked", "status"), [("always", 503), ("auto", 303)])
def test_flt_13_userinfo_is_down(make_outage: MakeOutage, asked: str, status: int) -> None:
    """Where it is required, sign-ins wait for it; where the ID token only lacks a name, they do without.
    The other endpoints are not blamed for it."""
    outage = make_outage(userinfo=asked)
    caller = outage.service.signed_in("alice")
    outage.server.provider.behaviour.id_token_claims = drop("name")
    outage.server.provider.fail("userinfo")
    outage.advance(31)
    people = outage.waiting(6)
    for person in people:
        (page,) = outage.come_back([person], caller)
        assert page.status_code == status
        if status == 503:
            outage.tells_to_wait(page)
    assert {kind for kind, state in states(outage).items() if state != "closed"} == {"userinfo"}
    assert outage.server.provider.count("userinfo") <= 5 * 3 + 1
    outage.is_unnoticed_by(caller)
    outage.heal()
    outage.look()
    assert outage.service.signed_in("bob").signed_in


def test_flt_16_a_crowd_at_a_half_open_breaker_is_one_probe(make_outage: MakeOutage) -> None:
    """Five hundred sign-ins are finished at the moment the provider may be asked again: it gets exactly
    one request, and all others are told at once how long to wait."""
    outage = make_outage()
    caller = outage.service.signed_in("alice")
    outage.advance(31)
    outage.server.provider.fail("token")
    outage.come_back(outage.waiting(5), caller)
    assert outage.health("token").state == "open"
    before = outage.server.provider.count("token")
    outage.wait()

    async def herd() -> list[Any]:
        outage.http.gate = asyncio.Event()
        asking = await outage.redeem(HERD)
        for refused in islice(asyncio.as_completed(asking), HERD - 1):
            with suppress(ProviderCircuitOpen):
                await refused
        outage.http.gate.set()
        return await asyncio.gather(*asking, return_exceptions=True)

    faults = Counter(type(each) for each in outage.service.call(herd))
    assert faults == {ProviderCircuitOpen: HERD - 1, ProviderUnavailable: 1}
    assert outage.server.provider.count("token") == before + 1
    outage.is_unnoticed_by(caller)


def test_flt_16_of_a_crowd_that_is_told_to_wait_nobody_has_lost_the_code(make_outage: MakeOutage) -> None:
    """The provider is back, one sign-in finds that out, and the others may load their page again."""
    outage = make_outage()
    caller = outage.service.signed_in("alice")
    outage.advance(31)
    outage.server.provider.fail("token")
    outage.come_back(outage.waiting(5), caller)
    outage.wait()
    outage.server.provider.heal()
    people = outage.waiting(5)
    outage.server.provider.delay("token", 0.2)
    first = outage.come_back(people, caller)
    assert Counter(each.status_code for each in first) == {303: 1, 503: 4}
    outage.server.provider.heal()
    outage.service.forget_faults()
    told = [person for person, page in zip(people, first, strict=True) if page.status_code == 503]
    assert [each.status_code for each in outage.come_back(told, caller)] == [303] * 4
