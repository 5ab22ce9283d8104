"""Promises of ``watchword keys``, on every key store; tests/keys has what replicas make of it."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.commands import command, told
from tests.servers.sqlite import migrated_sqlite
from watchword.cli.composition import with_keys
from watchword.cli.keys_list import NONE_YET
from watchword.cli.keys_revoke import REACH_SECONDS
from watchword.errors import ConfigurationError, KeyUnknown, MigrationNeeded, SecretKeyMismatch
from watchword.protocol.key_ring import READER_CACHE_SECONDS

if TYPE_CHECKING:
    from tests.servers.key_value import KeyValueServer

pytest_plugins = ["tests.servers.moto", "tests.servers.key_value", "tests.servers.postgres"]

SECRET_KEY, OTHER_KEY = (base64.b64encode(bytes([each] * 32)).decode() for each in (1, 2))
STORES = ["database", "file", "aws-secrets-manager", "vault"]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Those of a service whose database is migrated and has no keys yet."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", migrated_sqlite(tmp_path / "keys.db"))
    monkeypatch.setenv("WATCHWORD_SECRET_KEY", SECRET_KEY)
    return monkeypatch


@pytest.fixture
def store(request: pytest.FixtureRequest, settings: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A key store, with the ring that a first start makes."""
    name = str(request.param)
    settings.setenv("WATCHWORD_KEYS__STORE", name)
    if name == "file":
        settings.setenv("WATCHWORD_KEYS__PATH", str(tmp_path / "keys"))
    elif name == "aws-secrets-manager":
        request.getfixturevalue("aws")
        settings.setenv("WATCHWORD_KEYS__SECRET_ID", "prod/keys")
    elif name == "vault":
        request.getfixturevalue("key_value")
        settings.setenv("WATCHWORD_KEYS__PATH", "secret/keys")
    with_keys(lambda manager: manager.ring.repaired())
    return name


on_every_store = pytest.mark.parametrize("store", STORES, indirect=True)
on_two_stores = pytest.mark.parametrize("store", ["database", "vault"], indirect=True)
on_one_store = pytest.mark.parametrize("store", ["database"], indirect=True)
in_a_vault = pytest.mark.parametrize("store", ["vault"], indirect=True)


def states() -> dict[str, list[str]]:
    """Key ids by state, as ``keys list --json`` tells them."""
    found: dict[str, list[str]] = {}
    for key in told("keys", "list")["keys"]:
        found.setdefault(key["state"], []).append(key["kid"])
    return found


def kept_copies(folder: Path) -> list[bytes]:
    """The sealed copies of rings in the database."""
    with closing(sqlite3.connect(folder / "keys.db")) as connection:
        return [row[0] for row in connection.execute("SELECT sealed FROM ww_key_ring_copies")]


@on_every_store
def test_the_next_key_signs_after_a_rotation(store: str) -> None:
    """Too soon it is refused, with the time and with what ``--now`` means elsewhere; then it is done."""
    before = states()
    early = command("keys", "rotate")
    assert early.exit_code == 1
    assert "rotate in " in early.stderr
    assert f"elsewhere may refuse new tokens for {READER_CACHE_SECONDS} seconds" in early.stderr
    assert states() == before
    rotated = told("keys", "rotate", "--now")
    assert (rotated["active"], rotated["retired"]) == (before["next"][0], before["active"][0])
    assert states() == {"active": before["next"], "next": [rotated["next"]], "retired": before["active"]}


@on_every_store
def test_key_09_a_revoked_key_signs_no_more(store: str) -> None:
    """The announced one does; revoking twice is no error and changes nothing."""
    before = states()
    revoked = told("keys", "revoke", before["active"][0], "--yes")
    assert revoked == {
        "revoked": before["active"],
        "revoked_before": [],
        "active": before["next"][0],
        "pending": None,
    }
    after = states()
    assert (after["active"], after["revoked"]) == (before["next"], before["active"])
    again = told("keys", "revoke", before["active"][0], "--yes")
    assert (again["revoked"], again["revoked_before"]) == ([], before["active"])
    assert states() == after


