"""``docs/machines.md`` is run: its settings, its commands in their order, its Python, its answers."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.flows.conftest import example_app
from watchword import Settings, Watchword
from watchword.migrations.runner import upgrade

PAGE = (Path(__file__).parents[2] / "docs/machines.md").read_text(encoding="utf-8")
BASE_URL = "https://api.example.com"


def blocks(language: str) -> list[str]:
    """Also those that are indented below a list."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


COMMANDS = [each for each in blocks("sh") if each.startswith("curl")]


class Curl:
    """The few options that the page uses, sent to the app in this process."""

    def __init__(self, client: TestClient, environment: dict[str, str]) -> None:
        self._client = client
        self.environment = environment

    def __call__(self, command: str) -> httpx2.Response:
        words = iter(shlex.split(self._expanded(command))[1:])
        headers, fields, url = {"content-type": "application/x-www-form-urlencoded"}, [], ""
        for word in words:
            match word:
                case "-u":
                    headers["authorization"] = "Basic " + base64.b64encode(next(words).encode()).decode()
                case "-d":
                    fields.append(next(words))
                case "--data-urlencode":
                    name, _, value = next(words).partition("=")
                    fields.append(f"{name}={quote(value, safe='')}")
                case _:
                    url = word
        return self._client.post(url, content="&".join(fields), headers=headers)

    def _expanded(self, command: str) -> str:
        return re.sub(r"\$(\w+)", lambda name: self.environment[name[1]], command)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """What the page tells to set, with secrets of this run, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    made = {name: secrets.token_hex(32) for name in ("BATCH_SECRET", "GATEWAY_SECRET", "BACKEND_SECRET")}
    for line in shlex.split(blocks("sh")[0]):
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    for name, value in made.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def page(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The Python of the page; what its first block prints is registered."""
    names: dict[str, Any] = {}
    make, sign = blocks("python")
    exec(make, names)  # noqa: S102
    Path("reports.jwk").write_text(capsys.readouterr().out)
    exec(sign, names)  # noqa: S102
    return names


@pytest.fixture
def curl(environment: dict[str, str], page: dict[str, Any]) -> Iterator[Curl]:
    asyncio.run(upgrade("sqlite:///page.db"))
    settings = Settings(base_url=BASE_URL, database_url="sqlite:///page.db")
    with TestClient(example_app(Watchword(settings)), base_url=BASE_URL) as client:
        yield Curl(client, environment)


def test_every_command_works_in_its_order(curl: Curl, page: dict[str, Any]) -> None:
    """And answers what the page shows: the same members, of the same kinds."""
    get, narrow, by_key, ask, revoke = COMMANDS
    given, told = map(json.loads, blocks("json"))
    answer = curl(get).json()
    assert shape(answer) == shape(given)
    assert answer["scope"] == given["scope"]
    assert curl(narrow).json()["scope"] == "orders:read"
    curl.environment |= {"TOKEN": answer["access_token"], "ASSERTION": page["assertion"]}
    assert curl(by_key).json()["token_type"] == "Bearer"
    assert curl(by_key).json()["error"] == "invalid_client"
    found = curl(ask).json()
    assert shape(found) == shape(told)
    same = ("client_id", "sub", "scope", "roles", "iss", "aud")
    assert {name: found[name] for name in same} == {name: told[name] for name in same}
    ended = curl(revoke)
    assert (ended.status_code, ended.content) == (200, b"")
    assert curl(ask).json() == {"active": False}


def shape(answer: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in answer.items()}


def test_the_clients_are_what_the_page_says(curl: Curl) -> None:
    """By default and by their settings."""
    clients = Settings().clients
    assert {name: each.credential for name, each in clients.items()} == {
        "batch": "secret",
        "gateway": "secret",
        "reports": "key",
        "backend": "secret",
    }
    assert {name: sorted(each.effective_grants) for name, each in clients.items()} == {
        "batch": ["client_credentials"],
        "gateway": [],
        "reports": ["client_credentials"],
        "backend": ["authorization_code", "refresh_token"],
    }


def test_a_list_of_secrets_is_read_as_the_page_writes_it(
    environment: dict[str, str], page: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """References in JSON."""
    (written,) = re.findall(r"`WATCHWORD_CLIENTS__BATCH__SECRET=(\[.*?\])`", PAGE)
    monkeypatch.setenv("BATCH_SECRET_NEW", secrets.token_hex(32))
    monkeypatch.setenv("WATCHWORD_CLIENTS__BATCH__SECRET", written)
    assert len(Settings().clients["batch"].secret) == 2
