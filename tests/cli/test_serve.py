"""``watchword serve`` as processes: what it serves, how it ends, and what it refuses."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.demo import DemoProcess, Ended, run
from tests.servers.ports import loopback_port
from tests.servers.service import running_service, service_from_nothing
from watchword.demo.http_client import Client
from watchword.demo.sign_in_by_form import sign_in
from watchword.dev_provider.registration import CLIENT_ID, CLIENT_SECRET
from watchword.testing.provider import development_provider

if TYPE_CHECKING:
    from tests.servers.valkey import ValkeyTestServer

pytest_plugins = ["tests.servers.valkey"]

KEY = "OXkDnbxMrn5P0Bp2cGg5m1V9mqDVEMcd4bDWxCiyGSM="


@pytest.fixture(scope="module")
def provider() -> Iterator[dict[str, str]]:
    """Settings of a development provider that answers."""
    with development_provider() as server:
        yield {
            "PROVIDERS__DEV__ISSUER": server.issuer,
            "PROVIDERS__DEV__CLIENT_ID": CLIENT_ID,
            "PROVIDERS__DEV__CLIENT_SECRET": CLIENT_SECRET,
        }


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, provider: dict[str, str]) -> Iterator[DemoProcess]:
    """One service with a provider."""
    with running_service(tmp_path_factory.mktemp("service"), **provider) as process:
        yield process


def status(process: DemoProcess, target: str, headers: Mapping[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=30)
    try:
        connection.request("GET", target, headers=dict(headers or {}))
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def test_a_person_signs_in_beside_an_app(service: DemoProcess) -> None:
    """No app is needed for sign-in, the caller, refresh and logout; ``--port`` is in the base URL."""
    client = Client(service.url, f"127.0.0.1:{service.port}")
    assert sign_in(client, person="Alice").status == 303
    access, refresh = client.session_cookies()
    me = client.request("GET", "/auth/me", headers={"authorization": f"Bearer {access}"})
    assert (me.status, json.loads(me.text)["roles"]) == (200, ["admin"])
    assert client.request("POST", "/auth/refresh", json={"refresh_token": refresh}).status == 200
    assert client.request("GET", "/.well-known/jwks.json").status == 200


def test_operations_are_served(service: DemoProcess) -> None:
    """And nothing that belongs to an app."""
    assert status(service, "/healthz") == 200
    assert status(service, "/readyz") == 200
    assert status(service, "/metrics") == 200
    assert status(service, "/") == 404
    assert status(service, "/docs") == 404


def test_forwarded_addresses_are_not_believed(tmp_path: Path) -> None:
    """SES-81: also from loopback, which the server underneath would trust by itself."""
    headers = [{"X-Forwarded-For": f"198.51.100.{n}", "X-Real-IP": f"198.51.100.{n}"} for n in range(4)]
    with running_service(tmp_path, RATE_LIMITS__LOGIN="3/hour") as process:
        answers = [status(process, "/auth/login", each) for each in headers]
    assert answers == [200] * 3 + [429]


def ended_cleanly(process: DemoProcess, number: signal.Signals) -> Ended:
    """With exit code 0, without a traceback, and nobody listens any more."""
    ended = process.stop(number)
    assert ended.code == 0
    assert "Traceback" not in ended.err
    with pytest.raises(ConnectionRefusedError):
        status(process, "/healthz")
    return ended


def test_it_says_where_it_is_and_what_it_lacks(tmp_path: Path) -> None:
    """One line without colours, and a warning: until there is a provider nobody can sign in. SIGTERM
    ends it cleanly."""
    with service_from_nothing(tmp_path) as process:
        ended = ended_cleanly(process, signal.SIGTERM)
    assert ended.err.count("WATCHWORD_PROVIDERS: no provider is configured") == 1
    assert ended.out == f"watchword at {process.url}, listening on 127.0.0.1 port {process.port}\n"


def test_it_says_so_to_programs(tmp_path: Path) -> None:
    """One line of JSON, with the base URL that is set and where it really listens. SIGINT ends it
    cleanly, though its cache never answered."""
    settings = {"BASE_URL": "https://auth.example.test", "CACHE_URL": "valkey://127.0.0.1:1"}
    with running_service(tmp_path, "--json", **settings) as process:
        ended = ended_cleanly(process, signal.SIGINT)
    (line,) = ended.out.splitlines()
    assert json.loads(line) == {
        "url": "https://auth.example.test",
        "listening": f"127.0.0.1:{process.port}",
        "workers": 1,
    }


def test_no_code_is_logged(tmp_path: Path, provider: dict[str, str]) -> None:
    """Requests are not logged at all; a refusal is, without what was refused."""
    with running_service(tmp_path, **provider) as process:
        assert status(process, "/auth/callback/dev?code=canary&state=canary") == 400
        ended = process.stop()
    assert "refused with attempt_missing" in ended.err
    assert "canary" not in ended.out + ended.err


def test_staging_starts_with_warnings(tmp_path: Path) -> None:
    """Each once."""
    with running_service(tmp_path, ENVIRONMENT="staging", SECRET_KEY=KEY) as process:
        ended = process.stop()
    assert ended.err.count("production would refuse WATCHWORD_BASE_URL: must be https") == 1
    assert KEY not in ended.err


@pytest.mark.parametrize(
    ("by", "number"), [("option", signal.SIGTERM), ("environment", signal.SIGINT)], ids=str
)
def test_several_workers_without_a_cache_are_told_of_it(
    tmp_path: Path, by: str, number: signal.Signals
) -> None:
    """However their number was given; the setting that helps is named. Either signal ends them all
    cleanly."""
    arguments = ["--workers", "2"] if by == "option" else []
    settings = {} if by == "option" else {"WEB_CONCURRENCY": "2"}
    with running_service(tmp_path, "--json", *arguments, **settings) as process:
        ended = ended_cleanly(process, number)
    assert json.loads(ended.out)["workers"] == 2
    assert "WATCHWORD_CACHE_URL: is not set, so each of the 2 worker processes" in ended.err


def test_workers_with_a_cache_count_together(tmp_path: Path, valkey_server: ValkeyTestServer) -> None:
    """A limit is one limit, whichever worker answers."""
    settings = {"CACHE_URL": valkey_server.url, "RATE_LIMITS__LOGIN": "20/hour"}
    with running_service(tmp_path, "--workers", "2", **settings) as process:
        with ThreadPoolExecutor(4) as executor:
            answers = list(executor.map(lambda _: status(process, "/auth/login"), range(40)))
        ended = process.stop()
    assert sorted(answers) == [200] * 20 + [429] * 20
    assert "WATCHWORD_CACHE_URL" not in ended.err


# --- what it refuses -----------------------------------------------------------------------------


def test_a_database_that_is_not_migrated_is_exit_3(tmp_path: Path) -> None:
    """In every environment, with the command that helps; serving never migrates."""
    for settings in ({}, {"ENVIRONMENT": "staging", "SECRET_KEY": KEY}, production(tmp_path)):
        ended = run(tmp_path, "serve", "--port", str(loopback_port()), **settings)
        assert (ended.returncode, ended.stdout) == (3, "")
        assert "run: watchword db upgrade" in ended.stderr
        assert "Traceback" not in ended.stderr
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".db")]


def production(folder: Path, **changes: str) -> dict[str, str]:
    """Settings that production accepts."""
    (folder / "key").write_text(KEY)
    (folder / "key").chmod(0o600)
    good = {"ENVIRONMENT": "production", "BASE_URL": "https://auth.example.test"}
    return {**good, "SECRET_KEY": f"file:{folder / 'key'}", **changes}


def test_production_refuses_everything_at_once(tmp_path: Path) -> None:
    """Exit 1, one line a cause, none of them with a secret in it."""
    (tmp_path / "watchword.toml").write_text(
        "[providers.main]\nissuer = 'http://127.0.0.1:9'\nclient_id = 'a'\nclient_secret = 'canary-canary'\n"
    )
    settings = {"BASE_URL": "http://127.0.0.1:8000", "ACCESS_TOKEN_SECONDS": "7200"}
    ended = run(tmp_path, "serve", **production(tmp_path, **settings))
    assert ended.returncode == 1
    causes = re.findall(r"^- (WATCHWORD_\w+): ", ended.stderr, flags=re.MULTILINE)
    assert causes == [
        "WATCHWORD_BASE_URL",
        "WATCHWORD_ACCESS_TOKEN_SECONDS",
        "WATCHWORD_ACCESS_TOKEN_SECONDS",
        "WATCHWORD_PROVIDERS__MAIN__CLIENT_SECRET",
        "WATCHWORD_PROVIDERS__MAIN__ISSUER",
    ]
    assert "canary" not in ended.stderr


def test_production_serves_when_all_is_well(tmp_path: Path) -> None:
    """Behind a proxy that speaks https for it."""
    with running_service(tmp_path, **production(tmp_path)) as process:
        assert status(process, "/auth/login") == 200
        assert process.stop().code == 0


def test_a_misspelt_variable_is_exit_1_with_a_suggestion(tmp_path: Path) -> None:
    """Before anything is opened."""
    ended = run(tmp_path, "serve", ENVIROMENT="production")
    assert ended.returncode == 1
    assert "did you mean WATCHWORD_ENVIRONMENT?" in ended.stderr


def test_a_taken_port_is_exit_1(tmp_path: Path) -> None:
    """Said plainly, with the option that helps."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = run(tmp_path, "serve", "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert "choose another with --host or --port" in ended.stderr


@pytest.mark.parametrize("arguments", [["--workers", "0"], ["--port", "70000"], ["--port", "http"], ["now"]])
def test_wrong_usage_is_exit_2(tmp_path: Path, arguments: list[str]) -> None:
    """As for every command."""
    assert run(tmp_path, "serve", *arguments).returncode == 2


def test_the_help_shows_an_example(tmp_path: Path) -> None:
    """And the variable that sets the number of workers."""
    ended = run(tmp_path, "serve", "--help")
    assert "Example: watchword serve --port 8000 --workers 2" in ended.stdout
    assert "WEB_CONCURRENCY" in ended.stdout
