"""Limits while somebody attacks them, or takes away what they count on."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.flows.conftest import Service, StartService
from tests.flows.metrics import samples, value
from tests.flows.snapshots import everything_in
from tests.flows.test_rate_limits import CALLS, SETTING, answer, refresh, refused
from watchword.auth.rate_limits import COUNTS
from watchword.rate_limiting.shared import RETRY_SECONDS

if TYPE_CHECKING:
    from tests.servers.valkey import ValkeyTestServer

pytest_plugins = ["tests.servers.valkey"]

ALL_LOW = dict.fromkeys(SETTING.values(), "5/minute")
ATTACKER, VICTIM = "198.51.100.66", "192.0.2.1"


def forged(token: str, *, at: int) -> str:
    """The token with one bit of another value, ``at`` so many bytes."""
    raw = bytearray(base64.urlsafe_b64decode(token.removeprefix("wtr_")))
    raw[at] ^= 1
    return "wtr_" + base64.urlsafe_b64encode(raw).decode()


# --- a flood and the people beside it ----------------------------------------------------------


def test_ses_85_a_flood_touches_nobody_who_is_signed_in(start_service: StartService) -> None:
    """Every limit is used up by somebody who sends forgeries of a victim's tokens; the victim, at
    another address, refreshes, asks, signs in anew and out."""
    service = start_service(rate_limits=ALL_LOW)
    victim = service.signed_in()
    forgery = {"refresh_token": forged(victim.refresh, at=-1)}
    for call in CALLS.values():
        flood = [refused(service, call, peer=ATTACKER, json=forgery) for _ in range(12)]
        assert flood[-1], call
    cookie = {"cookie": f"__Host-ww_access={victim.access}", "sec-fetch-site": "same-origin"}
    assert answer(service, ("GET", "/auth/me"), peer=VICTIM, headers=cookie).status_code == 200
    body = {"refresh_token": victim.refresh}
    assert answer(service, ("POST", "/auth/refresh"), peer=VICTIM, json=body).status_code == 200
    assert answer(service, ("GET", "/auth/login/dev"), peer=VICTIM).status_code == 303
    logout = answer(service, ("POST", "/auth/logout"), peer=VICTIM, headers=cookie)
    assert logout.status_code == 204


def test_ses_85_behind_one_address_a_flood_costs_sign_ins_and_no_session(
    start_service: StartService,
) -> None:
    """Whoever shares the attacker's address waits for a sign-in and a refresh; calls with a live access
    token, the pages of the account and logout go on, and the refresh token is good afterwards."""
    service = start_service(rate_limits=ALL_LOW)
    victim = service.signed_in()
    for call in CALLS.values():
        assert any(refused(service, call, peer=VICTIM) for _ in range(12)), call
    cookie = {"cookie": f"__Host-ww_access={victim.access}", "sec-fetch-site": "same-origin"}
    for path in ("/private", "/live", "/auth/me", "/auth/sessions"):
        assert answer(service, ("GET", path), peer=VICTIM, headers=cookie).status_code == 200, path
    body = {"refresh_token": victim.refresh}
    assert answer(service, ("POST", "/auth/refresh"), peer=VICTIM, json=body).status_code == 429
    service.clock.advance(60)
    assert answer(service, ("POST", "/auth/refresh"), peer=VICTIM, json=body).status_code == 200


def test_ses_12_a_storm_of_replays_writes_nothing(start_service: StartService) -> None:
    """Whatever the old token is answered inside the overlap, and when the limit bites: after the
    rotation itself no row of any table is new or another."""
    service = start_service(rate_limits={"refresh": "1000/minute"})
    browser = service.signed_in()
    first = refresh(browser, browser.refresh).json()["refresh_token"]
    before = everything_in(service)
    storm = [refresh(browser, browser.refresh) for _ in range(70)]
    assert [each.status_code for each in storm] == [200] * 59 + [429] * 11
    assert {each.json()["refresh_token"] for each in storm[:59]} == {first}
    assert everything_in(service) == before


# --- the shared counter away ---------------------------------------------------------------------


def cache(service: Service) -> tuple[Any, Any, float | None]:
    """What the service says of its cache, once a look that asking begins is over."""

    async def settle() -> None:
        services: Any = await service.auth.services()
        services.limits.cache_state()
        await services.limits._counter.settled()

    service.clock.advance(RETRY_SECONDS)
    service.call(settle)
    response = service.client.get("/readyz")
    assert response.status_code == 200
    told = response.json()
    return told["status"], told["cache"], value(samples(service.client), "watchword_cache_up")


def found_again(service: Service) -> bool:
    """Whether one of some looks finds the cache; a busy machine may miss the first."""
    return any(cache(service) == ("ready", "ok", 1) for _ in range(10))


def test_ses_48_a_cache_that_comes_and_goes_is_seen(
    start_service: StartService, valkey_server: ValkeyTestServer
) -> None:
    """From the start, also where nobody is counted; the service is ready all the time."""
    service = start_service(cache_url=valkey_server.url, rate_limits={"login": "3/minute"})
    assert found_again(service)
    valkey_server.stop()
    assert cache(service) == ("degraded", "away", 0)
    valkey_server.start()
    assert found_again(service)


def test_ses_48_a_cache_that_was_never_there_is_seen(start_service: StartService) -> None:
    """A service starts without it, says so, and counts by itself."""
    service = start_service(cache_url="valkey://127.0.0.1:1", rate_limits={"login": "3/minute"})
    assert [refused(service, CALLS["login"]) for _ in range(4)] == [False] * 3 + [True]
    assert cache(service) == ("degraded", "away", 0)


def test_without_a_cache_nothing_is_said_of_one(start_service: StartService) -> None:
    """Neither in ``/readyz`` nor in ``/metrics``."""
    service = start_service(rate_limits={"login": "3/minute"})
    assert "cache" not in service.client.get("/readyz").json()
    assert value(samples(service.client), "watchword_cache_up") is None


def test_ses_80_what_is_refused_is_counted(start_service: StartService) -> None:
    """By limit, each from the start with 0."""
    service = start_service(rate_limits={"login": "3/minute", "refresh": "1/minute"})

    def counted() -> dict[str, float | None]:
        seen = samples(service.client)
        return {limit: value(seen, "watchword_rate_limited_total", limit=limit) for limit in COUNTS}

    assert counted() == dict.fromkeys(COUNTS, 0)
    for name, times in (("login", 5), ("begin", 1), ("refresh", 4)):
        for _ in range(times):
            answer(service, CALLS[name])
    assert counted() == dict.fromkeys(COUNTS, 0) | {"login": 3, "refresh": 3}
