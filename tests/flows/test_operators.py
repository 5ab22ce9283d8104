"""What an operator does by command line reaches running replicas: roles, status, sessions."""

from __future__ import annotations

import pytest

from tests.flows.browser import Browser
from tests.flows.commands import HTML, me, read_feed, told
from tests.flows.conftest import Service, StartService
from tests.flows.machines import MACHINES, Machine, signed_in


@pytest.fixture
def service(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A replica, whose database the commands of the test work on."""
    started = start_service()
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", started.auth.settings.database_url)
    return started


def test_accounts_are_listed_and_shown(service: Service) -> None:
    """By the ids ``GET /auth/me`` shows, with roles as they count."""
    alice = service.signed_in("alice")
    service.clock.advance(1)
    bob = service.signed_in("bob")
    listed = told("users", "list")
    assert set(listed) == {"users"}
    assert [each["user_id"] for each in listed["users"]] == [me(alice)["user_id"], me(bob)["user_id"]]
    shown = told("users", "show", me(bob)["user_id"])
    identities = shown.pop("identities")
    assert shown == listed["users"][1]
    assert (shown["status"], shown["email"], shown["name"]) == ("active", "bob@example.test", "Bob Example")
    assert shown["roles"] == shown["identity_roles"] == ["editor"]
    assert shown["granted_roles"] == shown["denied_roles"] == []
    assert [each["provider"] for each in identities] == ["dev"]
    assert [each["email"] for each in told("users", "list", "--search", "BOB@")["users"]] == [
        "bob@example.test"
    ]
    first = told("users", "list", "--limit", "1")["users"]
    rest = told("users", "list", "--limit", "1", "--after", first[0]["user_id"])["users"]
    assert [*first, *rest] == listed["users"]


def test_ses_61_a_granted_role_counts_within_seconds(service: Service, start_service: StartService) -> None:
    """On every replica the old token is refused; the next refresh brings the role."""
    other = start_service()
    carol = service.signed_in("carol")
    there = Browser(other.client, dict(carol.cookies))
    assert carol.get("/admin").status_code == there.get("/admin").status_code == 403
    account = told("users", "grant", me(carol)["user_id"], "admin", "auditor")
    assert account["roles"] == account["granted_roles"] == ["admin", "auditor"]
    assert account["identity_roles"] == []
    read_feed(service, other)
    assert there.get("/private").status_code == carol.get("/private").status_code == 401
    assert carol.post("/auth/refresh").status_code == 200
    assert carol.get("/admin").status_code == 200
    assert me(carol)["roles"] == ["admin", "auditor"]


def test_ses_61_a_denied_role_stops_counting_within_seconds(
    service: Service, start_service: StartService
) -> None:
    """Whatever the provider says at the next sign-in; until the denial is taken back."""
    other = start_service()
    alice = service.signed_in("alice")
    there = Browser(other.client, dict(alice.cookies))
    user_id = me(alice)["user_id"]
    assert told("users", "deny", user_id, "admin")["roles"] == []
    read_feed(service, other)
    assert there.get("/admin").status_code == 401
    assert alice.post("/auth/refresh").status_code == 200
    assert alice.get("/admin").status_code == service.signed_in("alice").get("/admin").status_code == 403
    assert told("users", "grant", user_id, "admin")["roles"] == []
    account = told("users", "deny", "--remove", user_id, "admin")
    assert (account["roles"], account["granted_roles"], account["denied_roles"]) == (["admin"], ["admin"], [])
    assert told("users", "grant", user_id, "admin", "--remove")["granted_roles"] == []
    read_feed(service)
    assert alice.post("/auth/refresh").status_code == 200
    assert alice.get("/admin").status_code == 200


def test_a_granted_role_survives_the_next_sign_in(service: Service) -> None:
    """What the provider says replaces the identities' set only."""
    carol = service.signed_in("carol")
    told("users", "grant", me(carol)["user_id"], "admin")
    assert service.signed_in("carol").get("/admin").status_code == 200


def test_the_admin_pages_role_comes_by_grant_only(service: Service) -> None:
    """A provider that names it is not believed."""
    service.provider.behaviour.id_token_claims = lambda claims: {
        **claims,
        "roles": ["watchword-admin", "editor"],
    }
    browser = service.signed_in("carol")
    assert me(browser)["roles"] == ["editor"]
    told("users", "grant", me(browser)["user_id"], "watchword-admin")
    assert me(service.signed_in("carol"))["roles"] == ["editor", "watchword-admin"]


def test_ses_61_a_disabled_user_is_out_within_seconds(service: Service, start_service: StartService) -> None:
    """Everywhere, by every token and sign-in; enabling lets them sign in again and revives nothing."""
    other = start_service()
    browser = service.signed_in("bob")
    there = Browser(other.client, dict(browser.cookies))
    user_id = me(browser)["user_id"]
    assert told("users", "disable", user_id, "--yes")["status"] == "disabled"
    read_feed(service, other)
    assert browser.get("/private").status_code == there.get("/private").status_code == 401
    assert there.post("/auth/refresh").status_code == 401
    assert there.get("/auth/account", **HTML).status_code == 303
    refused = service.sign_in(service.browser(), "bob")
    assert refused.status_code == 403
    assert "cannot sign in" in refused.text
    assert told("users", "enable", user_id)["status"] == "active"
    read_feed(service, other)
    assert browser.get("/private").status_code == 401
    assert browser.post("/auth/refresh").status_code == 401
    assert service.signed_in("bob").get("/private").status_code == 200


def test_sessions_are_listed_and_revoked(service: Service, start_service: StartService) -> None:
    """By the ids ``GET /auth/me`` shows; what the command ends, every replica refuses."""
    other = start_service()
    alice, bob = service.signed_in("alice"), service.signed_in("bob")
    listed = told("sessions", "list")
    assert set(listed) == {"sessions"}
    by_id = {each["id"]: each for each in listed["sessions"]}
    assert set(by_id) == {me(alice)["session_id"], me(bob)["session_id"]}
    mine = by_id[me(alice)["session_id"]]
    assert (mine["user_id"], mine["client_id"]) == (me(alice)["user_id"], "browser")
    own = bob.get("/auth/sessions").json()["sessions"][0]
    of_bob = told("sessions", "list", "--user", me(bob)["user_id"])["sessions"]
    assert [each["id"] for each in of_bob] == [own["id"]]
    assert set(own) - {"current"} <= set(mine)
    ids = (me(alice)["session_id"], me(bob)["session_id"])
    assert told("sessions", "revoke", ids[0], "--yes") == {"revoked": 1, "unknown": []}
    assert told("sessions", "revoke", *ids, "--yes") == {"revoked": 1, "unknown": []}
    read_feed(service, other)
    for browser in (alice, bob):
        assert browser.get("/private").status_code == 401
        assert Browser(other.client, dict(browser.cookies)).get("/private").status_code == 401
    assert told("sessions", "list") == {"sessions": []}


def test_all_sessions_of_a_user_are_revoked(service: Service) -> None:
    """And nobody else's."""
    first, second, bob = service.signed_in("alice"), service.signed_in("alice"), service.signed_in("bob")
    revoked = told("sessions", "revoke", "--user", me(first)["user_id"], "--yes")
    assert revoked == {"revoked": 2, "unknown": []}
    read_feed(service)
    assert first.get("/private").status_code == second.get("/private").status_code == 401
    assert bob.get("/private").status_code == 200


def test_everything_of_a_client_is_revoked(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sessions by command, and nobody else's."""
    service = start_service(clients=MACHINES)
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", service.auth.settings.database_url)
    machine, browser = Machine(service, "backend"), service.signed_in("alice")
    tokens = signed_in(machine)
    assert told("sessions", "revoke", "--client", "backend", "--yes") == {"revoked": 1, "unknown": []}
    assert machine.introspect(tokens["access_token"]) == {"active": False}
    assert machine.call(tokens["access_token"]).status_code == 401
    assert browser.get("/private").status_code == 200


def test_tokens_that_a_client_got_before_its_secret_leaked_are_refused(start_service: StartService) -> None:
    """Those without a session, too; what it gets after the margin for clocks counts."""
    service = start_service(clients=MACHINES)
    leaked, other = Machine(service, "backend"), Machine(service)
    before, kept = leaked.token()["access_token"], other.token()["access_token"]

    async def revoke() -> int:
        return await (await service.auth.services()).accounts.revoke_client("backend")

    assert service.call(revoke) == 0
    assert leaked.introspect(before) == {"active": False}
    assert leaked.call(before).status_code == 401
    assert other.call(kept).status_code == 200
    service.clock.advance(6)
    assert leaked.call(leaked.token()["access_token"]).status_code == 200
