"""Promises of ``watchword compliance report`` as a command: what it prints and writes, and its exit codes."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.house.tree import ROOT
from tests.servers.ports import loopback_port
from watchword.cli.compliance import HTML_NAME, JSON_NAME
from watchword.cli.main import app
from watchword.errors import ConfigurationError

STATES = {"met", "attention", "open"}


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["compliance", "report", *arguments])


def as_json(result: Result) -> dict[str, Any]:
    (line,) = result.stdout.splitlines()
    told: dict[str, Any] = json.loads(line)
    return told


def test_a_summary_and_what_is_left_to_do() -> None:
    """A line a checkpoint, one for each thing that is not met, and that it is no certificate."""
    result = ran()
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["privacy", "security", "legal", "accessibility"]
    assert {line.split()[0] for line in lines[4:-1]} == {"attention", "open"}
    assert lines[-1].startswith("This is no certificate.")
    assert "\x1b" not in result.output


def test_json_has_the_fields_that_are_documented() -> None:
    """docs/compliance.md names each; none is missing and none is more."""
    told = as_json(ran("--json"))
    assert told["format"] == "watchword-compliance-report/1"
    assert [each["id"] for each in told["checkpoints"]] == ["privacy", "security", "legal", "accessibility"]
    _, _, page = (ROOT / "docs" / "compliance.md").read_text(encoding="utf-8").partition("## The JSON")
    places = {
        "": told,
        "database.": told["database"],
        "checkpoints[].": told["checkpoints"][0],
        "checkpoints[].items[].": told["checkpoints"][0]["items"][0],
        "checkpoints[].tables[].": told["checkpoints"][0]["tables"][0],
    }
    fields = {f"{place}{name}" for place, each in places.items() for name in each}
    documented = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert documented == fields
    for each in told["checkpoints"]:
        assert each["states"].keys() == STATES
        assert sum(each["states"].values()) == len(each["items"])
        assert all(item.keys() == told["checkpoints"][0]["items"][0].keys() for item in each["items"])
        assert {item["state"] for item in each["items"]} <= STATES


def test_every_table_of_the_report_is_on_the_page() -> None:
    """By its id, so that programs know what they may meet."""
    page = (ROOT / "docs" / "compliance.md").read_text(encoding="utf-8")
    for each in as_json(ran("--json"))["checkpoints"]:
        assert not [table["id"] for table in each["tables"] if f"`{table['id']}`" not in page]
        assert not [item["id"] for item in each["items"] if f"`{item['id']}`" not in page]


def test_files_are_for_their_owner_and_never_replaced_unasked(tmp_path: Path) -> None:
    """A report is evidence of one day: another one goes elsewhere, or says ``--yes``."""
    folder = tmp_path / "evidence" / "2026-11"
    assert ran("--out", str(folder)).exit_code == 0
    assert {path.name for path in folder.iterdir()} == {HTML_NAME, JSON_NAME}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    assert json.loads((folder / JSON_NAME).read_text(encoding="utf-8"))["checkpoints"]
    (folder / HTML_NAME).write_text("kept", encoding="utf-8")
    (folder / JSON_NAME).unlink()
    refused = ran("--out", str(folder))
    assert refused.exit_code == 1
    assert "is there already; --yes replaces it" in refused.stderr
    assert {path.name for path in folder.iterdir()} == {HTML_NAME}
    assert ran("--out", str(folder), "--yes").exit_code == 0
    assert (folder / HTML_NAME).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_name_that_is_no_unicode_is_written_all_the_same(tmp_path: Path) -> None:
    """Of a template, as some file systems have them."""
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / os.fsdecode(b"\xff.html")).write_text("<p>x</p>", encoding="utf-8")
    result = ran("--out", str(tmp_path / "out"), "--templates", str(pages))
    assert result.exit_code == 0, result.output
    assert "not tested by us: ?.html" in (tmp_path / "out" / HTML_NAME).read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out" / JSON_NAME).read_text(encoding="utf-8"))


def test_a_folder_that_is_none_is_exit_1(tmp_path: Path) -> None:
    """With the cause, and nothing half written."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = ran("--out", str(tmp_path / "file" / "below"))
    assert result.exit_code == 1
    assert "cannot be written to: " in result.stderr


def test_a_database_that_is_away_is_said_and_exit_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Everything else is in the report all the same; the password of its address is not."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", f"postgresql://u:canary-pw@127.0.0.1:{loopback_port()}/x")
    result = ran("--json", "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    told = as_json(result)
    assert told["database"] == {"kind": "PostgreSQL", "state": "away", "says": "it did not answer"}
    items = {item["id"]: item for each in told["checkpoints"] for item in each["items"]}
    for name in ("privacy.people", "privacy.retention", "security.keys", "security.migrations"):
        assert items[name]["state"] == "open"
        assert items[name]["evidence"] == "the database could not be read: it did not answer"
    assert "canary-pw" not in result.output
    assert "canary-pw" not in (tmp_path / "out" / HTML_NAME).read_text(encoding="utf-8")


def test_an_unmigrated_database_is_said_and_exit_3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And no file of a database is made by looking."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    result = ran("--json")
    assert result.exit_code == 3
    assert as_json(result)["database"]["state"] == "migration_needed"
    assert not (tmp_path / "new.db").exists()
    assert "The database could not be read: it is at no revision" in ran().stdout


def test_settings_that_cannot_be_used_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no deployment to speak of; the console script makes exit code 1 of it."""
    monkeypatch.setenv("WATCHWORD_NO_SUCH", "1")
    assert isinstance(ran().exception, ConfigurationError)


def test_folders_of_pages_must_be_there(tmp_path: Path) -> None:
    """Nobody is told that the pages are ours because a name was misspelt."""
    assert isinstance(ran("--templates", str(tmp_path / "none")).exception, ConfigurationError)


@pytest.mark.postgres
def test_postgresql_is_read_too(monkeypatch: pytest.MonkeyPatch, postgres_url: str) -> None:
    """By the same statements."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", postgres_url)
    result = ran("--json")
    assert result.exit_code == 0, result.output
    told = as_json(result)
    assert told["database"] == {"kind": "PostgreSQL", "state": "read", "says": None}
