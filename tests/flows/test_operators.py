"""What an operator does by command line reaches running replicas: roles, status, sessions."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner, Result

from tests.flows.browser import Browser
from tests.flows.conftest import Service, StartService
from watchword.cli.main import app
from watchword.errors import AccountNotFound

HTML = {"accept": "text/html"}
UNKNOWN = "019e0000-0000-7000-8000-00000000abcd"


@pytest.fixture
def service(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A replica, whose database the commands of the test work on."""
    started = start_service()
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", started.auth.settings.database_url)
    return started


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def told(*arguments: str) -> Any:
    """What a command prints with ``--json``: one line."""
    result = command(*arguments, "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def me(browser: Browser) -> dict[str, Any]:
    answer = browser.get("/auth/me").json()
    assert isinstance(answer, dict)
    return answer


def read_feed(*services: Service) -> None:
    """What every replica does once a second."""

    async def poll(service: Service) -> None:
        await (await service.auth.services()).feed.poll()

    for service in services:
        service.call(poll, service)


def trail(service: Service) -> list[tuple[str, dict[str, Any]]]:
    """Event and details of everything but sign-ins, in order."""
    engine = create_engine(service.auth.settings.database_url.replace("+aiosqlite", ""))
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT event, details FROM ww_audit_events WHERE event <> 'sign_in' ORDER BY rowid")
        ).all()
    engine.dispose()
    return [(row.event, json.loads(row.details)) for row in rows]


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


def test_lists_for_people_are_plain_columns(service: Service) -> None:
    """Ids, no colour, and how to go on when there may be more."""
    browser = service.signed_in("alice")
    user_id = me(browser)["user_id"]
    for arguments in (["users", "list"], ["users", "show", user_id], ["sessions", "list"]):
        result = command(*arguments)
        assert result.exit_code == 0
        assert user_id in result.output
        assert "\x1b" not in result.output
    assert "Alice Example" in command("users", "list").output
    assert f"--after {user_id}" in command("users", "list", "--limit", "1").output
    assert f"--after {me(browser)['session_id']}" in command("sessions", "list", "--limit", "1").output
    assert "--after" not in command("users", "list").output


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


def test_every_change_is_on_the_trail_with_who_did_it(service: Service) -> None:
    """By command line or by the person, in order."""
    bob, other = service.signed_in("bob"), service.signed_in("bob")
    user_id = me(bob)["user_id"]
    bob.request(
        "DELETE", f"/auth/sessions/{me(other)['session_id']}", headers={"sec-fetch-site": "same-origin"}
    )
    told("users", "grant", user_id, "x")
    told("users", "grant", user_id, "x")
    told("users", "disable", user_id, "--yes")
    told("users", "enable", user_id)
    assert trail(service) == [
        ("session_ended", {"reason": "revoked", "by": "user"}),
        ("roles_changed", {"by": "cli", "granted": ["x"]}),
        ("session_ended", {"reason": "disabled", "by": "cli"}),
        ("account_disabled", {"by": "cli", "sessions_ended": 1}),
        ("account_enabled", {"by": "cli", "sessions_ended": 0}),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["users", "show", "not-an-id"],
        ["users", "show"],
        ["users", "grant", UNKNOWN],
        ["users", "grant", UNKNOWN, "not a role"],
        ["users", "deny", UNKNOWN, "x" * 65],
        ["users", "grant", UNKNOWN, *(f"role-{n}" for n in range(101))],
        ["users", "disable", UNKNOWN],
        ["users", "list", "--limit", "0"],
        ["users", "list", "--limit", "1001"],
        ["users", "list", "--after", "1"],
        ["sessions", "revoke", "--yes"],
        ["sessions", "revoke", UNKNOWN],
        ["sessions", "revoke", UNKNOWN, "--user", UNKNOWN, "--yes"],
        ["sessions", "list", "--user", "' OR 1=1"],
    ],
)
def test_wrong_usage_is_exit_2_and_changes_nothing(service: Service, arguments: list[str]) -> None:
    """Also a destructive command without ``--yes``."""
    service.signed_in("alice")
    result = command(*arguments)
    assert result.exit_code == 2, result.output
    assert "Error: " in result.output
    assert trail(service) == []
    assert len(told("sessions", "list")["sessions"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["users", "show", UNKNOWN],
        ["users", "grant", UNKNOWN, "x"],
        ["users", "deny", "--remove", UNKNOWN, "x"],
        ["users", "disable", UNKNOWN, "--yes"],
        ["users", "enable", UNKNOWN],
        ["sessions", "revoke", "--user", UNKNOWN, "--yes"],
    ],
)
def test_an_unknown_account_is_told_as_one(service: Service, arguments: list[str]) -> None:
    """Exit 1 with the id."""
    result = command(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, AccountNotFound)
    assert UNKNOWN in result.exception.detail


