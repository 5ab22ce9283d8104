"""The look at providers that are left alone: bounded, and the reason why sign-in is back so soon."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService
from watchword.auth.provider_guard import ProviderGuard
from watchword.auth.provider_health import BreakerState, EndpointKind
from watchword.auth.provider_keys import ProviderKeys
from watchword.auth.provider_metadata import MetadataSource
from watchword.auth.provider_watch import JITTER_SHARE, LOOK_SECONDS, ProviderLookout, ProviderWatch
from watchword.errors import ProviderUnavailable
from watchword.protocol.issuer_rule import IssuerRule
from watchword.testing import FakeClock
from watchword.transport.provider_http import HttpxProviderHttp

LONGEST_PAUSE_SECONDS = LOOK_SECONDS * (1 + JITTER_SHARE)
Visit = tuple[Browser, str]


def guard_of(service: Service) -> ProviderGuard:
    guard: ProviderGuard = service.call(service.auth.services).sign_in.clients["dev"].guard
    return guard


def state(service: Service, kind: EndpointKind) -> BreakerState:
    return guard_of(service).health()[kind].state


def look(service: Service) -> list[str]:
    """One look; what the provider was asked by it."""
    asked = len(service.provider.requests)
    service.call(service.call(service.auth.services).provider_watch.look)
    return [f"{each.method} {each.path}" for each in service.provider.requests[asked:]]


def visits(service: Service, number: int = 5) -> list[Visit]:
    """People who come back from the provider soon."""
    browsers = [service.browser() for _ in range(number)]
    return [(browser, service.approve(service.begin(browser))) for browser in browsers]


def come_back(visit: Visit) -> httpx2.Response:
    browser, target = visit
    return browser.get(target)


def break_token_endpoint(service: Service) -> None:
    """Five people find it down, and from then on nobody asks."""
    people = visits(service)
    service.provider.faults.fail("token", status=500)
    assert [come_back(each).status_code for each in people] == [503] * 5
    assert state(service, "token") == "open"


def probe_in_vain(service: Service) -> None:
    """Somebody signs in as soon as that is let through, and fails: the time doubles."""
    guard = guard_of(service)
    seconds = guard.health()["token"].retry_after_seconds
    assert seconds is not None
    service.clock.advance(seconds)
    assert come_back(visits(service, 1)[0]).status_code == 503
    assert state(service, "token") == "open"


def test_nothing_is_asked_while_all_is_well(service: Service) -> None:
    """No traffic of its own towards a provider that answers, nor to one nobody has asked yet."""
    assert look(service) == []
    service.signed_in()
    assert look(service) == []


def test_an_open_breaker_answers_at_once_and_keeps_the_way_back(service: Service) -> None:
    """Neither a sign-in nor a callback asks anything; the callback can be repeated when it is over."""
    early = visits(service, 1)[0]
    break_token_endpoint(service)
    service.provider.faults.heal()
    asked = len(service.provider.requests)
    begun = service.browser().get("/auth/login/dev")
    back = come_back(early)
    assert (begun.status_code, back.status_code) == (503, 503)
    assert 8 <= int(begun.headers["retry-after"]) <= 12
    assert len(service.provider.requests) == asked
    service.clock.advance(13)
    assert come_back(early).status_code == 303


def test_an_endpoint_that_answers_again_is_tried_at_once(service: Service) -> None:
    """One request a look, until it answers; two sign-ins later all is as before."""
    break_token_endpoint(service)
    assert look(service) == ["POST /token"]
    probe_in_vain(service)
    probe_in_vain(service)
    assert look(service) == ["POST /token"]
    assert state(service, "token") == "open"
    service.provider.faults.heal()
    service.clock.advance(LONGEST_PAUSE_SECONDS)
    assert state(service, "token") == "open"
    assert look(service) == ["POST /token"]
    assert state(service, "token") == "half_open"
    assert look(service) == []
    service.signed_in()
    service.signed_in()
    assert state(service, "token") == "closed"


@pytest.mark.parametrize("failed_probes", range(5))
def test_sign_in_is_back_with_the_next_look_however_long_the_outage(
    service: Service, failed_probes: int
) -> None:
    """The time that people's own calls open it for doubles to a minute; a look comes every 12 s at most,
    so nobody waits longer than that."""
    break_token_endpoint(service)
    for _ in range(failed_probes):
        look(service)
        probe_in_vain(service)
    service.provider.faults.heal()
    service.clock.advance(LONGEST_PAUSE_SECONDS)
    look(service)
    assert service.sign_in(service.browser()).status_code == 303


def test_answering_to_nobody_in_particular_counts_once(service: Service) -> None:
    """An endpoint that takes no grant, but refuses nonsense as ever: people are not sent against it at every
    look, only when its own time is up, or it was seen failing in between."""
    people = visits(service)
    service.provider.behaviour.token_response = lambda answer: {}
    assert [come_back(each).status_code for each in people] == [502] * 5
    assert look(service) == ["POST /token"]
    assert state(service, "token") == "half_open"
    assert come_back(visits(service, 1)[0]).status_code == 502
    for _ in range(2):
        assert look(service) == ["POST /token"]
        assert state(service, "token") == "open"
    service.provider.faults.fail("token", status=502)
    look(service)
    service.provider.faults.heal()
    look(service)
    assert state(service, "token") == "half_open"


def test_flt_07_an_endpoint_that_wants_to_be_left_alone_is(service: Service) -> None:
    """No look either before its Retry-After is over."""
    person = visits(service, 1)[0]
    service.provider.faults.fail("token", status=429, headers={"Retry-After": "30"})
    assert come_back(person).status_code == 503
    service.provider.faults.heal()
    service.clock.advance(29)
    assert look(service) == []
    assert service.browser().get("/auth/login/dev").status_code == 503
    service.clock.advance(8)
    assert service.sign_in(service.browser()).status_code == 303


@pytest.mark.parametrize(
    ("kind", "path"), [("jwks", "/jwks"), ("discovery", "/.well-known/openid-configuration")]
)
def test_flt_12_documents_are_fetched_as_for_anybody_and_close_it_by_themselves(
    service: Service, kind: EndpointKind, path: str
) -> None:
    """A portal's page is no key set. A good one is kept, and two more looks close the breaker,
    whether or not anybody signs in."""
    service.signed_in()
    service.call(break_down, guard_of(service), kind)
    service.clock.advance(5)
    service.provider.faults.captive_portal(kind)
    assert look(service) == [f"GET {path}"]
    assert state(service, kind) == "open"
    service.provider.faults.heal()
    assert look(service) == [f"GET {path}"]
    assert state(service, kind) == "half_open"
    health = service.call(service.auth.services).sign_in.clients["dev"].health()
    assert (health.keys_age_seconds if kind == "jwks" else health.metadata_age_seconds) == 0
    assert look(service) + look(service) == [f"GET {path}"] * 2
    assert state(service, kind) == "closed"
    assert look(service) == []


async def break_down(guard: ProviderGuard, kind: EndpointKind) -> None:
    async def down() -> None:
        raise ProviderUnavailable("down")

    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            await guard.run(kind, down)


def test_every_open_endpoint_is_looked_at_once(service: Service) -> None:
    """All of a provider at the same time, so that one that hangs delays no other."""
    service.provider.behaviour.metadata = lambda metadata: {
        **metadata,
        "pushed_authorization_request_endpoint": f"{service.provider.issuer}/par",
    }
    service.signed_in()
    kinds: tuple[EndpointKind, ...] = ("discovery", "jwks", "token", "userinfo", "par")
    for kind in kinds:
        service.call(break_down, guard_of(service), kind)
    service.provider.faults.fail("*", status=500)
    assert sorted(look(service)) == [
        "GET /.well-known/openid-configuration",
        "GET /jwks",
        "GET /userinfo",
        "POST /par",
        "POST /token",
    ]
    assert {state(service, kind) for kind in kinds} == {"open"}
    service.provider.faults.heal()
    look(service)
    assert {state(service, kind) for kind in kinds} == {"half_open"}


async def test_an_endpoint_whose_address_was_forgotten_stays_as_it_is() -> None:
    """Metadata were purged meanwhile: nothing to look at, and nothing raised."""
    clock = FakeClock()
    guard = ProviderGuard("dev", clock)
    http = HttpxProviderHttp()
    issuer = IssuerRule("https://gone.example.test")
    metadata = MetadataSource(http, clock, guard, issuer=issuer, allow_loopback_http=False)
    lookout = ProviderLookout(guard, http, metadata, ProviderKeys(http, clock, guard))
    await break_down(guard, "token")
    await break_down(guard, "jwks")
    await lookout.look()
    assert guard.health()["token"].state == "open"
    await http.close()


async def test_looks_go_on_whatever_becomes_of_one(caplog: pytest.LogCaptureFixture) -> None:
    """They end with the task only."""
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        raise RuntimeError("nobody expected this")

    task = asyncio.create_task(ProviderWatch([look], look_seconds=0.01).follow())
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait([task])
    seen = looks
    assert seen >= 2
    assert {each.getMessage() for each in caplog.records} == {"provider watch: a look failed: RuntimeError"}
    await asyncio.sleep(0.05)
    assert looks == seen


def test_it_runs_with_the_app_and_ends_with_it(start_service: StartService) -> None:
    """A follower like the others."""
    service = start_service()

    async def names() -> set[str]:
        return {task.get_name() for task in asyncio.all_tasks()}

    assert "watchword provider watch" in service.call(names)
