"""What docs/reference says that commands and addresses answer is what they answer."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from tests.house.reference.cli import commands
from tests.house.reference.cli_answers import ANSWERS, ELSEWHERE
from tests.house.reference.http import keys_of, own_routes, statuses_at
from tests.house.reference.http_facts import FACTS, codes_of
from tests.servers.sqlite import migrated_sqlite
from watchword import Settings, Watchword
from watchword.cli.main import app as cli

SignedIn = Callable[..., AbstractContextManager[TestClient]]
SERVERS: Final = {"watchword demo", "watchword serve", "watchword dev-provider"}
"""They go on until they are stopped; their own tests read what they print."""
FREE: Final = {"pruned", "environment", "details", "claims", "header", "resealed", "already"}
"""Maps whose names depend on what there is."""
API: Final = """\
from fastapi import FastAPI
from watchword import Settings, Watchword

app = FastAPI()
Watchword(Settings()).install(app)
"""
PROGRAM, PERSON = {"Accept": "application/json"}, {"Accept": "text/html"}
BODIES: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"data": {"unknown": "field"}},
    {"json": {"unknown": "field"}},
    {"content": b"\xff", "headers": {"Content-Type": "text/plain"}},
)


def differences(example: Any, real: Any, place: str = "") -> Iterator[str]:
    """Where names or types are others; what is null, or an empty list, fits everything."""
    if example is None or real is None or type(example) is not type(real):
        if None not in (example, real):
            yield f"{place} is {type(real).__name__}, not {type(example).__name__}"
    elif isinstance(example, dict) and place.rpartition(".")[2] not in FREE:
        yield from (f"{place}.{name} is on one side" for name in example.keys() ^ real.keys())
        for name in example.keys() & real.keys():
            yield from differences(example[name], real[name], f"{place}.{name}")
    elif isinstance(example, list) and example and real:
        yield from differences(example[0], real[0], f"{place}[]")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FastAPI:
    """An app with a migrated database, one provider that is never asked, and terms."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", migrated_sqlite(tmp_path / "answers.db"))
    monkeypatch.setenv("WATCHWORD_SECRET_KEY", base64.b64encode(bytes(32)).decode())
    monkeypatch.setenv("WATCHWORD_PROVIDERS__MAIN__ISSUER", "http://127.0.0.1:9")
    monkeypatch.setenv("WATCHWORD_PROVIDERS__MAIN__CLIENT_ID", "orders")
    monkeypatch.setenv("WATCHWORD_PROVIDERS__MAIN__CLIENT_SECRET", "kq0pS8-never-asked")
    monkeypatch.setenv("WATCHWORD_TERMS__VERSION", "1")
    monkeypatch.setenv("WATCHWORD_TERMS__URL", "https://example.com/terms")
    app = FastAPI()
    Watchword(Settings()).install(app)
    return app


def answer(*words: str) -> Any:
    told = CliRunner().invoke(cli, [*words, "--json"])
    assert told.stdout.startswith("{"), (words, told.output, told.exception)
    return json.loads(told.stdout.splitlines()[0])


def test_every_command_has_an_example_of_its_answer() -> None:
    """Or says on which page it is; and no command that is gone has one."""
    assert {words for words, _ in commands()} == ANSWERS.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize(
    ("example", "real", "said"),
    [
        ({"a": 1}, {"a": "1"}, [".a is str, not int"]),
        ({"a": [{"b": 1}]}, {"a": [{"c": 1}]}, [".a[].b is on one side", ".a[].c is on one side"]),
        ({"a": None, "b": []}, {"a": 1, "b": [2]}, []),
    ],
)
def test_another_answer_is_seen(example: Any, real: Any, said: list[str]) -> None:
    """By the name that differs."""
    assert sorted(differences(example, real)) == said


