"""``watchword audit list``: what an operator is told of what happened."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import typer

from tests.flows.browser import Browser
from tests.flows.commands import UNKNOWN, command, me, told
from tests.flows.conftest import Service, StartService
from watchword.auth.audit_events import AUDIT_EVENTS, AUDIT_NAMES
from watchword.cli.moments import moment_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def service(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A replica, whose database the commands of the test work on."""
    started = start_service()
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", started.auth.settings.database_url)
    return started


def names(*arguments: str) -> list[str]:
    return [each["event"] for each in told("audit", "list", *arguments)["events"]]


def test_the_trail_is_told_newest_first_and_narrowed(service: Service) -> None:
    """By person, session, event and time; nothing fits is an empty list, and no error."""
    alice, bob = me(service.signed_in("alice")), me(service.signed_in("bob"))
    told("users", "disable", bob["user_id"], "--yes")
    listed = names()
    assert set(listed[:2]) == {"account_disabled", "session_ended"}
    assert listed[2:] == ["sign_in", "sign_in"]
    assert names("--user", alice["user_id"]) == ["sign_in"]
    assert names("--session", bob["session_id"]) == ["session_ended", "sign_in"]
    assert names("--event", "sign_in", "--event", "account_disabled") == [
        "account_disabled",
        "sign_in",
        "sign_in",
    ]
    assert names("--user", UNKNOWN) == names("--until", "2000-01-01") == []
    (event,) = told("audit", "list", "--event", "account_disabled")["events"]
    assert event["user_id"] == bob["user_id"]
    assert event["details"] == {"by": "cli", "sessions_ended": 1}
    assert event["occurred_at"].endswith("Z")


def test_pages_are_asked_for_by_the_last_id(service: Service) -> None:
    """As the list for people says, in plain columns."""
    for _ in range(3):
        service.signed_in("alice")
    first = told("audit", "list", "--limit", "2")["events"]
    rest = told("audit", "list", "--before", first[-1]["id"])["events"]
    assert len({each["id"] for each in [*first, *rest]}) == 3
    shown = command("audit", "list", "--limit", "2").output
    assert f"--before {first[-1]['id']}" in shown
    assert shown.startswith("TIME ")
    assert "provider=dev client=browser" in shown
    assert "\x1b" not in shown
    assert "--before" not in command("audit", "list").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--event", "sign_ni"], "did you mean sign_in?"),
        (["--event", "' OR 1=1"], "no event has that name"),
        (["--since", "yesterday"], "--since"),
        (["--until", "2026-13-01"], "--until"),
        (["--since", "2026-11-01T09:30:00"], "is no moment"),
        (["--since", "999999w"], "is no moment"),
        (["--limit", "0"], "--limit"),
        (["--limit", "1001"], "--limit"),
        (["--before", "1"], "--before"),
        (["--user", "alice"], "--user"),
    ],
)
def test_wrong_usage_is_exit_2_and_says_what_there_is(arguments: list[str], said: str) -> None:
    """Before any database is asked; unknown names come with the list of those that are known."""
    result = command("audit", "list", *arguments)
    assert result.exit_code == 2, result.output
    assert said in result.output
    if arguments[0] == "--event":
        assert all(name in result.output for name in AUDIT_NAMES)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("24h", NOW - timedelta(hours=24)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(days=14)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T09:30:00Z", datetime(2026, 11, 1, 9, 30, tzinfo=UTC)),
        ("2026-11-01t09:30:00.5+02:00", datetime(2026, 11, 1, 7, 30, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_moments_are_typed_as_one_thinks_of_them(text: str, moment: datetime) -> None:
    """How long ago, a day, or an RFC 3339 time of any zone."""
    assert moment_of(text, now=NOW, option="--since") == moment


def test_a_time_without_a_zone_is_no_moment() -> None:
    """Nobody has to guess which one was meant."""
    with pytest.raises(typer.BadParameter, match="is no moment"):
        moment_of("2026-11-01T09:30:00", now=NOW, option="--since")


def export(browser: Browser) -> None:
    assert browser.get("/auth/account/export").status_code == 200


def test_an_export_is_on_the_trail(service: Service) -> None:
    """Once an hour of each session where it is the person who asks again and again, so that a thief's is
    there; every time where an operator does."""
    alice, thief = service.signed_in("alice"), service.signed_in("alice")
    for browser in (alice, alice, thief, thief):
        export(browser)
    user_id = me(alice)["user_id"]
    for _ in range(2):
        assert json.loads(command("users", "export", user_id).stdout)["account"]
    events = told("audit", "list", "--event", "account_exported", "--user", user_id)["events"]
    assert [each["details"]["by"] for each in events] == ["cli", "cli", "user", "user"]
    sessions = [each["session_id"] for each in events]
    assert sessions[:2] == [None, None]
    assert set(sessions[2:]) == {me(alice)["session_id"], me(thief)["session_id"]}


def test_what_events_say_is_what_their_list_says(service: Service) -> None:
    """Every member of the details of everything an operator does here."""
    bob = me(service.signed_in("bob"))["user_id"]
    for words in (
        ["users", "grant", bob, "x"],
        ["users", "deny", bob, "y"],
        ["users", "disable", bob, "--yes"],
        ["users", "enable", bob],
        ["sessions", "revoke", "--client", "browser", "--yes"],
        ["sessions", "revoke", "--all", "--yes"],
        ["provider", "purge", "dev", "--yes"],
    ):
        command(*words)
    events = told("audit", "list")["events"]
    assert len({each["event"] for each in events}) >= 6
    for each in events:
        assert set(each["details"]) <= set(AUDIT_EVENTS[each["event"]].details), each
