"""``compose.yaml``: read, not run. There is no container engine where these tests run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.deployment.files import DEPLOY, FRONT_PORT, REPLICAS, ROOT, compose
from watchword import Settings
from watchword.cli.main import app
from watchword.dev_provider.registration import CLIENT_ID

COMPOSE = compose()
DEVELOPMENT = compose("deploy/compose.dev.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("watchword-1", "watchword-2", "migrate")
EVERY = [*SERVICES.items(), *DEVELOPMENT["services"].items()]
LINES = (DEPLOY / "dev.env").read_text(encoding="utf-8").splitlines()
IN_DEVELOPMENT = dict(line.split("=", 1) for line in LINES)
IN_PRODUCTION = {
    "WATCHWORD_BASE_URL": "https://auth.example.test",
    "PROVIDER_ISSUER": "https://login.example.test/",
    "PROVIDER_CLIENT_ID": "an-id",
}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``deploy/make-secrets`` makes, run twice, and a client secret."""
    place = tmp_path_factory.mktemp("deployment")
    folder = place / "secrets"
    folder.mkdir()
    (folder / "client_secret").write_text("9d2c41f7b0c64bd08a6a51f3e7e4f0aa\n")
    command = [str(DEPLOY / "make-secrets"), str(place)]
    subprocess.run(command, check=True, timeout=30, capture_output=True)
    made = {each.name: each.read_text() for each in folder.iterdir()}
    subprocess.run(command, check=True, timeout=30, capture_output=True)
    assert {each.name: each.read_text() for each in folder.iterdir()} == made
    return folder


def environment(service: str, values: dict[str, str], secrets: Path) -> dict[str, str]:
    """As the service gets it: variables filled in, secrets where they were made."""
    given: dict[str, str] = dict(SERVICES[service]["environment"])
    if values is IN_DEVELOPMENT:
        given |= DEVELOPMENT["services"][service]["environment"]
    filled = {name: re.sub(r"\$\{(\w+):\?.*?}", lambda m: values[m[1]], each) for name, each in given.items()}
    return {name: each.replace("/run/secrets", str(secrets)) for name, each in filled.items()}


@pytest.mark.parametrize("service", OURS)
@pytest.mark.parametrize("values", [IN_PRODUCTION, IN_DEVELOPMENT], ids=["production", "development"])
def test_settings_are_accepted(
    service: str, values: dict[str, str], secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every setting is known, and production has nothing against them, the secrets that were made and the
    modes of their files included."""
    for name in [each for each in os.environ if each.startswith("WATCHWORD_")]:
        monkeypatch.delenv(name)
    for name, value in environment(service, values, secrets).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(secrets)
    settings = Settings()
    password = (secrets / "postgres_password").read_text().strip()
    assert settings.database_url.endswith(f"://watchword:{password}@postgres/watchword")
    assert settings.trusted_proxy_hops == 1
    assert settings.providers["main"].client_id == values["PROVIDER_CLIENT_ID"]
    assert (settings.environment == "production") == (values is IN_PRODUCTION)


def test_no_secret_is_made_of_nothing(tmp_path: Path) -> None:
    """Where openssl is missing, the script fails, and the next run makes what is still missing."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("cat", "chmod", "chown", "dirname", "id", "mkdir", "mv", "rm"):
        (tools / name).symlink_to(shutil.which(name) or name)
    command = [shutil.which("sh") or "sh", str(DEPLOY / "make-secrets"), str(tmp_path)]
    ran = subprocess.run(command, env={"PATH": str(tools)}, timeout=30, capture_output=True, check=False)
    assert (ran.returncode, list((tmp_path / "secrets").iterdir())) == (1, [])


def test_secrets_are_files_and_nothing_else(secrets: Path) -> None:
    """For their owner alone, mounted, referred to, and written into no file of the repository."""
    assert {each.stat().st_mode & 0o777 for each in secrets.iterdir()} == {0o400}
    assert {Path(each["file"]).name for each in COMPOSE["secrets"].values()} == {
        each.name for each in secrets.iterdir()
    }
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    for name, service in EVERY:
        for setting, value in service.get("environment", {}).items():
            if re.search(r"SECRET|PASSWORD|DATABASE_URL", setting):
                place, _, file = value.rpartition("/")
                assert place in ("file:/run/secrets", "/run/secrets"), (name, setting)
                assert file in service["secrets"], (name, setting)


def test_only_nginx_is_published() -> None:
    """On loopback; databases are in a network with no way out; the development provider on loopback too."""
    published = {name: service["ports"] for name, service in EVERY if "ports" in service}
    assert published == {
        "nginx": [f"127.0.0.1:{FRONT_PORT}:{FRONT_PORT}"],
        "dev-provider": ["127.0.0.1:9400:9401"],
    }
    assert COMPOSE["networks"]["data"] == {"internal": True}
    for name in ("postgres", "valkey", "migrate"):
        assert list(SERVICES[name]["networks"]) == ["data"]
    assert list(SERVICES["nginx"]["networks"]) == ["front"]


def test_everything_that_is_named_is_there() -> None:
    """Services, volumes, networks, secrets, mounted files, commands, and the addresses nginx knows."""
    known = {name for name, _ in EVERY}
    for name, service in EVERY:
        assert set(service.get("depends_on", {})) <= known
        assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        assert service.get("network_mode", f"service:{name}").removeprefix("service:") in known
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert (ROOT / source).is_file() if source.startswith("./") else source in COMPOSE["volumes"]
        if service.get("image") == "watchword:local" and "command" in service:
            assert understood(service["command"]), name
    assert SERVICES["migrate"]["entrypoint"] == ["watchword"]
    addresses = [SERVICES[each]["networks"]["front"]["ipv4_address"] for each in OURS[:2]]
    assert tuple(f"{each}:8000" for each in addresses) == REPLICAS
    assert (IN_DEVELOPMENT["PROVIDER_CLIENT_ID"], IN_DEVELOPMENT["WATCHWORD_BASE_URL"]) == (
        CLIENT_ID,
        f"http://127.0.0.1:{FRONT_PORT}",
    )


def understood(arguments: list[str]) -> bool:
    """Whether the command line takes these words, without doing them."""
    command: Any = typer.main.get_command(app)
    rest = list(arguments)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    command.make_context("watchword", rest)
    return True


def test_it_starts_in_order_and_comes_back() -> None:
    """The schema before the replicas, these before nginx, each known by a check of its own; what runs is
    started again, a migration is not."""
    conditions = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    for name in OURS[:2]:
        assert conditions[name]["migrate"] == {"condition": "service_completed_successfully"}
        assert conditions["nginx"][name] == {"condition": "service_healthy"}
        assert "/readyz" in SERVICES[name]["healthcheck"]["test"][-1]
    assert conditions["migrate"] == {"postgres": {"condition": "service_healthy"}}
    for name, service in SERVICES.items():
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped"), name
        assert "test" in service["healthcheck"] or name == "migrate", name
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}, name


def test_containers_may_do_little() -> None:
    """No more privileges than at the start; all but PostgreSQL with a root that is read only and without
    capabilities. Every image names a version."""
    for name, service in EVERY:
        if "image" not in service:
            continue
        assert re.fullmatch(r"[\w./-]+:(local|\d[\w.-]*)", service["image"]), name
        if name == "dev-provider":
            continue
        assert service["security_opt"] == ["no-new-privileges:true"], name
        if name != "postgres":
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
