"""Re-checks by the settings: off, without grace, without a refresh token, with other providers, clients."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.flows.browser import Browser
from tests.flows.commands import trail
from tests.flows.conftest import Service, StartService
from tests.flows.first_party import CLIENTS, FirstParty
from tests.flows.rechecks import GRACE_SECONDS, LONG_LIVED, RECHECK_SECONDS, comes_back_later
from watchword.dev_provider import DevProviderServer
from watchword.testing.provider import provider_settings


def wait(service: Service, seconds: int = RECHECK_SECONDS) -> int:
    """Time passes; how many questions the provider has had."""
    service.clock.advance(seconds)
    return service.provider.count("token")


def test_switched_off_nobody_is_asked_again(start_service: StartService) -> None:
    """PROVIDER_RECHECK_SECONDS=0, also for who signed in before; the provider may be down for good."""
    on, off = start_service(**LONG_LIVED), start_service(**LONG_LIVED, provider_recheck_seconds=0)
    before, after = on.signed_in(), off.signed_in("bob")
    asked = wait(on)
    on.provider.fail("*")
    for browser in (Browser(off.client, dict(before.cookies)), after):
        for _ in range(2):
            assert browser.post("/auth/refresh").status_code == 200
            off.clock.advance(RECHECK_SECONDS)
    assert on.provider.count("token") == asked
    assert trail(off) == [("rechecks_stopped", {"cause": "switched_off"})]


def test_without_a_refresh_token_of_the_provider_nobody_is_asked_again(
    start_service: StartService, provider_server: DevProviderServer
) -> None:
    """A sign-in that asked for none goes on without re-checks."""
    plain = {**provider_settings(provider_server), "scopes": "openid profile"}
    service = start_service(**LONG_LIVED, providers={"dev": plain})
    browser = service.signed_in()
    asked = wait(service)
    service.provider.fail("*")
    assert browser.post("/auth/refresh").status_code == 200
    assert service.provider.count("token") == asked


def test_without_grace_an_outage_is_felt_at_once(start_service: StartService) -> None:
    """And only as long as it lasts; our own pages know the person all the while."""
    service = start_service(**LONG_LIVED, provider_grace_seconds=0)
    browser = service.signed_in()
    wait(service)
    service.provider.fail("token", times=1)
    comes_back_later(browser.post("/auth/refresh"))
    assert browser.get("/private").status_code == 401
    assert browser.get("/auth/account").status_code == 200
    assert browser.post("/auth/refresh").status_code == 200
    assert trail(service) == []


@pytest.mark.parametrize("settings", [{"recheck": 60, "grace": 900}, {"recheck": 60, "grace": 0}])
def test_the_interval_is_that_of_the_settings(start_service: StartService, settings: dict[str, int]) -> None:
    """One second before it, and at it."""
    service = start_service(
        provider_recheck_seconds=settings["recheck"], provider_grace_seconds=settings["grace"]
    )
    browser = service.signed_in()
    asked = wait(service, 59)
    browser.post("/auth/refresh")
    assert service.provider.count("token") == asked
    service.clock.advance(1)
    browser.post("/auth/refresh")
    assert service.provider.count("token") == asked + 1


@pytest.mark.parametrize("cause", ["provider_removed", "seal_not_openable"])
def test_a_provider_that_left_the_settings_has_its_grace(
    start_service: StartService,
    provider_server: DevProviderServer,
    caplog: pytest.LogCaptureFixture,
    cause: str,
) -> None:
    """Removed, or registered anew under the same id: a warning each time, then an end that says why."""
    dev = provider_settings(provider_server)
    left: dict[str, Any] = (
        {"other": dev} if cause == "provider_removed" else {"dev": {**dev, "client_id": "x"}}
    )
    service, without = start_service(**LONG_LIVED), start_service(**LONG_LIVED, providers=left)
    browser = Browser(without.client, dict(service.signed_in().cookies))
    wait(service)
    with caplog.at_level(logging.WARNING, "watchword"):
        assert browser.post("/auth/refresh").status_code == 200
    assert "cannot be asked about session" in caplog.text
    service.clock.advance(GRACE_SECONDS)
    assert browser.post("/auth/refresh").status_code == 401
    assert trail(service)[-1] == ("session_ended", {"reason": "recheck_impossible", "cause": cause})


def test_a_first_party_client_keeps_its_token_through_an_outage(start_service: StartService) -> None:
    """At ``/auth/token``: 503 with ``Retry-After`` where nothing is handed out, and 400 ``invalid_grant``
    only when the provider has said no."""
    service = start_service(**LONG_LIVED, clients=CLIENTS)
    party = FirstParty(service)
    tokens = party.exchange(party.code()).json()
    wait(service, RECHECK_SECONDS + GRACE_SECONDS)
    service.provider.fail("*")
    comes_back_later(refresh(party, tokens["refresh_token"]))
    service.provider.heal()
    service.forget_faults()
    fresh = refresh(party, tokens["refresh_token"])
    assert fresh.status_code == 200
    wait(service)
    service.provider.revoke()
    refused = refresh(party, fresh.json()["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def refresh(party: FirstParty, token: str) -> Any:
    form = {"grant_type": "refresh_token", "client_id": party.client_id, "refresh_token": token}
    return party.browser.post("/auth/token", data=form, site=None)
