"""A new ``SECRET_KEY`` while people are signed in: what survives it, with the old one listed and after."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import Any
from uuid import UUID

import pytest

from tests.flows.browser import Browser, query_of
from tests.flows.commands import command, on_a_terminal, read_feed, told
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.first_party import claims_of
from tests.flows.rechecks import LONG_LIVED, RECHECK_SECONDS, by_body
from tests.flows.refusals import change, select
from watchword.auth.sealing import Sealer
from watchword.dev_provider import DevProviderServer
from watchword.errors import SecretKeyMismatch
from watchword.testing.provider import provider_settings

OLD_BYTES, NEW_BYTES, FOREIGN_BYTES = (bytes(range(first, first + 32)) for first in (40, 80, 120))
OLD, NEW, FOREIGN = (b64encode(key).decode() for key in (OLD_BYTES, NEW_BYTES, FOREIGN_BYTES))
OLD_ID, NEW_ID, FOREIGN_ID = (Sealer(key).key_ids[0] for key in (OLD_BYTES, NEW_BYTES, FOREIGN_BYTES))
HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def before(start_service: StartService) -> Service:
    """A replica under the old key."""
    return start_service(secret_key=OLD, **LONG_LIVED)


@pytest.fixture
def command_line(
    before: Service, provider_server: DevProviderServer, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """Settings of the command as the replicas will have them."""
    given = {
        "DATABASE_URL": before.auth.settings.database_url,
        "BASE_URL": BASE_URL,
        "SECRET_KEY": NEW,
        "SECRET_KEY_PREVIOUS": json.dumps([OLD]),
    }
    for name, value in provider_settings(provider_server).items():
        given[f"PROVIDERS__DEV__{name.upper()}"] = str(value)
    for name, value in given.items():
        monkeypatch.setenv(f"WATCHWORD_{name}", value)
    return monkeypatch


def at(service: Service, browser: Browser) -> Browser:
    """The same browser, led to another replica."""
    read_feed(service)
    return Browser(service.client, dict(browser.cookies))


def sign_out(browser: Browser) -> dict[str, str]:
    """What the provider is told when somebody signs out."""
    response = browser.post("/auth/logout", headers=HTML)
    assert response.status_code == 303, response.text
    return query_of(response.headers["location"])


def under(service: Service) -> set[str]:
    """Under which keys the providers' tokens and the signing keys are sealed."""
    found = [
        *select(service, "SELECT sealed_tokens FROM ww_provider_grants WHERE sealed_tokens IS NOT NULL"),
        *select(service, "SELECT sealed_id_token FROM ww_provider_grants WHERE sealed_id_token IS NOT NULL"),
        *select(service, "SELECT sealed_private FROM ww_signing_keys"),
    ]
    return {bytes(sealed)[1:5].hex() for sealed in found}


def test_nobody_is_signed_out_by_a_new_secret_key(before: Service, start_service: StartService) -> None:
    """Access token, refresh token, the successor inside the overlap, a sign-in that is under way, and the
    hint for a sign-out all work at a replica that has the new key and lists the old one."""
    alice, bob = before.signed_in("alice"), before.signed_in("bob")
    first = alice.refresh
    assert alice.post("/auth/refresh").status_code == 200
    under_way = before.browser()
    comes_back = before.approve(before.begin(under_way), "carol")
    after = start_service(secret_key=NEW, secret_key_previous=[OLD], **LONG_LIVED)
    assert at(after, alice).get("/private").status_code == 200
    assert by_body(after, first).json()["refresh_token"] == alice.refresh
    assert at(after, alice).post("/auth/refresh").status_code == 200
    carol = at(after, under_way)
    assert carol.get(comes_back).status_code == 303
    assert carol.signed_in
    assert claims_of(sign_out(at(after, bob))["id_token_hint"])["iss"] == before.provider.issuer
    assert at(before, carol).post("/auth/refresh").status_code == 401