@on_two_stores
def test_key_09_every_key_can_be_revoked_at_once(store: str) -> None:
    """The announced and the retired, too; a ring of fresh keys takes their place."""
    told("keys", "rotate", "--now")
    before = states()
    result = command("keys", "revoke", "--all", "--yes")
    assert result.exit_code == 0
    after = states()
    gone = {kid for kids in before.values() for kid in kids}
    assert set(after["revoked"]) == gone
    assert not gone & {*after["active"], *after["next"]}
    assert f"Signs now:      {after['active'][0]}" in result.stdout
    assert f"within {REACH_SECONDS} seconds" in result.stdout
    assert f"for up to {READER_CACHE_SECONDS} seconds more" in result.stdout


@on_one_store
@pytest.mark.parametrize("state", ["next", "retired"])
def test_a_key_that_does_not_sign_can_be_revoked(store: str, state: str) -> None:
    """The active one stays."""
    told("keys", "rotate", "--now")
    before = states()
    assert told("keys", "revoke", before[state][0], "--yes")["active"] == before["active"][0]
    assert states()["revoked"] == before[state]


@on_one_store
def test_an_unknown_key_is_an_error_and_nothing_is_done(store: str) -> None:
    """Also beside known ones, and part of an id is none."""
    before = states()
    kid = before["active"][0]
    for unknown in ("no-such-key", kid[:12], "-" * 43):
        result = command("keys", "revoke", kid, unknown, "--yes")
        assert result.exit_code == 1
        assert isinstance(result.exception, KeyUnknown)
        assert unknown in result.exception.detail
    assert states() == before


@on_one_store
@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--all"],
        ["some-key"],
        ["--yes"],
        ["some-key", "--all", "--yes"],
        ["some-key", "--secret-key-lost", "--yes"],
        ["--every", "--yes"],
    ],
    ids=" ".join,
)
def test_usage_that_cannot_be_meant_revokes_nothing(store: str, arguments: list[str]) -> None:
    """Exit code 2, also without ``--yes``."""
    before = states()
    assert command("keys", "revoke", *arguments).exit_code == 2
    assert states() == before


