"""What administrators see, by page and by program, and what is recorded of it."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from tests.flows.administrators import (
    ADMIN,
    administrator,
    counted,
    every_get,
    person_page,
    recorded,
    search,
    user_id_of,
)
from tests.flows.commands import told
from tests.flows.conftest import Service, StartService
from tests.flows.own_sessions import FIREFOX, HTML, UNKNOWN, own_id, without_access
from tests.flows.refusals import change
from watchword.protocol.account_search import MAX_SEARCH_CHARS


def test_the_first_administrator_is_made_on_the_command_line(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command, and the page opens to whoever was signed in before; the account page leads there."""
    service = start_service()
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", service.auth.settings.database_url)
    browser = service.signed_in("carol")
    assert browser.get(ADMIN).status_code == 403
    assert 'href="/auth/admin"' not in browser.get("/auth/account", **HTML).text
    shown = told("users", "grant", user_id_of(browser), "watchword-admin")
    assert shown["granted_roles"] == shown["roles"] == ["watchword-admin"]
    assert browser.get(ADMIN).status_code == 200
    assert 'href="/auth/admin"' in browser.get("/auth/account", **HTML).text
    assert without_access(browser).get(ADMIN, **HTML).status_code == 200
    told("users", "grant", user_id_of(browser), "watchword-admin", "--remove")
    assert browser.get(ADMIN).status_code == 403


def test_the_overview_says_how_the_service_does(service: Service) -> None:
    """Version, environment, what it depends on, how many people, sessions and administrators there are."""
    admin = administrator(service)
    service.signed_in("bob")
    counted(service)
    response = admin.get(ADMIN)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "Accept, Cookie, Authorization"
    shown = response.json()
    assert shown.pop("version")
    assert shown == {
        "environment": "development",
        "database": "ok",
        "key_ring": "ok",
        "cache": None,
        "cleanup_age_seconds": None,
        "users": {"active": 2, "disabled": 0, "admins": 1},
        "sessions": {"live": 2, "degraded": 0},
        "providers": {"dev": {"name": "Dev", "state": "closed"}},
    }


def test_every_page_opens_and_shows_no_secret(service: Service) -> None:
    """As a page and as JSON, under the strict policy; nothing that is sealed, hashed or a key."""
    admin = administrator(service)
    bob = service.signed_in("bob")
    secrets = [admin.refresh, admin.access, bob.refresh, bob.access]
    for target in every_get(user_id_of(bob), own_id(bob)):
        page = admin.get(target, **HTML)
        assert page.status_code == 200, target
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "form-action 'self'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text
        both = page.text + admin.get(target).text
        assert not any(secret in both for secret in secrets), target
        for word in ("digest", "sealed", "BEGIN", '"d":', "wtr_"):
            assert word not in both, (target, word)


def test_keys_and_providers(service: Service) -> None:
    """States and ages of keys, and of each provider how it does and how many sessions it has."""
    admin = administrator(service)
    service.clock.advance(90)
    keys = admin.get(f"{ADMIN}/keys").json()["keys"]
    assert sorted(each["state"] for each in keys) == ["active", "next"]
    assert all(each["age_seconds"] >= 90 for each in keys)
    assert {each["algorithm"] for each in keys} == {"ES256"}
    counted(service)
    (one,) = admin.get(f"{ADMIN}/providers").json()["providers"]
    assert (one["id"], one["state"], one["faults"]) == ("dev", "closed", [])
    assert one["sessions"] == {"live": 1, "degraded": 0, "unchecked": 0}


