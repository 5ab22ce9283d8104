"""``watchword sessions revoke --all`` beside two replicas: everybody is out, whatever rows are left."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.flows.browser import Browser
from tests.flows.commands import command, read_feed, told
from tests.flows.conftest import Service, StartService
from tests.flows.machines import MACHINES, Machine, signed_in
from tests.flows.refusals import select
from watchword.auth.account_ports import Act
from watchword.protocol.uuid7 import uuid7
from watchword.storage import open_database
from watchword.storage.all_sessions import SqlAllSessions

LATER_SECONDS = 60


@pytest.fixture
def here(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Service:
    service = start_service(clients=MACHINES)
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", service.auth.settings.database_url)
    return service


def test_everybody_is_signed_out_everywhere_and_may_come_back(
    here: Service, start_service: StartService
) -> None:
    """People, and clients that act for them; what a machine got for itself is no session and goes on."""
    there = start_service(clients=MACHINES)
    machine = Machine(here, "backend")
    own, tokens = machine.token()["access_token"], signed_in(machine)
    alice = here.signed_in("alice")
    assert told("sessions", "revoke", "--all", "--yes") == {"revoked": 2, "unknown": []}
    read_feed(here, there)
    for replica in (here, there):
        browser = Browser(replica.client, dict(alice.cookies))
        assert browser.get("/private").status_code == 401
        assert browser.post("/auth/refresh").status_code == 401
        bearer = {"authorization": f"Bearer {tokens['access_token']}"}
        assert replica.client.get("/private", headers=bearer).status_code == 401
    assert machine.call(own).status_code == 200
    here.clock.advance(LATER_SECONDS)
    again = here.signed_in("alice")
    assert again.get("/private").status_code == 200
    assert again.post("/auth/refresh").status_code == 200
    assert told("sessions", "list")["sessions"][0]["id"] == again.get("/auth/me").json()["session_id"]


def test_what_is_announced_counts_before_the_rows_and_without_the_command(
    here: Service, start_service: StartService
) -> None:
    """A command that dies after its first word: no access token, no refresh, no page by the refresh cookie,
    no introspection of either token, on a replica that starts afterwards too."""
    machine, alice = Machine(here, "backend"), here.signed_in("alice")
    tokens = signed_in(machine)
    now = here.clock.now()
    last = uuid7(int(now.timestamp() * 1000), b"\xff" * 10)
    act = Act(now, now + timedelta(hours=1), "cli")

    async def announce() -> None:
        database = open_database(here.auth.settings.database_url)
        await SqlAllSessions(database.transactions).announce(last, opened_live=timedelta(days=1), act=act)
        await database.close()

    here.call(announce)
    read_feed(here)
    late = start_service(clients=MACHINES)
    here.clock.advance(LATER_SECONDS)
    for replica in (here, late):
        browser = Browser(replica.client, dict(alice.cookies))
        del browser.cookies["__Host-ww_access"]
        assert browser.get("/auth/account").status_code in (303, 401)
        assert browser.post("/auth/refresh").status_code == 401
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert machine.introspect(token) == {"active": False}
    assert select(here, "SELECT id FROM ww_sessions WHERE revoked_at IS NOT NULL") == []


@pytest.mark.parametrize("arguments", [["--all"], ["--all", "--client", "browser", "--yes"]])
def test_it_wants_a_yes_and_nothing_beside_it(here: Service, arguments: list[str]) -> None:
    """Exit code 2, and nobody is signed out."""
    alice = here.signed_in("alice")
    assert command("sessions", "revoke", *arguments).exit_code == 2
    read_feed(here)
    assert alice.get("/private").status_code == 200
