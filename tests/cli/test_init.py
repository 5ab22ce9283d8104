"""Promises of ``watchword init``: what it makes works as it is, and nothing that was there is touched."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.flows.commands import command, told
from watchword.cli.init import PRESETS
from watchword.config.auth import Settings
from watchword.config.presets import PresetName

NAMES = ["main.py", "test_main.py", "watchword.toml"]
SHARED = ("--issuer", "https://login.microsoftonline.com/organizations/v2.0", "--client-id", "a")
TENANT = "9f2a1c34-6d1b-4c8e-8a35-0f6d8f1f7b11"
GIVEN = ("--issuer", "https://login.example.test/", "--client-id", "abc")


def settings_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("WATCHWORD_CONFIG", str(folder / "watchword.toml"))
    return Settings()


def test_a_new_project_passes_its_own_tests(tmp_path: Path) -> None:
    """With no settings but the ones it was made with, and only in its own folder."""
    assert told("init", str(tmp_path / "shop"))["made"] == NAMES
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error"],
        cwd=tmp_path / "shop",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "3 passed" in ran.stdout, ran.stdout
    assert not (tmp_path / "shop" / ".watchword").exists()


def test_without_options_people_sign_in_at_the_development_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it listens by default, with the client it knows."""
    command("init", str(tmp_path))
    dev = settings_in(tmp_path, monkeypatch).providers["dev"]
    assert (dev.issuer, dev.client_id) == ("http://127.0.0.1:9400", "watchword-dev")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--provider", "auth0", *GIVEN), {"preset": "auth0", "issuer": GIVEN[1]}),
        (GIVEN, {"preset": "oidc", "client_id": "abc"}),
        (
            ("--provider", "github", "--client-id", 'a"b\\'),
            {"issuer": "https://github.com", "client_id": 'a"b\\'},
        ),
        (
            ("--issuer", "https://login.example.test/", "--client-id", "é\U0001f600"),
            {"client_id": "é\U0001f600"},
        ),
        (("--provider", "entra", "--tenant", TENANT, *SHARED), {"allowed_tenants": (TENANT,)}),
    ],
)
def test_a_provider_is_written_down_without_its_secret(
    options: tuple[str, ...], expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings say where the secret is; with that they can be read."""
    steps = told("init", str(tmp_path), *options)["next"]
    assert any("export MAIN_CLIENT_SECRET=" in step for step in steps)
    assert any("/auth/callback/main" in step for step in steps)
    monkeypatch.setenv("MAIN_CLIENT_SECRET", "from-outside")
    main = settings_in(tmp_path, monkeypatch).providers["main"]
    assert {name: getattr(main, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--provider", "auth0"), "--issuer is missing"),
        (("--issuer", "https://login.example.test"), "--client-id is missing"),
        (("--provider", "auth", *GIVEN), "'auth0'"),
        (("--provider", "auth"), "--provider 'auth' is no preset"),
        (("--client-id", "a", "--issuer", "http://login.example.test"), "issuer"),
        (("--client-id", "a\nb", "--issuer", "https://login.example.test"), "printable"),
        (("--provider", "entra", *SHARED), "allowed_tenants is missing"),
    ],
)
def test_what_could_not_work_is_refused_before_anything_is_written(
    options: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    """With the cause, as settings are refused."""
    result = command("init", str(tmp_path / "new"), *options)
    assert result.exit_code == 1
    assert words in str(result.exception)
    assert not (tmp_path / "new").exists()


def test_nothing_that_is_there_is_touched(tmp_path: Path) -> None:
    """Another main.py stays; where there are settings already, nothing is written at all."""
    (tmp_path / "main.py").write_text("mine = 1\n")
    assert told("init", str(tmp_path))["kept"] == ["main.py"]
    assert (tmp_path / "main.py").read_text() == "mine = 1\n"
    (tmp_path / "test_main.py").unlink()
    again = command("init", str(tmp_path))
    assert (again.exit_code, "is there already" in again.output) == (1, True)
    assert not (tmp_path / "test_main.py").exists()


def test_settings_that_lead_nowhere_are_there_as_well(tmp_path: Path) -> None:
    """A link that somebody has not filled yet is theirs."""
    (tmp_path / "watchword.toml").symlink_to(tmp_path / "nowhere.toml")
    assert command("init", str(tmp_path)).exit_code == 1
    assert [each.name for each in tmp_path.iterdir()] == ["watchword.toml"]


def test_a_disk_that_is_full_leaves_what_can_be_begun_again(tmp_path: Path) -> None:
    """No file is left half written, and no settings beside a missing app."""

    def nothing_fits() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    command_line = [sys.executable, "-B", "-m", "watchword", "init", str(tmp_path)]
    full = subprocess.run(
        command_line, capture_output=True, text=True, timeout=60, check=False, preexec_fn=nothing_fits
    )
    assert (full.returncode, f"{tmp_path} cannot be written" in full.stderr) == (1, True), full.stderr
    assert [each.name for each in tmp_path.iterdir()] == []
    assert told("init", str(tmp_path))["made"] == NAMES


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file stands in its place, say."""
    (tmp_path / "file").write_text("")
    result = command("init", str(tmp_path / "file" / "shop"))
    assert result.exit_code == 1
    assert "cannot be" in result.output or "Not a directory" in result.output


def test_the_presets_it_names_are_those_there_are() -> None:
    """In the help, which loads no settings."""
    assert get_args(PresetName) == PRESETS
    shown = command("init", "--help").output
    assert all(name in shown for name in PRESETS)
