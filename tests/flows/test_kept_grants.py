"""What of a provider's grant is kept with a session, however it was opened, and that it is of use."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable

import pytest

from tests.flows.conftest import Service, StartService
from tests.flows.first_party import CLIENTS, FirstParty
from tests.flows.own_sessions import HTML
from tests.flows.refusals import change, select
from watchword.auth.sealing import Sealer
from watchword.dev_provider import DevProviderServer
from watchword.testing.provider import provider_settings

RECHECK_SECONDS = 600
SECRET = b"s" * 32
SEALED = "SELECT sealed_tokens FROM ww_provider_grants"
DUE = "SELECT recheck_due_at FROM ww_sessions WHERE revoked_at IS NULL"


def token_calls(service: Service) -> int:
    return [each.path for each in service.provider.requests].count("/token")


@pytest.mark.parametrize("opened_by", ["browser", "client"])
def test_a_session_is_asked_about_with_the_token_of_its_sign_in(
    start_service: StartService, opened_by: str
) -> None:
    """Twice, since the provider rotates: the second time with the token of the first."""
    service = start_service(clients=CLIENTS, provider_recheck_seconds=RECHECK_SECONDS)
    carry_on = _browser(service) if opened_by == "browser" else _client(service)
    (sealed,) = select(service, SEALED)
    assert None not in (sealed, *select(service, DUE))
    before = token_calls(service)
    for _ in range(2):
        carry_on()
        service.clock.advance(RECHECK_SECONDS + 1)
    carry_on()
    assert token_calls(service) - before == 2
    assert select(service, SEALED) != [sealed]


def _browser(service: Service) -> Callable[[], None]:
    browser = service.signed_in()
    return lambda: _is_done(browser.post("/auth/refresh").status_code)


def _client(service: Service) -> Callable[[], None]:
    client = FirstParty(service)
    held = [client.exchange(client.code()).json()["refresh_token"]]

    def carry_on() -> None:
        held.append(client.refresh(held[-1]).json()["refresh_token"])

    return carry_on


def _is_done(status: int) -> None:
    assert status == 200


def test_a_session_that_a_link_opened_is_asked_about_too(
    start_service: StartService, provider_server: DevProviderServer
) -> None:
    """At the provider that was linked, with the grant of that sign-in."""
    dev = provider_settings(provider_server)
    service = start_service(providers={"dev": dev, "other": dev}, provider_recheck_seconds=RECHECK_SECONDS)
    browser = service.signed_in()
    location = browser.post("/auth/link/other", headers=HTML).headers["location"]
    assert browser.get(service.approve(location, "bob")).status_code == 303
    service.provider.revoke("alice")
    service.clock.advance(RECHECK_SECONDS + 1)
    assert browser.post("/auth/refresh").status_code == 200
    service.provider.revoke("bob")
    service.clock.advance(RECHECK_SECONDS + 1)
    assert browser.post("/auth/refresh").status_code == 401


def test_with_re_checks_off_nothing_is_asked_for_and_nothing_kept(start_service: StartService) -> None:
    """Neither offline access nor, where a token comes all the same, the token."""
    service = start_service(provider_recheck_seconds=0)
    assert "offline_access" not in service.begin(service.browser())
    service.signed_in()
    assert select(service, SEALED) == [None]
    assert select(service, DUE) == [None]


def test_a_code_from_before_an_upgrade_still_opens(start_service: StartService) -> None:
    """It has no refresh token in it; its session is not checked again."""
    service = start_service(
        clients=CLIENTS, secret_key=base64.b64encode(SECRET).decode(), provider_recheck_seconds=60
    )
    client = FirstParty(service)
    code = client.code()
    digest = hashlib.sha256(code.encode()).digest()
    sealer, binding = Sealer(SECRET), {"place": digest, "also": code.encode()}
    (sealed,) = select(service, "SELECT sealed_sign_in FROM ww_authorization_codes")
    fields = json.loads(sealer.open("authorization-code", sealed, **binding))
    assert fields.pop("refresh_token")
    assert fields.pop("registration")
    older = sealer.seal("authorization-code", json.dumps(fields).encode(), **binding)
    change(service, f"UPDATE ww_authorization_codes SET sealed_sign_in = X'{older.hex()}'")
    assert client.exchange(code).status_code == 200
    assert (select(service, SEALED), select(service, DUE)) == ([], [None])


def test_a_code_given_under_another_registration_brings_no_refresh_token(
    start_service: StartService, provider_server: DevProviderServer
) -> None:
    """A replica that is configured anew would send it to a provider, or as a client, it is not of."""
    before, dev = start_service(clients=CLIENTS), provider_settings(provider_server)
    after = start_service(clients=CLIENTS, providers={"dev": {**dev, "client_id": "another"}})
    code = FirstParty(before).code()
    assert FirstParty(after).exchange(code).status_code == 200
    assert select(after, SEALED) == []
