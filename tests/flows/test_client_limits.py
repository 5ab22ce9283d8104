"""Rate limits of clients that authenticate: counted once they have, and never by a stranger."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import FirstParty
from tests.flows.machines import ITSELF, MACHINES, Machine, asserted, basic, signed, signed_in


def ask(
    service: Service, fields: dict[str, str], *, number: int, secret: str | None = None
) -> httpx2.Response:
    """A token request of ``batch`` from an address that nobody else uses."""
    batch = Machine(service)
    headers = {"authorization": basic("batch", batch.secret if secret is None else secret)}

    async def work() -> httpx2.Response:
        client: Any = (f"198.51.100.{number}", 1)
        transport = httpx2.ASGITransport(app=service.app, client=client)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as sender:
            return await sender.post("/auth/token", data=fields, headers=headers)

    response: httpx2.Response = service.call(work)
    return response


@pytest.fixture
def service(start_service: StartService) -> Service:
    return start_service(clients=MACHINES, rate_limits={"token": "3/minute", "introspect": "2/minute"})


def test_ses_80_a_client_is_counted_from_wherever_it_comes(service: Service) -> None:
    """The limit of an address holds for an authenticated client as well, and no other client is
    touched; after the window it goes on."""
    statuses = [ask(service, ITSELF, number=number).status_code for number in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = ask(service, ITSELF, number=5)
    assert (refused.status_code, refused.json()["error"]) == (429, "temporarily_unavailable")
    assert refused.headers["retry-after"] == "60"
    assert Machine(service, "odd").token()["access_token"]
    service.clock.advance(60)
    assert ask(service, ITSELF, number=6).status_code == 200


def test_ses_85_a_stranger_uses_up_nobodys_limit(service: Service) -> None:
    """A client's id is no secret: requests that fail to authenticate do not count for it."""
    for number in range(10):
        assert ask(service, ITSELF, number=number, secret="x" * 64).status_code == 401
    assert ask(service, ITSELF, number=11).status_code == 200


def test_an_address_is_counted_before_anything_is_looked_at(service: Service) -> None:
    """Guessing secrets from one place is slow."""
    batch = Machine(service)
    statuses = [
        batch.send("/auth/token", ITSELF, authorization=basic("batch", f"{n}" * 64)).status_code
        for n in range(4)
    ]
    assert statuses == [401, 401, 401, 429]


def test_a_refused_refresh_and_assertion_use_nothing_up(start_service: StartService) -> None:
    """What an address over its limit sends is not looked at, so it can be sent again."""
    service = start_service(clients=MACHINES, rate_limits={"token": "1/second"})
    machine, signer = Machine(service, "backend"), Machine(service, "signer")
    token = signed_in(machine)["refresh_token"]
    refresh = {"grant_type": "refresh_token", "refresh_token": token}
    assertion = ITSELF | asserted(signed(signer.claims()))
    assert machine.ask("/auth/token", refresh).status_code == 429
    assert signer.send("/auth/token", assertion).status_code == 429
    service.clock.advance(1)
    assert machine.ask("/auth/token", refresh).status_code == 200
    service.clock.advance(1)
    assert signer.send("/auth/token", assertion).status_code == 200


def test_public_clients_are_counted_by_address_only(service: Service) -> None:
    """Anybody can state their id."""
    spa = FirstParty(service)
    fields: dict[str, str | None] = {"grant_type": "refresh_token", "client_id": "spa", "refresh_token": "x"}
    assert [spa.post("/auth/token", fields).status_code for _ in range(3)] == [400] * 3
    assert ask(service, ITSELF, number=1).status_code == 200


def test_introspection_has_a_limit_of_its_own(service: Service) -> None:
    """An API that asks for every request does not stop its own token requests; revocation has none."""
    batch = Machine(service)
    statuses = [batch.ask("/auth/introspect", {"token": "x"}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert batch.token()["access_token"]
    assert [batch.ask("/auth/revoke", {"token": "x"}).status_code for _ in range(9)] == [200] * 9
