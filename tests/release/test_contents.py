"""What is in wheel and source distribution: all that is needed, and nothing else."""

from __future__ import annotations

import configparser
import re
from email.message import Message
from email.parser import BytesParser
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tests.release.distribution import SDIST, VERSION, WHEEL, build_from, of_sdist, of_wheel

SOURCE = ROOT / "src"
INFO = f"watchword-{VERSION}.dist-info/"
NEEDED = (
    "py.typed",
    "migrations/001_add_auth_tables.sql",
    "api/pages/templates/sign_in.html",
    "api/pages/locale/de/LC_MESSAGES/watchword.po",
    "demo/assets/docs.js",
    "dev_provider/templates/sign_in.html",
    "testing/plugin.py",
)
NO_PLACE = re.compile(
    r"(^|/)(tests?|__pycache__|node_modules|\.[^/]+)(/|$)|\.(pyc|pem|key|p12|db|log|orig|rej)$"
)
SECRET = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{32}|AKIA[0-9A-Z]{16}|gh[pousr]_\w{36}"
)
PATH_OF_A_MACHINE = re.compile(rb"(?<![\w.:/~-])/(home|root|Users|work|build)/[\w.-]+")
MOST_BYTES, MOST_BYTES_OF_A_FILE = 2_000_000, 250_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build_from(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> dict[str, bytes]:
    return of_wheel(built / WHEEL)


@pytest.fixture(scope="module")
def sdist(built: Path) -> dict[str, bytes]:
    return of_sdist(built / SDIST)


def sources() -> dict[str, bytes]:
    """Every file of the package: code, templates, catalogues, SQL, assets, the mark for type checkers."""
    found = (path for path in (SOURCE / "watchword").rglob("*") if path.is_file())
    return {
        path.relative_to(SOURCE).as_posix(): path.read_bytes()
        for path in found
        if "__pycache__" not in path.parts
    }


def test_the_wheel_is_the_package_and_what_describes_it(wheel: dict[str, bytes]) -> None:
    """Each file as it is in the tree, each licence, and nothing else."""
    described = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "licenses/NOTICES.md"}
    assert {name.removeprefix(INFO) for name in wheel if name.startswith(INFO)} == described
    assert {name: held for name, held in wheel.items() if not name.startswith(INFO)} == sources()
    assert {f"watchword/{name}" for name in NEEDED} <= set(wheel)
    assert wheel[f"{INFO}licenses/NOTICES.md"] == (ROOT / "NOTICES.md").read_bytes()


def test_the_source_distribution_can_build_and_explain(sdist: dict[str, bytes]) -> None:
    """Code, build instructions, licences, changelog and pages; no tests, no tools of ours."""
    assert {
        name.removeprefix("src/"): held for name, held in sdist.items() if name.startswith("src/")
    } == sources()
    assert {"pyproject.toml", "README.md", "LICENSE", "NOTICES.md", "CHANGELOG.md", "SECURITY.md"} <= set(
        sdist
    )
    assert {"docs/settings.md", "docs/errors.md", "examples/forward-auth/nginx.conf", "PKG-INFO"} <= set(
        sdist
    )
    assert {name.partition("/")[0] for name in sdist if "/" in name} == {"src", "docs", "examples"}


def test_nothing_is_in_there_that_is_nobodys_business(
    wheel: dict[str, bytes], sdist: dict[str, bytes]
) -> None:
    """No tests, caches or hidden files, no key, no path of the machine it was built on, nothing huge."""
    assert [name for name in wheel if NO_PLACE.search(name)] == []
    assert [name for name in sdist if NO_PLACE.search(name) and name != ".gitignore"] == []
    for files in (wheel, sdist):
        assert [name for name, held in files.items() if SECRET.search(held)] == []
        assert [name for name, held in files.items() if str(ROOT).encode() in held] == []
        assert [name for name, held in files.items() if len(held) > MOST_BYTES_OF_A_FILE] == []
    assert [name for name, held in wheel.items() if PATH_OF_A_MACHINE.search(held)] == []


def test_the_archives_are_small(built: Path) -> None:
    """Somebody waits for each of them."""
    assert all((built / name).stat().st_size < MOST_BYTES for name in (WHEEL, SDIST))


def test_the_metadata_say_what_the_project_says(wheel: dict[str, bytes]) -> None:
    """Version, licence and Python as in ``pyproject.toml``; the README as the description."""
    said: Message = BytesParser().parsebytes(wheel[f"{INFO}METADATA"])
    assert (said["Name"], said["Version"], said["License-Expression"]) == ("watchword", VERSION, "MIT")
    assert said["Requires-Python"] == ">=3.11"
    assert said.get_all("License-File") == ["LICENSE", "NOTICES.md"]
    assert said["Description-Content-Type"] == "text/markdown"
    assert not said.get_all("Dynamic")
    purelib = BytesParser().parsebytes(wheel[f"{INFO}WHEEL"])
    assert (purelib["Root-Is-Purelib"], purelib["Tag"]) == ("true", "py3-none-any")


def test_every_entry_point_leads_somewhere(wheel: dict[str, bytes]) -> None:
    """The command, the pytest plugin and the places of secrets."""
    parser = configparser.ConfigParser()
    parser.read_string(wheel[f"{INFO}entry_points.txt"].decode())
    assert set(parser.sections()) == {"console_scripts", "pytest11", "watchword.secret_sources"}
    for group in parser.sections():
        for name, value in parser[group].items():
            assert EntryPoint(name, value, group).load() is not None


def test_the_changelog_begins_with_this_version() -> None:
    """A release with its day; between releases what is not released yet."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.findall(r"^## (.+)$", text, re.MULTILINE)[0]
    expected = "Unreleased" if ".dev" in VERSION else rf"{re.escape(VERSION)} – \d{{4}}-\d\d-\d\d"
    assert re.fullmatch(expected, newest)
