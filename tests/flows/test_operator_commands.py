"""``watchword users`` and ``sessions`` as commands: usage, exit codes, output, trail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.flows.commands import UNKNOWN, command, me, read_feed, run, told, trail
from tests.flows.conftest import Service, StartService
from watchword.errors import AccountNotFound


@pytest.fixture
def service(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A replica, whose database the commands of the test work on."""
    started = start_service()
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", started.auth.settings.database_url)
    return started


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
        ["sessions", "revoke", "--client", "spa", "--user", UNKNOWN, "--yes"],
        ["sessions", "revoke", "--client", "spa", UNKNOWN, "--yes"],
        ["sessions", "revoke", "--client", "spa"],
        ["sessions", "revoke", "--client", "Not A Client", "--yes"],
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
