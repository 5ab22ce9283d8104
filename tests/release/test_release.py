"""The wheel as somebody meets it who installs it, and that whoever builds it gets the same one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tests.release.distribution import SDIST, VERSION, WHEEL, build_commit, build_from
from tests.release.installed import VERSIONS, Installed, find_python, install, pinned
from tests.servers.node import PYRIGHT, PYRIGHT_PROGRAM, node_program
from tests.servers.node import install as install_packages
from tests.servers.ports import loopback_port

pytestmark = pytest.mark.soak

TYPES_OF_WATCHWORD = ("--verifytypes", "watchword", "--ignoreexternal", "--outputjson")

EVERY_MODULE = """
import importlib, pkgutil, sys, watchword
runs_when_imported = {"watchword.__main__", "watchword.migrations.env"}
needs_pytest = {"watchword.testing.plugin"}
names = {module.name for module in pkgutil.walk_packages(watchword.__path__, "watchword.")}
for name in sorted(names - runs_when_imported - needs_pytest):
    importlib.import_module(name)
print(len(names), watchword.__file__)
"""

SUITE = """
import pytest
from fastapi import FastAPI

from watchword import CurrentPrincipal, Settings, Watchword, require_auth

app = FastAPI()
Watchword(Settings(database_url="sqlite:///suite.db")).install(app)


@app.get("/orders")
@require_auth(roles=["admin"])
async def orders(caller: CurrentPrincipal) -> dict[str, str]:
    return {"hello": caller.subject}


def test_orders(signed_in):
    with signed_in(app, roles=["admin"]) as client:
        assert client.get("/orders").status_code == 200
    with signed_in(app) as client:
        assert client.get("/orders").status_code == 403


def test_no_plugin_but_those_of_what_is_installed(pytestconfig):
    plugins = {found.project_name for _, found in pytestconfig.pluginmanager.list_plugin_distinfo()}
    assert plugins == {"watchword", "anyio"}
"""


@pytest.fixture(scope="module")
def commit() -> str:
    """What ``COMMIT`` names, or else the last one."""
    command = ["git", "rev-parse", "--verify", os.environ.get("COMMIT", "HEAD")]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=True)
    return asked.stdout.strip()


@pytest.fixture(scope="module")
def dist(commit: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``DIST`` names, or else the commit built now."""
    named = os.environ.get("DIST")
    if named is not None:
        return Path(named)
    folder = tmp_path_factory.mktemp("dist")
    build_commit(folder, commit)
    return folder


@pytest.fixture(scope="module", params=VERSIONS)
def installed(
    request: pytest.FixtureRequest, dist: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    python = find_python(request.param)
    return install(dist / WHEEL, python, tmp_path_factory.mktemp(f"python{request.param}"))


def test_whoever_builds_it_gets_the_same(dist: Path, commit: str, tmp_path: Path) -> None:
    """Byte by byte, under another umask and in another time zone."""
    build_commit(tmp_path, commit, umask=0o077, timezone="Asia/Tokyo")
    for name in (WHEEL, SDIST):
        assert (tmp_path / name).read_bytes() == (dist / name).read_bytes()


def test_the_source_distribution_builds_the_same_wheel(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing but its own files; so does what it builds anew of itself."""
    with tarfile.open(dist / SDIST) as archive:
        archive.extractall(tmp_path, filter="data")
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(archive.getmembers()[0].mtime)))
    build_from(tmp_path / SDIST.removesuffix(".tar.gz"), tmp_path / "again")
    for name in (WHEEL, SDIST):
        assert (tmp_path / "again" / name).read_bytes() == (dist / name).read_bytes()


def test_twine_has_nothing_to_say(dist: Path) -> None:
    """Names, metadata and the README as an index would show it, warnings included."""
    command = [sys.executable, "-m", "twine", "check", "--strict", str(dist / WHEEL), str(dist / SDIST)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("PASSED") == 2


def test_every_module_finds_what_it_imports(installed: Installed) -> None:
    """The runtime requirements are enough, and no module comes from anywhere but the wheel."""
    count, place = installed.run("python", "-W", "error", "-c", EVERY_MODULE).split()
    assert int(count) > 300
    assert Path(place).is_relative_to(installed.home)
    assert not (installed.home / "lib").is_symlink()


def test_the_commands_work_in_an_empty_folder(installed: Installed) -> None:
    """Version, the walk through the demo, a database made and up to date, and a doctor without faults."""
    assert installed.run("watchword", "--version") == f"watchword {VERSION}\n"
    assert installed.run("python", "-m", "watchword", "--version") == f"watchword {VERSION}\n"
    walked = installed.run("watchword", "demo", "--walkthrough", "--port", str(loopback_port()))
    assert walked.endswith("steps held.\n")
    assert "up to date" in installed.run("watchword", "db", "upgrade")
    assert "Faults: 0" in installed.run("watchword", "doctor")


def test_a_suite_needs_pytest_and_nothing_else(installed: Installed) -> None:
    """The fixtures are there, no other plugin came with them, and nothing warns."""
    installed.add(pinned("pytest"))
    (installed.folder / "test_suite.py").write_text(SUITE)
    options = ["-q", "-W", "error", "-p", "no:cacheprovider"]
    assert "2 passed" in installed.run("python", "-m", "pytest", *options, "test_suite.py")


def test_a_type_checker_knows_every_name(dist: Path, tmp_path: Path) -> None:
    """pyright finds the mark of a typed package, and no type in it that it cannot tell."""
    installed = install(dist / WHEEL, find_python(VERSIONS[0]), tmp_path)
    node = node_program()
    install_packages(PYRIGHT, node)
    told = json.loads(installed.run_other(node, PYRIGHT_PROGRAM, *TYPES_OF_WATCHWORD))["typeCompleteness"]
    assert Path(told["pyTypedPath"]).is_relative_to(installed.home)
    assert told["exportedSymbolCounts"]["withKnownType"] > 3000
    assert told["exportedSymbolCounts"]["withUnknownType"] == 0
