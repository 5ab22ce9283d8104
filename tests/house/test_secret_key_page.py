"""``docs/security/secret-key.md`` knows every use of the secret key, and its commands run."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from tests.house.test_docs import blocks
from tests.house.tree import ROOT
from tests.servers.sqlite import migrated_sqlite
from watchword.auth.resealing_ports import SEALED_COLUMNS, SEALED_TABLES
from watchword.auth.sealing import Purpose
from watchword.cli.main import app
from watchword.storage.resealing import POSTGRESQL_ROWS, SQLITE_ROWS

PAGE = "docs/security/secret-key.md"
KEYS = {"OLD": "T" * 42 + "I=", "NEW": "b" * 42 + "Y="}


def table() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", (ROOT / PAGE).read_text(encoding="utf-8"), re.MULTILINE)
    return {purpose: cells.split(" | ") for purpose, cells in rows}


def test_every_purpose_is_in_the_table() -> None:
    """Where it is, what becomes of it at a change of the key, and when the old one is removed too early."""
    assert set(table()) == set(get_args(Purpose))
    assert {len(cells) for cells in table().values()} == {3}


def test_the_page_says_what_the_command_seals_anew() -> None:
    """Those purposes and no others."""
    resealed = {purpose for columns in SEALED_COLUMNS.values() for purpose in columns.values()}
    said = {purpose for purpose, cells in table().items() if "`secrets rotate`" in cells[1]}
    assert said == {"signing-key"} | resealed


def test_numbers_and_json_are_those_of_the_command() -> None:
    """Rows of a batch, and the members of the line."""
    plain = " ".join((ROOT / PAGE).read_text(encoding="utf-8").split())
    assert f"{POSTGRESQL_ROWS} rows in a transaction on PostgreSQL, {SQLITE_ROWS} on SQLite" in plain
    (shown,) = (json.loads(block) for block in blocks(PAGE, "json"))
    assert set(shown["resealed"]) == set(shown["already"]) == set(SEALED_TABLES)


def test_the_steps_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings before and after, and each command, word for word."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", migrated_sqlite(tmp_path / "service.db"))
    runner, commands = CliRunner(), [shlex.split(block)[1:] for block in blocks(PAGE, "sh")]
    assert commands == [["secrets", "rotate"], ["doctor", "--offline"]]
    for settings in blocks(PAGE, "ini"):
        for line in settings.splitlines():
            name, _, value = line.partition("=")
            monkeypatch.setenv(name, KEYS[value])
        for command in commands:
            result = runner.invoke(app, command)
            assert result.exit_code == 0, result.output
    shown = runner.invoke(app, ["secrets", "rotate", "--json"])
    (example,) = (json.loads(block) for block in blocks(PAGE, "json"))
    told = json.loads(shown.stdout)
    assert {name: type(value) for name, value in told.items()} == {
        name: type(value) for name, value in example.items()
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["previous"][0]["removable_from"])