def test_commands_print_what_the_page_shows(service: FastAPI, signed_in: SignedIn, tmp_path: Path) -> None:
    """By names and types, for every command that ends by itself."""
    with signed_in(service, roles=["editor"]) as client:
        me = client.get("/auth/me").json()
        token = client.headers["Authorization"].removeprefix("Bearer ")
    user, session = me["user_id"], me["session_id"]
    (tmp_path / "api.py").write_text(API)
    asked: dict[str, Sequence[str]] = {
        **dict.fromkeys(
            ["db status", "db upgrade", "db sql", "users list", "sessions list", "audit list"], ()
        ),
        **dict.fromkeys(["users show", "users enable"], (user,)),
        **dict.fromkeys(["users grant", "users deny"], (user, "admin")),
        **dict.fromkeys(["versions report", "sessions prune", "provider status"], ()),
        "token inspect": [token],
        "doctor": ["--offline"],
        "routes": ["api:app"],
        "init": [str(tmp_path / "new")],
        "provider purge": ["main", "--yes"],
        "users disable": [user, "--yes"],
        "sessions revoke": [session, "--yes"],
        "users erase": [user, "--yes"],
        "keys list": [],
        "keys rotate": ["--now"],
        "keys revoke": ["--all", "--yes"],
        "secrets rotate": [],
        "db downgrade": ["base", "--yes"],
    }
    assert {f"watchword {words}" for words in asked} == ANSWERS.keys() - SERVERS
    for words, arguments in asked.items():
        real = answer(*words.split(), *arguments)
        assert not list(differences(ANSWERS[f"watchword {words}"], real)), words


def asked_of(client: TestClient, key: str) -> Iterator[tuple[int, str, Any]]:
    """What an address answers programs and people, with every kind of body."""
    method, _, path = key.partition(" ")
    method = "GET" if method == "ANY" else method
    address = re.sub(r"\{\w+\}", "none", path)
    for accept in (PROGRAM, PERSON):
        for body in BODIES if method == "POST" else BODIES[:1]:
            headers = {**accept, **body.get("headers", {})}
            told = client.request(method, address, **{**body, "headers": headers}, follow_redirects=False)
            kind = told.headers.get("content-type", "").partition(";")[0]
            yield told.status_code, kind, told.json() if kind.endswith("json") else None


def surprises(key: str, status: int, kind: str, told: Any) -> Iterator[str]:
    """What the page does not say of this answer."""
    facts, statuses = FACTS[key], statuses_at(key)
    allowed = {statuses[code] for code in codes_of(key)} | set(facts.answers)
    if status not in allowed:
        yield f"{key} answers {status}"
    if kind == "application/problem+json" and told["code"] not in codes_of(key):
        yield f"{key} refuses with {told['code']}"
    if status >= 400 and facts.form == "OAuth" and "error" not in told:
        yield f"{key} refuses with no OAuth error"
    if status == 200 and kind in ("application/json", "application/jwk-set+json") and facts.json:
        named = {each.removesuffix("?") for each in facts.json.split()}
        required = {each for each in facts.json.split() if not each.endswith("?")}
        if not required <= told.keys() or (set(told) - named and key.count("well-known") == 0):
            yield f"{key} tells {sorted(told)}"


def test_addresses_answer_what_the_page_says(service: FastAPI, signed_in: SignedIn) -> None:
    """Nobody, and somebody who is signed in until the last: statuses, codes, and the members of JSON."""
    keys = [key for route in own_routes() for key in keys_of(route)]
    keys.sort(key="POST /auth/logout".__eq__)
    found: list[str] = []
    with signed_in(service) as client, TestClient(service, raise_server_exceptions=False) as nobody:
        nobody.base_url = client.base_url
        for key in keys:
            for caller in (nobody, client):
                for status, kind, told in asked_of(caller, key):
                    found += surprises(key, status, kind, told)
    assert sorted(set(found)) == []


def test_an_answer_nobody_described_is_seen() -> None:
    """Another status, another code, another member."""
    problem = {"code": "version_sunset"}
    assert list(surprises("GET /auth/me", 410, "application/problem+json", problem)) == [
        "GET /auth/me answers 410",
        "GET /auth/me refuses with version_sunset",
    ]
    assert list(surprises("GET /healthz", 200, "application/json", {"state": "ok"}))
    assert list(surprises("POST /auth/token", 400, "application/json", {"code": "invalid_request"}))


def test_a_grant_that_gives_nothing_is_400_where_tokens_are_made() -> None:
    """RFC 6749 §5.2: the same code is 401 where a browser refreshes."""
    for code in ("invalid_grant", "refresh_replayed", "user_disabled"):
        assert statuses_at("POST /auth/token")[code] == 400
    assert statuses_at("POST /auth/refresh")["invalid_grant"] == 401


def test_the_limit_of_the_admin_pages_is_told() -> None:
    """One for all of them, and with it the refusal."""
    for key in (key for key in FACTS if "/auth/admin" in key):
        assert "rate_limited" in codes_of(key), key
