"""A person has their data and is erased: by page, by program, by an operator, and stays refused."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.flows.browser import Browser, query_of
from tests.flows.commands import command, read_feed, told
from tests.flows.conftest import Service, StartService
from tests.flows.own_sessions import HTML, UNKNOWN
from tests.flows.production import in_production, sign_in_by_hand
from tests.flows.refusals import rows, select
from tests.flows.snapshots import everything_in

EXPORT, ERASE = "/auth/account/export", "/auth/account/erase"
CONFIRMED: dict[str, Any] = {"data": {"confirm": "yes"}}
LISTS = {"identities", "sessions", "provider_grants", "terms_acceptances", "audit_events", "version_usage"}


@pytest.fixture
def service(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A replica, whose database the commands of the test work on."""
    started = start_service()
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", started.auth.settings.database_url)
    return started


def user_id_of(browser: Browser) -> str:
    return str(browser.get("/auth/me").json()["user_id"])


def test_ses_90_erased_by_the_page(service: Service, start_service: StartService) -> None:
    """Asked first, then done: signed out here and everywhere, on every replica, nothing left that names
    the person, and refused in plain words when they come back, by page and by program."""
    other = start_service()
    browser, elsewhere = service.signed_in("alice"), service.signed_in("alice")
    bob = service.signed_in("bob")
    there = Browser(other.client, dict(elsewhere.cookies))
    page = browser.get(ERASE, **HTML)
    assert 'name="confirm" value="yes"' in page.text
    assert "Erase alice@example.test" in page.text
    assert rows(service).users == 2
    done = browser.post(ERASE, headers=HTML, **CONFIRMED)
    assert (done.status_code, "Your account was erased" in done.text) == (200, True)
    assert not browser.signed_in
    assert browser.get("/private").status_code == 401
    read_feed(service, other)
    for left in (elsewhere, there):
        assert left.get("/private").status_code == 401
        assert left.post("/auth/refresh").status_code == 401
    assert "alice" not in str(everything_in(service)).lower()
    refused = service.sign_in(service.browser(), "alice")
    assert (refused.status_code, "behind this sign-in was erased" in refused.text) == (403, True)
    assert bob.get("/private").status_code == 200
    assert rows(service) == (2, 2, 1)


def test_ses_90_erased_by_a_program(service: Service) -> None:
    """With its access token and JSON: 204, and the token is worth nothing the moment it has the answer."""
    browser = service.signed_in("alice")
    program, token = service.browser(), f"Bearer {browser.access}"
    done = program.post(ERASE, site=None, headers={"authorization": token}, json={"confirm": "yes"})
    assert (done.status_code, done.content) == (204, b"")
    assert "set-cookie" not in done.headers
    again = program.post(ERASE, site=None, headers={"authorization": token}, json={"confirm": "yes"})
    assert (again.status_code, again.json()["code"]) == (401, "session_ended")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": {"confirm": "no"}},
        {"data": {"confirm": "YES"}},
        {"content": b"confirm=yes&confirm=yes", "type": "application/x-www-form-urlencoded"},
        {"content": b"confirm=yes", "type": "text/plain"},
        {"json": {"confirm": True}},
        {"json": {"confirm": ["yes"]}},
        {"json": ["confirm", "yes"]},
        {"content": b'{"confirm": "yes"', "type": "application/json"},
        {"content": b"x" * 2000, "type": "application/json"},
    ],
    ids=lambda sent: str(sent)[:40],
)
def test_nobody_is_erased_without_a_word(shared: Service, sent: dict[str, Any]) -> None:
    """Only ``confirm=yes``, as a form or JSON, is a confirmation; everything else is told what is missing."""
    browser = shared.signed_in("carol")
    sent = dict(sent)
    headers = {"content-type": sent.pop("type")} if "type" in sent else {}
    refused = browser.post(ERASE, headers=headers, **sent)
    assert refused.status_code in (400, 413)
    assert refused.json()["code"] in ("invalid_request", "request_too_large")
    assert browser.get("/private").status_code == 200


@pytest.mark.parametrize("site", [None, "cross-site", "same-site", "none"])
def test_no_other_site_erases_anybody(shared: Service, site: str | None) -> None:
    """The form of another page, in whatever browser: 403, and nothing happened."""
    browser = shared.signed_in("carol")
    refused = browser.post(ERASE, site=site, **CONFIRMED)
    assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request")
    assert browser.get("/private").status_code == 200


def test_nobody_has_no_data(shared: Service) -> None:
    """A program is told, a person is led to the sign-in and back to their account."""
    nobody = shared.browser()
    for method, path in (("GET", EXPORT), ("GET", ERASE), ("POST", ERASE)):
        assert nobody.request(method, path).status_code == 401
        led = nobody.request(method, path, headers=HTML)
        assert led.status_code == 303
        assert led.headers["location"].startswith("/auth/login")
        assert query_of(led.headers["location"]) == {"return_to": "/auth/account"}


