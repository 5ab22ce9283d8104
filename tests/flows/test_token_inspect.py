"""Promises of ``watchword token inspect``: what would be answered, why, and nothing used up by asking."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.flows.browser import Browser
from tests.flows.commands import command, me, read_feed, told
from tests.flows.conftest import BASE_URL, Service, StartService
from tests.flows.machines import MACHINES, Machine
from tests.flows.terms import accept, terms
from tests.protocol.test_token_reading import written
from watchword.cli.composition import kept_sealer
from watchword.cli.main import app as commands
from watchword.dev_provider import DevProviderServer
from watchword.doctor.token_verdict import Verdict, verdict_on
from watchword.errors import KeyStoreUnavailable
from watchword.testing.provider import provider_settings

ACCESS, REFRESH = "__Host-ww_access", "__Host-ww_refresh"


@pytest.fixture
def service(
    start_service: StartService, provider_server: DevProviderServer, monkeypatch: pytest.MonkeyPatch
) -> Service:
    """A replica, and its settings for the commands of the test."""
    started = start_service()
    settings = started.auth.settings
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("WATCHWORD_BASE_URL", BASE_URL)
    for name, value in provider_settings(provider_server).items():
        monkeypatch.setenv(f"WATCHWORD_PROVIDERS__DEV__{name.upper()}", value)
    return started


def inspected(token: str, *options: str) -> dict[str, Any]:
    """What the command says of a token on standard input; its exit code agrees with it."""
    result = CliRunner().invoke(commands, ["token", "inspect", "--json", *options], input=token + "\n")
    assert result.stdout, result
    said: dict[str, Any] = json.loads(result.stdout)
    accepted = said.get("accepted", said["fault"] is None)
    assert result.exit_code == (0 if accepted else 1)
    assert token not in result.output
    return said


def refreshed(service: Service, browser: Browser) -> str:
    """Rotate; returns the token that was used."""
    used = str(browser.cookies[REFRESH])
    assert browser.post("/auth/refresh", headers={"sec-fetch-site": "same-origin"}).status_code == 200
    return used


async def _verdict(service: Service, token: str) -> Verdict:
    settings = service.auth.settings
    return await verdict_on(token, settings, kept_sealer(settings), service.clock)


def test_an_access_token_is_accepted_until_its_session_ends(service: Service) -> None:
    """The verdict is the service's own: with the claims, the session, and the code it would answer."""
    browser = service.signed_in()
    token, session_id = str(browser.cookies[ACCESS]), me(browser)["session_id"]
    said = inspected(token)
    assert (said["kind"], said["accepted"], said["session_id"]) == ("access_token", True, session_id)
    assert said["claims"]["sid"] == session_id
    told("sessions", "revoke", session_id, "--yes")
    ended = inspected(token)
    assert (ended["accepted"], ended["code"]) == (False, "session_ended")


def test_an_expired_token_says_so(service: Service) -> None:
    """By the service's clock."""
    token = str(service.signed_in().cookies[ACCESS])
    service.clock.advance(1000)
    verdict = service.call(_verdict, service, token)
    assert (verdict.accepted, verdict.code) == (False, "invalid_token")
    assert "exp: expired" in verdict.said


def test_a_session_that_ran_idle_is_refused_only_where_it_is_read_live(start_service: StartService) -> None:
    """Which the verdict says beside that it is accepted."""
    service = start_service(session_idle_seconds=900, access_token_seconds=900)
    token = str(service.signed_in().cookies[ACCESS])
    service.clock.advance(902)
    verdict = service.call(_verdict, service, token)
    assert (verdict.accepted, verdict.live_code) == (True, "session_ended")


def test_a_refresh_token_is_explained_and_not_used_up(service: Service) -> None:
    """Current, used a moment ago, replayed, ended, forged; the session goes on as if nobody had looked."""
    browser = service.signed_in()
    first = refreshed(service, browser)
    assert "answered with the same successor" in inspected(first)["cause"]
    second = refreshed(service, browser)
    replayed = inspected(first)
    assert (replayed["code"], "would end the session" in replayed["cause"]) == ("refresh_replayed", True)
    current = inspected(str(browser.cookies[REFRESH]))
    assert (current["kind"], current["accepted"]) == ("refresh_token", True)
    assert current["session_id"] == me(browser)["session_id"]
    assert inspected(second)["accepted"]
    forged = inspected(second[:-1] + ("A" if second[-1] != "A" else "B"))
    assert (forged["accepted"], forged["session_id"]) == (False, None)
    refreshed(service, browser)
    told("sessions", "revoke", me(browser)["session_id"], "--yes")
    assert inspected(str(browser.cookies[REFRESH]))["cause"] == "session ended"


