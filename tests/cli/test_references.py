"""Promises of the commands about settings that are references."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.demo import run

if TYPE_CHECKING:
    from tests.servers.aws import Aws
    from tests.servers.key_value import KeyValueServer

pytest_plugins = ["tests.servers.moto", "tests.servers.key_value"]

KEY = "OXkDnbxMrn5P0Bp2cGg5m1V9mqDVEMcd4bDWxCiyGSM="


def test_commands_follow_references(aws: Aws, key_value: KeyValueServer, tmp_path: Path) -> None:
    """The database that ``db upgrade`` makes is the one the reference leads to, and the doctor says nothing
    of settings that production would refuse if they were written out."""
    database = tmp_path / "elsewhere.db"
    aws.keep("prod/db", json.dumps({"url": f"sqlite:///{database}"}))
    key_value.keep("app", {"key": KEY})
    (tmp_path / "watchword.toml").write_text(
        'secret_key = "vault:secret/app#key"\ndatabase_url = "aws-sm:prod/db#url"\n'
        'environment = "production"\nbase_url = "https://auth.example.test"\n'
    )
    upgraded = run(tmp_path, "db", "upgrade")
    assert (upgraded.returncode, database.exists()) == (0, True), upgraded.stderr
    examined = run(tmp_path, "doctor")
    assert "written in a file" not in examined.stdout + examined.stderr
    assert KEY not in upgraded.stdout + upgraded.stderr + examined.stdout + examined.stderr


@pytest.mark.parametrize("command", [("serve",), ("doctor",)])
def test_a_reference_that_leads_nowhere_stops_every_command(
    aws: Aws, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """With the setting, the reference and the cause, exit code 1 and no traceback."""
    aws.keep("prod/db", json.dumps({"address": "canary-5b1f9c"}))
    ended = run(tmp_path, *command, DATABASE_URL="aws-sm:prod/db#url", SECRET_KEY=KEY)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert "WATCHWORD_DATABASE_URL: refers to aws-sm:prod/db#url, but it has no key 'url'" in said
    assert "canary" not in said
    assert "Traceback" not in said