def test_a_service_that_never_started_has_no_keys(settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The list says so, and no command makes keys or a secret key in its place."""
    assert told("keys", "list") == {"keys": []}
    assert command("keys", "list").stdout == f"{NONE_YET}\n"
    settings.delenv("WATCHWORD_SECRET_KEY")
    for arguments in (["rotate"], ["rotate", "--now"], ["revoke", "--all", "--yes"]):
        result = command("keys", *arguments)
        assert (result.exit_code, result.stderr) == (1, f"Error: {NONE_YET}\n")
    assert told("keys", "list") == {"keys": []}
    assert not list(tmp_path.glob("*.key"))


def test_a_database_that_is_not_migrated_is_told(settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As by every command, which makes it exit code 3."""
    settings.setenv("WATCHWORD_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    for arguments in (["list"], ["rotate"], ["revoke", "--all", "--yes"]):
        assert isinstance(command("keys", *arguments).exception, MigrationNeeded)


@on_two_stores
def test_another_services_secret_key_changes_nothing(
    store: str, settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the ring nor its copy: the processes that run could open neither. It is told which key it
    needs; without any, that one is needed."""
    before, copies = states(), kept_copies(tmp_path)
    settings.setenv("WATCHWORD_SECRET_KEY", OTHER_KEY)
    for arguments in (["list"], ["rotate", "--now"], ["revoke", "--all", "--yes"]):
        assert isinstance(command("keys", *arguments).exception, SecretKeyMismatch)
    settings.delenv("WATCHWORD_SECRET_KEY")
    assert isinstance(command("keys", "list").exception, ConfigurationError)
    assert kept_copies(tmp_path) == copies != []
    settings.setenv("WATCHWORD_SECRET_KEY", SECRET_KEY)
    assert states() == before


@on_two_stores
def test_keys_whose_secret_key_is_lost_can_be_replaced(store: str, settings: pytest.MonkeyPatch) -> None:
    """All of them, under its name only; the service starts with the new secret key then."""
    before = states()
    settings.setenv("WATCHWORD_SECRET_KEY", OTHER_KEY)
    result = command("keys", "revoke", "--all", "--secret-key-lost", "--yes", "--json")
    assert result.exit_code == 0, result.output
    after = states()
    assert set(after["revoked"]) == {*before["active"], *before["next"]}
    assert json.loads(result.stdout)["active"] == after["active"][0]
    assert told("keys", "rotate", "--now")["active"] == after["next"][0]


@in_a_vault
def test_flt_23_keys_are_revoked_while_the_vault_is_away(store: str, key_value: KeyValueServer) -> None:
    """The tokens have ended; exit code 1 says that no key is left to sign with, why, and what to do. Run
    again it makes the new ring."""
    before = states()
    key_value.sealed = True
    result = command("keys", "revoke", "--all", "--yes")
    assert result.exit_code == 1
    assert "Signs now:      none" in result.stdout
    for said in ("the new ring could not be written", "Vault is sealed", "No key is left to sign with"):
        assert said in result.stderr
    assert set(states()["revoked"]) == {*before["active"], *before["next"]}
    assert command("keys", "rotate", "--now").exit_code == 1
    key_value.sealed = False
    assert told("keys", "revoke", "--all", "--yes")["pending"] is None
    assert len(states()["active"]) == 1


@in_a_vault
def test_flt_23_the_announced_key_signs_while_the_vault_is_away(
    store: str, key_value: KeyValueServer
) -> None:
    """One key can be revoked; that the store does not know yet is told."""
    before = states()
    key_value.sealed = True
    result = command("keys", "revoke", before["active"][0], "--yes")
    assert result.exit_code == 1
    assert f"Signs now:      {before['next'][0]}" in result.stdout
    assert "The announced key signs meanwhile" in result.stderr


@on_one_store
@pytest.mark.parametrize("now", [False, True])
def test_another_algorithm_is_announced_first(store: str, settings: pytest.MonkeyPatch, now: bool) -> None:
    """By the first rotation, which cannot let it sign yet and says so; with ``--now`` it signs at once."""
    settings.setenv("WATCHWORD_KEYS__ALGORITHM", "Ed25519")
    before = states()
    result = command("keys", "rotate", *(["--now"] if now else []))
    assert result.exit_code == (0 if now else 1)
    keys = told("keys", "list")["keys"]
    algorithms = {key["state"]: key["algorithm"] for key in keys}
    assert algorithms["next"] == "Ed25519"
    assert algorithms["active"] == ("Ed25519" if now else "ES256")
    assert (states()["active"] == before["active"]) is not now


@pytest.mark.postgres
def test_the_commands_work_on_postgresql(settings: pytest.MonkeyPatch, postgres_url: str) -> None:
    """As on SQLite."""
    settings.setenv("WATCHWORD_DATABASE_URL", postgres_url)
    with_keys(lambda manager: manager.ring.repaired())
    before = states()
    assert told("keys", "rotate", "--now")["active"] == before["next"][0]
    assert told("keys", "revoke", before["next"][0], "--yes")["revoked"] == before["next"]
    assert set(states()) == {"active", "next", "retired", "revoked"}


@on_one_store
def test_people_read_states_ages_and_uses(store: str) -> None:
    """In plain columns; programs read times."""
    (active,) = states()["active"]
    now = datetime.now(UTC)

    async def used(manager: Any) -> None:
        from watchword.auth.key_ports import KeyUse

        uses = {active: KeyUse(now - timedelta(minutes=4), now - timedelta(hours=5))}
        await manager.ring.ledger.note_uses(uses)

    with_keys(used)
    told("keys", "rotate", "--now")
    lines = command("keys", "list").stdout.splitlines()
    assert re.split(r"  +", lines[0])[2:7] == ["STATE", "SINCE", "AGE", "LAST SIGNED", "LAST VERIFIED"]
    (row,) = [line for line in lines if line.startswith(active)]
    shown = re.split(r"  +", row)
    assert (shown[2], shown[5:7]) == ("retired", ["4 min ago", "5 h ago"])
    assert re.fullmatch(r"6[0-2] min", shown[7])
    (key,) = [key for key in told("keys", "list")["keys"] if key["kid"] == active]
    for name in ("created_at", "activated_at", "retired_at", "verify_until", "last_signed_at"):
        assert datetime.fromisoformat(key[name]).tzinfo is not None
    assert key["revoked_at"] is None