def test_a_refresh_that_asks_the_provider_first_says_so(start_service: StartService) -> None:
    """Because the provider's answer decides then."""
    service = start_service(provider_recheck_seconds=600)
    token = str(service.signed_in().cookies[REFRESH])
    service.clock.advance(599)
    assert "exchanged for the next" in service.call(_verdict, service, token).said
    service.clock.advance(2)
    assert "its provider would be asked first" in service.call(_verdict, service, token).said


def test_what_was_mixed_up_is_named_with_the_way_out(service: Service) -> None:
    """A token of a configured provider, with the setting that would let it in."""
    issuer = service.auth.settings.providers["dev"].issuer
    said = inspected(written({"iss": issuer, "aud": "x"}, typ="at+jwt"))
    assert (said["accepted"], said["code"]) == (False, "invalid_token")
    assert "WATCHWORD_PROVIDERS__DEV__ACCEPT_ACCESS_TOKENS" in said["hints"][0]


def test_offline_it_only_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings are needed, and no verdict is given."""
    monkeypatch.setenv("WATCHWORD_NO_SUCH_SETTING", "1")
    claims = {"iss": "https://x.test", "exp": 0, "name": "a\x1b[31m\u202eb", "n": {"a": [1]}}
    token = written(claims, typ="JWT")
    said = inspected(token, "--offline")
    assert said["claims"]["n"] == {"a": [1]}
    assert "accepted" not in said
    plain = command("token", "inspect", "--offline", token)
    assert plain.exit_code == 0
    assert "exp: 0  (1970-01-01T00:00:00Z, " in plain.output
    assert "name: a?[31m?b" in plain.output
    assert "anybody may have written this" in plain.output
    assert inspected("nothing at all".replace(" ", ""), "--offline")["kind"] == "unreadable"


def test_what_people_copy_along_is_no_part_of_it(service: Service) -> None:
    """The header's name and scheme; but two tokens are one too many, and none is one too few."""
    token = str(service.signed_in().cookies[ACCESS])
    assert command("token", "inspect", f"Authorization: Bearer {token}").exit_code == 0
    assert "verdict  accepted" in command("token", "inspect", f"bearer {token}").output
    for wrong in ("", f"{token} {token}"):
        assert command("token", "inspect", wrong).exit_code == 2


def test_what_is_no_text_is_no_token() -> None:
    """Whatever the bytes on standard input are, and however they are to be read."""
    result = CliRunner(charset="ascii").invoke(
        commands, ["token", "inspect", "--offline"], input=b"\xff\x00.\xed\xa0\x80.b"
    )
    assert (result.exit_code, result.stdout.splitlines()[0]) == (1, "kind     unreadable")


def test_a_service_that_never_started_gets_no_keys_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be sealed under whatever secret key whoever asks has set."""
    url = f"sqlite:///{tmp_path / 'new.db'}"
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", url)
    monkeypatch.setenv("WATCHWORD_SECRET_KEY", base64.b64encode(bytes(range(32))).decode())
    assert command("db", "upgrade").exit_code == 0
    result = CliRunner().invoke(commands, ["token", "inspect"], input=written({"a": 1}))
    assert isinstance(result.exception, KeyStoreUnavailable)
    assert "no key signs yet" in result.exception.detail
    assert told("keys", "list")["keys"] == []


def agreed(service: Service, token: str) -> str | None:
    """The code of the verdict, which is the one that a protected route answers to the same token."""
    verdict = service.call(_verdict, service, token)
    answer = service.client.get("/private", headers={"authorization": f"Bearer {token}"})
    code = None if answer.status_code == 200 else answer.json()["code"]
    assert (verdict.accepted, verdict.code) == (code is None, code), verdict.said
    return code


def test_the_verdict_is_what_the_service_answers(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terms that wait, roles that changed, a disabled account, a machine, revoked keys, nonsense."""
    service = start_service(**terms(), clients=MACHINES)
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", service.auth.settings.database_url)
    monkeypatch.setenv("WATCHWORD_BASE_URL", BASE_URL)
    machine = str(Machine(service).token()["access_token"])
    browser = service.signed_in()
    person, user_id = str(browser.cookies[ACCESS]), me(browser)["user_id"]
    assert [agreed(service, each) for each in (machine, person)] == [None, "terms_required"]
    accept(browser)
    assert agreed(service, person) is None
    told("users", "grant", user_id, "clerk")
    read_feed(service)
    assert agreed(service, person) == "token_superseded"
    refreshed(service, browser)
    person = str(browser.cookies[ACCESS])
    assert agreed(service, person) is None
    told("users", "disable", user_id, "--yes")
    read_feed(service)
    assert agreed(service, person) == "session_ended"
    told("keys", "revoke", "--all", "--yes")
    read_feed(service)
    assert agreed(service, machine) == "invalid_token"
    assert agreed(service, "a.b.c") == "invalid_token"