def test_an_unknown_session_does_not_keep_others_from_ending(service: Service) -> None:
    """Exit 1 names it; the known one has ended."""
    browser = service.signed_in("alice")
    result = command("sessions", "revoke", UNKNOWN, me(browser)["session_id"], "--yes", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"revoked": 1, "unknown": [UNKNOWN]}
    assert UNKNOWN in result.stderr
    assert told("sessions", "list") == {"sessions": []}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "watchword", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_installed_command_works_beside_a_running_service(service: Service) -> None:
    """As a process of its own: output, exit codes 0 and 1, no traceback."""
    browser = service.signed_in("bob")
    listed = run("users", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert [each["user_id"] for each in json.loads(listed.stdout)["users"]] == [me(browser)["user_id"]]
    done = run("sessions", "revoke", me(browser)["session_id"], "--yes")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Sessions ended: 1\n", "")
    read_feed(service)
    assert browser.get("/private").status_code == 401
    failed = run("users", "show", UNKNOWN)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == f"Error: there is no account {UNKNOWN}\n"


def test_a_database_that_was_never_migrated_is_exit_3(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no file is made."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    ended = run("sessions", "list")
    assert ended.returncode == 3
    assert "watchword db upgrade" in ended.stderr
    assert not list(tmp_path.iterdir())


MANY = [f"{number:02}" + "x" * 62 for number in range(60)]
"""Roles whose names alone pass 4 KB."""


def test_too_many_granted_roles_refuse_a_refresh_without_rotating(service: Service) -> None:
    """``too_many_roles``; when they are taken back, the very same cookie goes on (contract, Roles)."""
    carol = service.signed_in("carol")
    user_id, refresh = me(carol)["user_id"], carol.refresh
    told("users", "grant", user_id, *MANY)
    for _ in range(2):
        refused = carol.post("/auth/refresh")
        assert refused.status_code == 403
        assert refused.json()["error"] == "invalid_request"
        assert not carol.set_cookies
        service.clock.advance(11)
    told("users", "grant", "--remove", user_id, *MANY)
    assert carol.refresh == refresh
    assert carol.post("/auth/refresh").status_code == 200
    assert carol.get("/private").status_code == 200


def test_too_many_granted_roles_refuse_a_sign_in_without_a_trace(service: Service) -> None:
    """A page that says so, no cookie, no session, and nobody else is evicted or replaced for it."""
    carol = service.signed_in("carol")
    told("users", "grant", me(carol)["user_id"], *MANY)
    before = told("sessions", "list")
    newcomer = service.browser()
    for browser in (newcomer, carol):
        refused = service.sign_in(browser, "carol")
        assert refused.status_code == 403
        assert "more roles than a session can carry" in refused.text
    assert not newcomer.signed_in
    assert told("sessions", "list") == before
    assert trail(service)[-1][0] == "roles_changed"


def test_a_bearer_may_carry_what_a_cookie_cannot(service: Service) -> None:
    """A token client is not bound by the size of a cookie."""
    carol = service.signed_in("carol")
    told("users", "grant", me(carol)["user_id"], *MANY)
    program = service.browser()
    answer = program.post("/auth/refresh", json={"refresh_token": carol.refresh}, site=None)
    assert answer.status_code == 200
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert program.request("GET", "/private", headers=bearer).json()["roles"] == sorted(MANY)