def test_a_person_is_shown_whole_and_that_is_recorded(service: Service) -> None:
    """Identities, three sets of roles, sessions with device and network, and the newest events. Who looked is
    recorded and crowds nothing out; the person themself is told that an operator did, and not which."""
    admin = administrator(service)
    bob = service.browser()
    bob.get(service.approve(service.begin(bob), "bob"), user_agent=FIREFOX)
    bobs = user_id_of(bob)
    service.clock.advance(1)
    shown = admin.get(person_page(bobs)).json()
    assert shown["user"]["email"] == "bob@example.test"
    assert shown["user"]["identity_roles"] == shown["user"]["roles"] == ["editor"]
    assert shown["user"]["granted_roles"] == shown["user"]["denied_roles"] == []
    assert [each["provider"] for each in shown["user"]["identities"]] == ["dev"]
    (session,) = shown["sessions"]
    assert (session["device"], session["provider"], session["client_id"]) == (
        "Firefox on Linux",
        "dev",
        "browser",
    )
    assert [each["event"] for each in shown["events"]] == ["sign_in"]
    assert recorded(service, "account_viewed") == [
        (bobs, {"by": "admin", "admin_id": user_id_of(admin)}),
    ]
    page = admin.get(person_page(bobs), **HTML).text
    for text in ("bob@example.test", "Firefox on Linux", "sign_in", "It is recorded"):
        assert text in page
    export = bob.get("/auth/account/export")
    told_of = [each for each in export.json()["audit_events"] if each["event"] == "account_viewed"]
    assert [each["details"] for each in told_of] == [{"by": "operator"}] * 2
    assert user_id_of(admin) not in export.text


def test_people_are_searched_for(service: Service) -> None:
    """By id, whole address in either case, the beginning of name or address; nothing else finds them. It is
    recorded by what somebody looked, never what for."""
    admin = administrator(service)
    service.clock.advance(1)
    bob = service.signed_in("bob")
    bobs, carols = user_id_of(bob), user_id_of(admin)
    assert [each["user_id"] for each in admin.get(f"{ADMIN}/users").json()["users"]] == [bobs, carols]
    for q, found in (
        (bobs, [bobs]),
        (bobs.upper(), [bobs]),
        ("BOB@example.test", [bobs]),
        ("  bob@example.test ", [bobs]),
        ("bob@example.tes", []),
        ("bob@example.tes*", [bobs]),
        ("bo", [bobs]),
        ("Bob Ex", [bobs]),
        ("ob", []),
        ("*", [bobs, carols]),
        ("", [bobs, carols]),
        (UNKNOWN, []),
    ):
        assert [each["user_id"] for each in search(admin, q).json()["users"]] == found, q
    assert search(admin, "", status="disabled").json() == {"users": [], "before": None}
    told_of = recorded(service, "accounts_listed")
    assert {whom for whom, _ in told_of} == {carols}
    assert {details["searched_by"] for _, details in told_of} == {"nothing", "id", "email", "beginning"}
    assert "bob" not in repr(told_of).lower()
    page = admin.post(f"{ADMIN}/users", data={"q": "<b>"}, headers=HTML)
    assert "Nobody was found" in page.text
    assert "<b>" not in page.text


JSON = {"content-type": "application/json"}
UNREADABLE: list[dict[str, object]] = [
    {"q": "\0"},
    {"q": "a\nb"},
    {"q": "\ud800"},
    {"q": "x" * (MAX_SEARCH_CHARS + 1)},
    {"q": ["a"]},
    {"q": 1},
    {"status": "erased"},
    {"status": {}},
    {"before": "1 OR 1=1"},
    {"before": "019E0000-0000-7000-8000-00000000ABCD"},
    {"before": "0" * 500},
]


def test_ses_91_a_search_that_cannot_be_read_is_refused(shared: Service) -> None:
    """Clearly, with nothing looked for: no control character, length or type reaches the database."""
    admin = administrator(shared)
    before = len(recorded(shared, "accounts_listed"))
    for members in UNREADABLE:
        sent: dict[str, Any] = {"content": json.dumps(members), "headers": JSON}
        response = admin.post(f"{ADMIN}/users", **sent)
        assert (response.status_code, response.json()["code"]) == (400, "invalid_request"), members
    assert admin.post(f"{ADMIN}/users", data={"q": "x" * 5000}).json()["code"] == "request_too_large"
    assert admin.post(f"{ADMIN}/users", content=b"q=a").status_code == 400
    assert len(recorded(shared, "accounts_listed")) == before


def test_ses_91_a_search_is_text_and_nothing_else(shared: Service) -> None:
    """Wildcards and quotes mean themselves."""
    admin = administrator(shared)
    for q in ("%", "_", "\\", "' OR 1=1 --", "bob%", "%@example.test", "\u202eo", "ß" * 320):
        response = search(admin, q)
        assert (response.status_code, response.json()) == (200, {"users": [], "before": None}), q


