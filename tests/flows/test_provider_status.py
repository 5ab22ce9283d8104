"""Promises of ``watchword provider status``: what an operator learns in one look."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest

from tests.flows.commands import command, run, told
from tests.flows.conftest import Service, StartService, example_app
from tests.flows.health import TO_OPEN
from tests.flows.wire_browser import served
from tests.servers.ports import loopback_port
from watchword import Watchword
from watchword.dev_provider import DevProviderServer
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.errors import ProviderUnavailable

OK = {"ok": True, "error": None}
NONE = {"live": 0, "degraded": 0, "unchecked": 0}


@pytest.fixture
def service(
    start_service: StartService, provider_server: DevProviderServer, monkeypatch: pytest.MonkeyPatch
) -> Service:
    """A replica, by whose settings the commands of the test go; nothing listens at the base URL."""
    started = start_service()
    for name, given in {
        "DATABASE_URL": started.auth.settings.database_url,
        "BASE_URL": f"http://127.0.0.1:{loopback_port()}",
        "PROVIDERS__DEV__ISSUER": provider_server.issuer,
        "PROVIDERS__DEV__CLIENT_ID": CLIENT_ID,
        "PROVIDERS__DEV__CLIENT_SECRET": CLIENT_SECRET,
    }.items():
        monkeypatch.setenv(f"WATCHWORD_{name}", given)
    return started


async def fail(auth: Watchword) -> None:
    async def no_answer() -> None:
        raise ProviderUnavailable("nobody answers")

    guard = (await auth.services()).providers["dev"].guard
    for _ in range(TO_OPEN):
        with pytest.raises(ProviderUnavailable):
            await guard.run("token", no_answer)


def test_one_look_says_how_a_provider_does_and_whom_it_concerns(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """State as the running service has it, what can be fetched from here, and its sessions."""
    service.signed_in("alice")
    service.signed_in("bob")
    auth = Watchword(service.auth.settings, clock=service.clock)
    with served(example_app(auth)) as port:
        monkeypatch.setenv("WATCHWORD_BASE_URL", f"http://127.0.0.1:{port}")
        before = told("provider", "status")
        asyncio.run(fail(auth))
        after = told("provider", "status", "dev")
    assert before["service"] == {"url": f"http://127.0.0.1:{port}", "reachable": True, "error": None}
    assert before["database"] == {"reachable": True, "error": None}
    (dev,) = before["providers"]
    assert dev | {"sessions": None} == {
        "id": "dev",
        "issuer": service.provider.issuer,
        "state": "closed",
        "metadata": OK,
        "keys": OK,
        "sessions": None,
    }
    assert (dev["sessions"]["live"], dev["sessions"]["degraded"]) == (2, 0)
    assert after["providers"] == [dev | {"state": "open"}]


def test_a_provider_that_only_the_service_has_is_shown_with_its_state(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the demo's, which adds one of its own: the settings here need not name it."""
    service.signed_in("alice")
    auth = Watchword(service.auth.settings, clock=service.clock)
    with served(example_app(auth)) as port:
        monkeypatch.setenv("WATCHWORD_BASE_URL", f"http://127.0.0.1:{port}")
        for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"):
            monkeypatch.delenv(f"WATCHWORD_PROVIDERS__DEV__{name}")
        (dev,) = told("provider", "status")["providers"]
        assert told("provider", "status", "dev")["providers"] == [dev]
    assert (dev["id"], dev["issuer"], dev["state"], dev["metadata"]) == ("dev", None, "closed", None)
    assert dev["sessions"]["live"] == 1


def test_the_table_is_plain_columns(service: Service) -> None:
    """One line a provider, and below it what was in the way."""
    service.signed_in("alice")
    service.provider.fail("jwks", status=503)
    result = command("provider", "status")
    assert result.exit_code == 0
    heading, line, *notes = result.stdout.splitlines()
    assert heading.split() == [
        *("PROVIDER", "STATE", "METADATA", "KEYS", "LIVE", "DEGRADED", "UNCHECKED", "ISSUER")
    ]
    assert line.startswith("dev")
    assert "not reachable" in line
    assert line.split()[3:7] == ["ok", "failed", "1", "0"]
    assert line.endswith(service.provider.issuer)
    assert [note.partition(": ")[0] for note in notes] == ["dev", "The running service says nothing"]
    assert "503" in notes[0]


def test_what_is_down_is_told_and_no_failure(service: Service) -> None:
    """Provider and service away: exit code 0, each with its cause."""
    service.provider.fail("discovery", status=503)
    found = told("provider", "status")
    assert found["service"]["reachable"] is False
    assert "refused" in found["service"]["error"]
    (dev,) = found["providers"]
    assert dev["state"] is None
    assert "503" in dev["metadata"]["error"]
    assert dev["keys"]["ok"] is False
    assert dev["sessions"] == NONE


def test_the_installed_command_says_nothing_else(service: Service) -> None:
    """As a process of its own: the retries of what fails are on no stream."""
    service.provider.fail("*", status=503)
    done = run("provider", "status", "dev")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("PROVIDER")


@pytest.mark.parametrize(
    ("url", "exit_code"),
    [("sqlite:///{folder}/none.db", 3), ("postgresql://nobody@127.0.0.1:{port}/none", 1)],
)
def test_without_its_database_the_rest_is_told(
    service: Service, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, url: str, exit_code: int
) -> None:
    """Never migrated is exit code 3, away is 1; what the providers say is there all the same."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", url.format(folder=tmp_path, port=loopback_port()))
    result = command("provider", "status", "--json")
    assert result.exit_code == exit_code, result.output
    found = json.loads(result.stdout)
    assert found["database"]["reachable"] is False
    assert found["database"]["error"] in result.stderr
    (dev,) = found["providers"]
    assert (dev["metadata"], dev["keys"], dev["sessions"]) == (OK, OK, None)
    assert "?" in command("provider", "status").stdout


def test_an_unknown_provider_is_wrong_usage(service: Service) -> None:
    """With the ids there are."""
    for unknown in ("other", "DEV", "dev ", "", "\x1b[31m"):
        result = command("provider", "status", unknown)
        assert result.exit_code == 2
        assert "configured: dev" in result.stderr
        assert "\x1b" not in result.stderr


def test_without_providers_it_says_so(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions of one that was there before are shown, for nobody can be asked about them again."""
    service.signed_in("alice")
    for name in [name for name in os.environ if name.startswith("WATCHWORD_PROVIDERS__")]:
        monkeypatch.delenv(name)
    (gone,) = told("provider", "status")["providers"]
    assert gone | {"sessions": None} == {
        "id": "dev",
        "issuer": None,
        "state": None,
        "metadata": None,
        "keys": None,
        "sessions": None,
    }
    assert gone["sessions"]["live"] == 1
    assert command("provider", "status").stdout.splitlines()[1].split()[:4] == ["dev", "-", "-", "-"]


def test_no_secret_is_printed(service: Service) -> None:
    """Nor who is signed in."""
    account = service.signed_in("alice").get("/auth/me").json()
    service.provider.fail("*", status=500, body=b"canary-body")
    for arguments in (("provider", "status"), ("provider", "status", "--json")):
        output = command(*arguments).output
        for secret in (CLIENT_SECRET, account["email"], account["user_id"], "canary"):
            assert secret not in output