def test_in_two_rollouts_replicas_read_one_another(before: Service, start_service: StartService) -> None:
    """With the new key listed first, a replica still under the old one takes what the others made."""
    middle = start_service(secret_key=OLD, secret_key_previous=[NEW], **LONG_LIVED)
    after = start_service(secret_key=NEW, secret_key_previous=[OLD], **LONG_LIVED)
    alice = before.signed_in("alice")
    for service in (after, middle, after, middle):
        alice = at(service, alice)
        assert alice.post("/auth/refresh").status_code == 200
        assert alice.get("/private").status_code == 200


def test_the_whole_way_to_a_new_secret_key(
    before: Service, start_service: StartService, command_line: pytest.MonkeyPatch
) -> None:
    """Sealed anew beside the running service, after which the old key is needed by old refresh tokens only:
    who has refreshed since goes on without it, provider asked and hint sent. The trail tells of it once."""
    alice, bob, idle = before.signed_in("alice"), before.signed_in("bob"), before.signed_in("carol")
    after = start_service(secret_key=NEW, secret_key_previous=[OLD], **LONG_LIVED)
    assert under(before) == {OLD_ID}
    done = told("secrets", "rotate")
    assert done["resealed"]["provider_grants"] == 3
    assert done["resealed"]["signing_keys"] == 2
    assert done["unreadable"] == []
    assert (done["current"], [each["key"] for each in done["previous"]]) == (NEW_ID, [OLD_ID])
    assert under(before) == {NEW_ID}
    alice, bob = at(after, alice), at(after, bob)
    for browser in (alice, bob):
        assert browser.get("/private").status_code == 200
        assert browser.post("/auth/refresh").status_code == 200
    last = start_service(secret_key=NEW, secret_key_previous=[], **LONG_LIVED)
    before.clock.advance(RECHECK_SECONDS)
    asked = before.provider.count("token")
    assert at(last, alice).post("/auth/refresh").status_code == 200
    assert before.provider.count("token") == asked + 1
    assert "id_token_hint" in sign_out(at(last, bob))
    assert at(last, idle).post("/auth/refresh").status_code == 401
    again = told("secrets", "rotate")
    assert not any(again["resealed"].values())
    assert again["previous"] == done["previous"]
    (event,) = told("audit", "list", "--event", "secrets_rotated")["events"]
    assert event["details"] == {
        "by": "cli",
        "current": NEW_ID,
        "previous": [OLD_ID],
        "resealed": done["resealed"],
    }


def test_after_an_absolute_life_nothing_of_the_old_key_is_left(
    before: Service, start_service: StartService, command_line: pytest.MonkeyPatch
) -> None:
    """Whoever could have held a token of it has to sign in anyway, and nobody else notices."""
    idle = before.signed_in("carol")
    after = start_service(secret_key=NEW, secret_key_previous=[OLD], **LONG_LIVED)
    told("secrets", "rotate")
    before.clock.advance(LONG_LIVED["session_absolute_seconds"])
    assert at(after, idle).post("/auth/refresh").status_code == 401
    alice = after.signed_in("alice")
    last = start_service(secret_key=NEW, secret_key_previous=[], **LONG_LIVED)
    assert at(last, alice).post("/auth/refresh").status_code == 200


def test_without_the_old_key_nothing_starts_and_nothing_is_lost(
    before: Service, start_service: StartService
) -> None:
    """Taken off the list before anything was sealed anew: the start names both keys; with the key back
    everybody goes on."""
    alice = before.signed_in("alice")
    with pytest.raises(SecretKeyMismatch) as caught:
        start_service(secret_key=NEW, **LONG_LIVED)
    assert "signing-key" in caught.value.detail
    assert OLD_ID in caught.value.detail
    assert NEW_ID in caught.value.detail
    assert OLD not in caught.value.detail
    after = start_service(secret_key=NEW, secret_key_previous=[OLD], **LONG_LIVED)
    assert at(after, alice).post("/auth/refresh").status_code == 200


