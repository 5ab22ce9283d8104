"""``docs/operations/keys.md``: its numbers are the code's, and each of its commands does what it says."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.flows.commands import command, told
from tests.house.test_docs import blocks
from tests.house.tree import ROOT
from tests.servers.sqlite import migrated_sqlite
from watchword.auth.clock import SystemClock
from watchword.auth.key_watch import DATABASE_LOOK_SECONDS, ELSEWHERE_LOOK_SECONDS, WRITE_USES_SECONDS
from watchword.auth.revocation import FRESH_SECONDS
from watchword.auth.sealing import Sealer
from watchword.cli.composition import with_database
from watchword.cli.keys_list import HEADING
from watchword.cli.keys_revoke import REACH_SECONDS
from watchword.composition_keys import open_key_manager
from watchword.config.auth import Settings
from watchword.doctor.key_checks import LATE_SECONDS
from watchword.protocol.key_ring import ANNOUNCE_SECONDS, LAG_SECONDS, READER_CACHE_SECONDS, RingPolicy
from watchword.storage.database import SqlDatabase
from watchword.testing import FakeClock

PAGE = "docs/operations/keys.md"
SECRET_KEY = bytes([3] * 32)
MEMBERS = [
    "kid",
    "algorithm",
    "state",
    "created_at",
    "activated_at",
    "retired_at",
    "verify_until",
    "revoked_at",
    "last_signed_at",
    "last_verified_at",
]


def plain() -> str:
    return " ".join((ROOT / PAGE).read_text(encoding="utf-8").split())


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    """Whoever plans by them is not wrong."""
    settings = Settings()
    policy = RingPolicy("ES256", settings.keys.rotate_after_seconds, settings.longest_access_token_seconds)
    assert policy.rotate_after_seconds == 30 * 86_400
    assert LATE_SECONDS == 3600
    assert WRITE_USES_SECONDS == 60
    for said in (
        f"30 days (`WATCHWORD_KEYS__ROTATE_AFTER_SECONDS`, {policy.rotate_after_seconds})",
        f"30 days, at least {ANNOUNCE_SECONDS} seconds",
        f"{policy.verify_seconds} seconds, the longest life of a token and {LAG_SECONDS} seconds",
        f"{ANNOUNCE_SECONDS} seconds before it signs: {READER_CACHE_SECONDS} for those",
        f"{LAG_SECONDS} for processes that read late",
        f"every {DATABASE_LOOK_SECONDS:g} seconds where the ring is in the database, "
        f"every {ELSEWHERE_LOOK_SECONDS:g} seconds elsewhere",
        f"Less than {ANNOUNCE_SECONDS} seconds after the last change",
        f"within {REACH_SECONDS} seconds while the database answers",
        f"accept the key for up to {READER_CACHE_SECONDS} seconds more",
        "write down once a minute",
        "more than an hour late",
    ):
        assert said in plain(), said


def test_the_reach_that_is_promised_is_the_feeds() -> None:
    """Five seconds, and what the commands say in their help is what the code does."""
    assert FRESH_SECONDS < REACH_SECONDS == 5
    helped = " ".join(command("keys", "revoke", "--help").output.split())
    assert f"within {REACH_SECONDS} seconds" in helped
    assert f"for up to {READER_CACHE_SECONDS} seconds" in helped
    assert f"{READER_CACHE_SECONDS} seconds" in " ".join(command("keys", "rotate", "--help").output.split())


def test_the_list_of_the_page_is_the_commands() -> None:
    """Its columns, and its members in JSON."""
    (block,) = [block for block in blocks(PAGE, "text") if block.startswith("KEY ID")]
    assert re.split(r"  +", block.splitlines()[0]) == list(HEADING)
    members = re.findall(r'"(\w+)"', plain().split('{"keys": [{')[1].split("}]}")[0])
    assert members == MEMBERS


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a service which has run for long enough to rotate."""
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", migrated_sqlite(tmp_path / "keys.db"))
    monkeypatch.setenv("WATCHWORD_SECRET_KEY", base64.b64encode(SECRET_KEY).decode())
    early = FakeClock(SystemClock().now() - timedelta(seconds=ANNOUNCE_SECONDS + 10))

    async def make(database: SqlDatabase) -> None:
        manager = open_key_manager(Settings(), database, Sealer(SECRET_KEY), early, by="cli")
        await manager.ring.repaired()

    with_database(make)


def test_every_command_of_the_page_works(ring: None) -> None:
    """In the order of the page, on one service."""
    lines = [line for block in blocks(PAGE, "sh") for line in block.splitlines()]
    assert len(lines) == plain().count("```sh watchword keys")
    done = []
    for line in lines:
        keys = told("keys", "list")["keys"]
        assert list(keys[0]) == MEMBERS
        active = next(key["kid"] for key in keys if key["state"] == "active")
        program, *arguments = line.replace("KEY_ID", active).split()
        assert program == "watchword"
        result = command(*arguments)
        assert result.exit_code == 0, (line, result.output)
        done.append(" ".join(arguments[:2]))
        signs = next(key["kid"] for key in told("keys", "list")["keys"] if key["state"] == "active")
        assert (signs == active) is (arguments[1] == "list"), line
    assert set(done) == {"keys list", "keys rotate", "keys revoke"}
