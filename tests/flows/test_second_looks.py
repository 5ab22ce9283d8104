"""Corners where a session, its roles or its end could come out wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.flows.conftest import Service, StartService
from watchword import Settings, Watchword
from watchword.api.services import Services
from watchword.auth.caller import RequestFacts
from watchword.auth.grants import ClientContext
from watchword.auth.ports import LiveSession, ProviderIdentity
from watchword.errors import DatabaseUnavailable, NotInstalled
from watchword.protocol.principal import Anonymous, Rejected

APP = {"app": {"redirect_uris": ["https://spa.example.test/cb"], "scopes": ["orders"]}}


_NOWHERE = ClientContext()


def _identity(session: LiveSession) -> ProviderIdentity:
    return ProviderIdentity("dev", session.issuer, session.subject, None, False, None, None)


def bearer(token: str) -> dict[str, Any]:
    return {"headers": {"authorization": f"Bearer {token}"}}


def refresh(service: Service, token: str) -> int:
    return service.browser().post("/auth/refresh", json={"refresh_token": token}, site=None).status_code


def test_an_expired_access_token_still_logs_out(service: Service) -> None:
    """Whoever presses "sign out" after the token ran out is signed out; garbage ends nothing."""
    browser = service.signed_in()
    other = service.signed_in("bob")
    service.clock.advance(901)
    assert service.browser().post("/auth/logout", site=None, **bearer(browser.access)).status_code == 204
    assert refresh(service, browser.refresh) == 401
    assert service.browser().post("/auth/logout", site=None, **bearer(other.access + "x")).status_code == 204
    assert refresh(service, other.refresh) == 200


def test_changed_roles_do_not_read_like_an_ended_session(service: Service) -> None:
    """401 ``token_superseded``: a refresh is enough, and it brings the new roles."""
    browser = service.signed_in("bob")
    user_id = browser.get("/auth/me").json()["user_id"]

    async def grant() -> None:
        services = await service.auth.services()
        await services.accounts.change_roles(UUID(user_id), grant=["admin"])
        await services.feed.poll()

    service.call(grant)
    assert browser.get("/private").json()["code"] == "token_superseded"
    assert browser.post("/auth/refresh").status_code == 200
    assert browser.get("/private").json()["roles"] == ["admin", "editor"]


def test_roles_stay_when_userinfo_cannot_be_asked(start_service: StartService) -> None:
    """An outage of userinfo is not the provider saying "no roles"; an answer without them is."""
    service = start_service()
    service.provider.behaviour.id_token_claims = lambda claims: {
        name: value for name, value in claims.items() if name != "roles"
    }
    first = service.signed_in("alice")
    assert first.get("/private").json()["roles"] == ["admin"]
    service.provider.fail("userinfo", status=503)
    second = service.signed_in("alice")
    assert second.get("/private").json()["roles"] == ["admin"]
    assert first.get("/private").status_code == 200
    service.provider.heal()
    service.provider.behaviour.userinfo = lambda claims: {
        name: value for name, value in claims.items() if name != "roles"
    }
    assert service.signed_in("alice").get("/private").json()["roles"] == []


def test_a_client_that_is_registered_no_longer_gets_no_more_tokens(start_service: StartService) -> None:
    """Its sessions end when it comes to refresh them."""
    service, after = start_service(clients=APP), start_service()
    browser = service.signed_in()

    async def belongs_to_the_app() -> str:
        services = await service.auth.services()
        session = await services.sessions.holder(browser.refresh)
        assert session is not None
        grant = await services.sessions.open(
            _identity(session),
            client_id="app",
            scopes=frozenset({"orders"}),
            auth_time=service.auth.now(),
            provider_sid=None,
            client=_NOWHERE,
        )
        return grant.refresh_token

    token = service.call(belongs_to_the_app)
    assert refresh(after, token) == 401
    assert refresh(service, token) == 401


class Unstartable(Watchword):
    """A database that takes its time to say no, and a count of how often it was asked."""

    asked = 0

    async def _start(self) -> Services:
        self.asked += 1
        await asyncio.sleep(0.05)
        raise DatabaseUnavailable("away")


async def test_a_start_that_fails_fails_for_all_who_wait(tmp_path: Path) -> None:
    """Without a lifespan: not one after the other, and the next request tries again."""
    auth = Unstartable(Settings(database_url=f"sqlite:///{tmp_path}/nowhere.db"))
    request = RequestFacts([(b"authorization", b"Bearer x")], "GET", websocket=False)
    answers = await asyncio.gather(*(auth.identify(request) for _ in range(20)))
    assert auth.asked == 1
    assert all(isinstance(answer, Rejected) for answer in answers)
    await auth.identify(request)
    assert auth.asked == 2
    foreign = RequestFacts([(b"cookie", b"theme=dark")], "GET", websocket=False)
    assert isinstance(await auth.identify(foreign), Anonymous)


def test_a_stopped_app_stays_stopped(start_service: StartService) -> None:
    """A late request opens nothing that nobody would close; the next start works."""
    service = start_service()
    service.client.__exit__(None, None, None)
    with pytest.raises(NotInstalled):
        asyncio.run(service.auth.services())
    service.client.__enter__()
    assert service.client.get("/readyz").status_code == 200