def test_one_broken_grant_is_one_persons_matter(before: Service) -> None:
    """Others are asked about as ever; the one goes on for the grace, is signed out without a hint, and
    nothing crashes."""
    alice, bob = before.signed_in("alice"), before.signed_in("bob")
    mine = alice.get("/auth/me").json()["session_id"]
    of_alice = f"(SELECT grant_id FROM ww_sessions WHERE id = '{UUID(mine).hex}')"
    broken = "sealed_tokens = x'01', sealed_id_token = substr(sealed_id_token, 1, 30)"
    change(before, f"UPDATE ww_provider_grants SET {broken} WHERE id = {of_alice}")
    assert select(before, "SELECT length(sealed_tokens) FROM ww_provider_grants").count(1) == 1
    before.clock.advance(RECHECK_SECONDS)
    asked = before.provider.count("token")
    assert bob.post("/auth/refresh").status_code == 200
    assert before.provider.count("token") == asked + 1
    assert alice.post("/auth/refresh").status_code == 200
    assert alice.get("/private").status_code == 200
    assert before.provider.count("token") == asked + 1
    assert "id_token_hint" not in sign_out(alice)


def test_a_key_that_is_missing_is_named(
    before: Service, start_service: StartService, command_line: pytest.MonkeyPatch
) -> None:
    """Exit 1 says which; nothing is written, and with that key listed the command succeeds."""
    before.signed_in("alice")
    command_line.setenv("WATCHWORD_SECRET_KEY_PREVIOUS", json.dumps([FOREIGN]))
    result = command("secrets", "rotate", "--json")
    assert result.exit_code == 1
    said: dict[str, Any] = json.loads(result.stdout)
    assert not any(said["resealed"].values())
    assert {each["table"] for each in said["unreadable"]} >= {"provider_grants", "signing_keys"}
    assert {(each["key"], each["cause"]) for each in said["unreadable"]} == {(OLD_ID, "secret_key_mismatch")}
    assert f"sealed under SECRET_KEY {OLD_ID}" in result.stderr
    assert f"this command has {NEW_ID}, {FOREIGN_ID}" in result.stderr
    assert said["previous"] == [{"key": FOREIGN_ID, "removable_from": None}]
    assert under(before) == {OLD_ID}
    for_people = command("secrets", "rotate")
    assert for_people.exit_code == 1
    assert f"(SECRET_KEY {OLD_ID}; not listed)" in for_people.stdout
    command_line.setenv("WATCHWORD_SECRET_KEY_PREVIOUS", json.dumps([FOREIGN, OLD]))
    assert command("secrets", "rotate").exit_code == 0
    assert under(before) == {NEW_ID}


def test_without_a_previous_key_there_is_nothing_to_do(
    before: Service, command_line: pytest.MonkeyPatch
) -> None:
    """No error, and no date."""
    before.signed_in("alice")
    command_line.setenv("WATCHWORD_SECRET_KEY", OLD)
    command_line.delenv("WATCHWORD_SECRET_KEY_PREVIOUS")
    done = told("secrets", "rotate", "--yes")
    assert not any(done["resealed"].values())
    assert done["already"]["provider_grants"] == 1
    assert done["previous"] == []
    assert "can be removed" not in command("secrets", "rotate").stdout


def test_people_see_how_far_it_is_and_programs_do_not(
    before: Service, command_line: pytest.MonkeyPatch
) -> None:
    """On a terminal, on standard error; piped there are only the counts, without colour."""
    before.signed_in("alice")
    lines, shown = on_a_terminal("secrets", "rotate")
    assert re.search("Looking for sealed values|Rows under the current key: provider_grants 1", shown)
    heading, *counted, last = lines
    assert heading.split() == ["TABLE", "SEALED", "ANEW", "ALREADY"]
    numbers = {table: (int(anew), int(already)) for table, anew, already in map(str.split, counted)}
    assert numbers["provider_grants"] == (1, 0)
    assert last.startswith(f"{OLD_ID} can be removed from WATCHWORD_SECRET_KEY_PREVIOUS from ")
    piped = command("secrets", "rotate")
    assert (piped.exit_code, piped.stderr) == (0, "")
    assert "\x1b" not in piped.stdout