def test_ses_90_the_export_is_one_file_with_everything(service: Service) -> None:
    """As a download that no cache keeps, of a documented shape, by cookie and by token; no secret, and
    nothing about anybody else."""
    bob = service.signed_in("bob")
    browser = service.signed_in("alice")
    service.signed_in("alice").post("/auth/logout")
    user_id = user_id_of(browser)
    told("users", "grant", user_id, "auditor")
    assert browser.post("/auth/refresh").status_code == 200
    answer = browser.get(EXPORT, **HTML)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="account-export.json"'
    assert answer.headers["cache-control"] == "no-store"
    data = answer.json()
    assert set(data) == LISTS | {"format", "service", "made_at", "complete", "account"}
    assert (data["format"], data["complete"]) == ("watchword-account-1", True)
    assert data["account"] | {"name": "Alice Example", "email": "alice@example.test"} == data["account"]
    assert (data["account"]["id"], data["account"]["granted_roles"]) == (user_id, ["auditor"])
    assert [each["subject"] for each in data["identities"]] == ["dev-alice"]
    assert [each["revoked_reason"] for each in data["sessions"]].count("logout") == 1
    assert "operator" in [each["details"]["by"] for each in data["audit_events"] if "by" in each["details"]]
    digests = select(service, "SELECT hex(refresh_digest) FROM ww_sessions")
    for secret in (*digests, browser.refresh, browser.access, user_id_of(bob), "bob@"):
        assert secret.lower() not in answer.text.lower()
    token = {"authorization": f"Bearer {browser.access}"}
    assert service.browser().get(EXPORT, **token).json()["account"] == data["account"]


@pytest.mark.parametrize(("age", "recent"), [(600, True), (601, False)])
def test_production_wants_a_recent_sign_in_for_what_cannot_be_undone(
    start_service: StartService, age: int, recent: bool
) -> None:
    """Ten minutes by the provider's word, for the file, the question and the erasure."""
    service = in_production(start_service)
    browser = service.browser()
    sign_in_by_hand(service, browser, age=age, asserted=True)
    answers = [
        browser.get(EXPORT),
        browser.get(ERASE, **HTML),
        browser.post(ERASE, headers=HTML, **CONFIRMED),
    ]
    if recent:
        assert [each.status_code for each in answers] == [200, 200, 200]
        return
    assert answers[0].json()["code"] == "insufficient_user_authentication"
    for led in answers[1:]:
        assert query_of(led.headers["location"]) == {"return_to": "/auth/account", "max_age": "0"}
    assert select(service, "SELECT status FROM ww_users") == ["active"]


def test_ses_90_by_an_operator(service: Service, start_service: StartService, tmp_path: Path) -> None:
    """``users export`` writes a file that only its owner reads and never over another; ``users erase`` wants
    ``--yes``, is done once, and running replicas follow."""
    other = start_service()
    browser = service.signed_in("alice")
    user_id, file = user_id_of(browser), tmp_path / "alice.json"
    assert command("users", "export", user_id, "--output", str(file)).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text("utf-8"))["account"] == browser.get(EXPORT).json()["account"]
    assert command("users", "export", user_id, "--output", str(file)).exit_code == 1
    assert told("users", "export", user_id)["account"]["id"] == user_id
    refused = command("users", "erase", user_id)
    assert (refused.exit_code, "--yes" in refused.output) == (2, True)
    done = told("users", "erase", user_id, "--yes")
    assert done == {"user_id": user_id, "erased": True, "already": False, "sessions_ended": 1}
    assert told("users", "erase", user_id, "--yes") == done | {"already": True, "sessions_ended": 0}
    read_feed(service, other)
    assert browser.get("/private").status_code == 401
    assert service.sign_in(service.browser(), "alice").status_code == 403
    assert other.sign_in(other.browser(), "alice").status_code == 403
    for unknown in (user_id, UNKNOWN):
        assert command("users", "export", unknown).exit_code == 1
        assert command("users", "show", unknown).exit_code == 1
    assert command("users", "erase", UNKNOWN, "--yes").exit_code == 1


def test_an_operator_with_another_secret_key_erases_nobody(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service could not tell its erased people: refused, with nothing written."""
    user_id = user_id_of(service.signed_in("alice"))
    before = everything_in(service)
    monkeypatch.setenv("WATCHWORD_SECRET_KEY", base64.b64encode(b"o" * 32).decode())
    refused = command("users", "erase", user_id, "--yes")
    assert refused.exit_code == 1
    assert "SECRET_KEY" in str(refused.exception or refused.output)
    assert everything_in(service) == before