def test_what_is_searched_for_never_stands_in_an_address(shared: Service) -> None:
    """Addresses are written to logs and histories; whoever sends an e-mail address there is told."""
    admin = administrator(shared)
    response = admin.get(f"{ADMIN}/users?q=bob@example.test")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    for target in ("users?before=x", "users?status=erased", "users?before=&before=", "sessions?before=x"):
        assert admin.get(f"{ADMIN}/{target}").status_code == 400, target


def test_long_lists_come_in_pages(service: Service) -> None:
    """Fifty at a time, newest first, each once; the next page by a button for people, by ``before`` for
    programs."""
    admin = administrator(service)
    columns = (
        "id, status, version, email, identity_roles, granted_roles, denied_roles, created_at, updated_at"
    )
    others = "'active', 1, 'p@example.test', '[]', '[]', '[]', created_at, updated_at FROM ww_users LIMIT 1"
    for number in range(60):
        new = UUID(int=0x0180_0000_0000_7000_8000_0000_0000_0000 + number).hex
        change(service, f"INSERT INTO ww_users ({columns}) SELECT '{new}', {others}")
    first = admin.get(f"{ADMIN}/users").json()
    second = admin.get(f"{ADMIN}/users?before={first['before']}").json()
    seen = [each["user_id"] for page in (first, second) for each in page["users"]]
    assert (len(first["users"]), len(second["users"]), second["before"]) == (50, 11, None)
    assert seen == sorted(set(seen), reverse=True)
    found = search(admin, "p@example.test").json()
    assert len(search(admin, "p@example.test", before=found["before"]).json()["users"]) == 10
    page = admin.post(f"{ADMIN}/users", data={"q": "p@example.test"}, headers=HTML).text
    assert f'name="before" value="{found["before"]}"' in page


def test_everybodys_sessions_newest_first(service: Service) -> None:
    """With whose they are; nobody's name or address."""
    admin = administrator(service)
    service.clock.advance(1)
    bob = service.signed_in("bob")
    shown = admin.get(f"{ADMIN}/sessions")
    sessions = shown.json()["sessions"]
    assert [each["user_id"] for each in sessions] == [user_id_of(bob), user_id_of(admin)]
    assert "bob@" not in shown.text
    assert [
        each["id"] for each in admin.get(f"{ADMIN}/sessions?before={own_id(bob)}").json()["sessions"]
    ] == [own_id(admin)]
    assert recorded(service, "accounts_listed")[-1][1]["listed"] == "sessions"


def test_ses_93_what_nobody_has_is_not_there(shared: Service) -> None:
    """Unknown, erased, no id at all, another spelling of one: one 404 each."""
    admin = administrator(shared)
    mine = user_id_of(admin)
    for wanted in (UNKNOWN, mine.upper(), mine.replace("-", ""), "x", "%00", "'--", "0" * 3000):
        for target in (person_page(wanted), f"{person_page(wanted)}/disable"):
            response = admin.get(target)
            assert (response.status_code, response.json()["code"]) == (404, "account_not_found"), target
        response = admin.get(f"{ADMIN}/sessions/{wanted}/end")
        assert (response.status_code, response.json()["code"]) == (404, "session_not_found"), wanted
    assert 'href="/auth/admin"' in admin.get(person_page("x"), **HTML).text
    assert admin.get(f"{ADMIN}/other").status_code == 404
    assert admin.get(f"{person_page(mine)}/grant").status_code == 404


def test_nothing_is_shown_that_cannot_be_recorded(service: Service) -> None:
    """A trail that takes no rows keeps people's pages closed; how the service does can still be seen."""
    admin = administrator(service)
    change(service, "ALTER TABLE ww_audit_events RENAME TO away")
    for target in (f"{ADMIN}/users", f"{ADMIN}/sessions", person_page(user_id_of(admin))):
        response = admin.get(target)
        assert (response.status_code, response.json()["code"]) == (503, "database_unavailable"), target
    for target in (ADMIN, f"{ADMIN}/keys", f"{ADMIN}/providers"):
        assert admin.get(target).status_code == 200
