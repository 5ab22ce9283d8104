"""Promises of ``WATCHWORD_KEYS__…``: what goes with which store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from watchword.config.auth import Settings
from watchword.errors import ConfigurationError

KEY = "OXkDnbxMrn5P0Bp2cGg5m1V9mqDVEMcd4bDWxCiyGSM="


def problems(**keys: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as refused:
        Settings(keys=keys)
    return refused.value.problems


@pytest.mark.parametrize(
    "keys",
    [
        {"store": "file", "path": "/var/lib/watchword/keys"},
        {"store": "aws-secrets-manager", "secret_id": "prod/watchword/keys"},
        {"store": "aws-secrets-manager", "secret_id": "arn:aws:secretsmanager:eu-west-1:1:secret:k-AbCdEf"},
        {"store": "vault", "path": "secret/watchword/keys"},
        {"store": "database"},
    ],
)
def test_each_store_takes_its_own_place(keys: dict[str, str]) -> None:
    """Written as the documentation shows it."""
    assert Settings(keys=keys).keys.store == keys["store"]


@pytest.mark.parametrize(
    ("store", "name"),
    [("file", "PATH"), ("vault", "PATH"), ("aws-secrets-manager", "SECRET_ID")],
)
def test_a_store_without_its_place_is_refused(store: str, name: str) -> None:
    """The setting that is missing is named, with an example."""
    (problem,) = problems(store=store)
    assert problem.startswith(f"WATCHWORD_KEYS__{name}: is required with the key store '{store}'")


@pytest.mark.parametrize(
    ("store", "own", "other"),
    [
        ("database", {}, {"path": "secret/keys"}),
        ("database", {}, {"secret_id": "keys"}),
        ("file", {"path": "keys"}, {"secret_id": "keys"}),
        ("vault", {"path": "secret/keys"}, {"secret_id": "keys"}),
        ("aws-secrets-manager", {"secret_id": "keys"}, {"path": "keys"}),
    ],
)
def test_a_place_of_another_store_is_refused(store: str, own: Any, other: Any) -> None:
    """Somebody believes keys to be where they are not."""
    (problem,) = problems(store=store, **own, **other)
    assert f"has no meaning with the key store '{store}'" in problem


@pytest.mark.parametrize(
    "keys",
    [
        {"store": "vault", "path": "keys"},
        {"store": "vault", "path": "secret/../sys"},
        {"store": "vault", "path": "secret//keys?version=1"},
        {"store": "vault", "path": "/secret/keys"},
        {"store": "aws-secrets-manager", "secret_id": "a b"},
        {"store": "file", "path": "a\0b"},
    ],
)
def test_a_place_that_cannot_be_is_refused(keys: dict[str, str]) -> None:
    """Before anything is asked there, with the form it should have."""
    (problem,) = problems(**keys)
    assert problem.startswith("WATCHWORD_KEYS__")


def test_production_refuses_key_files_that_others_can_read(tmp_path: Path) -> None:
    """The folder and what is in it, each with the command that mends it."""
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    ring = folder / "ring.json"
    ring.touch(mode=0o640)
    ring.chmod(0o640)
    with pytest.raises(ConfigurationError) as refused:
        Settings(
            environment="production",
            base_url="https://app.example.test",
            keys={"store": "file", "path": str(folder)},
        )
    told = "\n".join(refused.value.problems)
    assert f"{folder} can be read or written by others; chmod 700 it" in told
    assert f"{ring} can be read or written by others; chmod 600 it" in told


def test_production_refuses_a_vault_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for an agent beside the service."""
    made = {"environment": "production", "base_url": "https://app.example.test"}
    for address, refused in {"http://vault.internal:8200": True, "http://127.0.0.1:8100": False}.items():
        monkeypatch.setenv("VAULT_ADDR", address)
        with pytest.raises(ConfigurationError) as error:
            Settings(**made, keys={"store": "vault", "path": "secret/keys"})
        assert any("VAULT_ADDR" in each for each in error.value.problems) is refused
