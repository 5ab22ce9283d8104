"""The rules of the house, checked on every file."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files, short

LONGEST = 300

UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK|NotImplemented" + r"Error)\b")
MACHINE = re.compile(r"(?<![\w.:/-])/(?:root|home/\w+|Users/\w+|work)/\w")
INDEX = re.compile(r"https?://|--(?:extra-)?index-url|--find-links")


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def found(pattern: re.Pattern[str], *paths: Path) -> list[str]:
    return [
        f"{short(path)}:{number}"
        for path in paths
        for number, line in enumerate(lines(path), 1)
        if pattern.search(line)
    ]


def test_every_test_says_its_promise() -> None:
    """A test function without a docstring is a check without a reason."""
    silent = [
        f"{short(path)}: {node.name}"
        for path in files(".py", under="tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent


def test_files_fit_on_a_few_screens() -> None:
    """Past 300 lines a source file is split by meaning."""
    sizes = {short(path): len(lines(path)) for path in files(".py", ".css", ".html", under="src")}
    assert not {name: size for name, size in sizes.items() if size > LONGEST}


def test_every_module_says_what_it_is() -> None:
    """One sentence at the top of each; empty package markers have nothing to say."""
    unsaid = [
        short(path)
        for path in files(".py", under="src")
        if (text := path.read_text(encoding="utf-8")).strip() and not ast.get_docstring(ast.parse(text))
    ]
    assert not unsaid


def test_ignored_types_name_the_error() -> None:
    """``type: ignore`` without a code hides more than it says."""
    assert not found(re.compile(r"#\s*type:\s*ignore(?!\[)"), *files(".py"))


def test_nothing_is_unfinished_or_of_one_machine() -> None:
    """No note to self, no path that exists on one computer only."""
    paths = [*files(".py", ".md", ".toml", ".html", ".css", ".sql", ".txt"), *(ROOT / "scripts").iterdir()]
    assert not found(UNFINISHED, *paths)
    assert not found(MACHINE, *paths)


def test_secrets_never_come_from_weak_randomness() -> None:
    """ASVS 11.5.1: ``random`` and ``uuid4`` make no secret, so the package does without the first
    and uses the second for the demo's orders only."""
    assert not found(re.compile(r"^\s*(import random|from random import)"), *files(".py", under="src"))
    users = {each.partition(":")[0] for each in found(re.compile(r"\buuid4\b"), *files(".py", under="src"))}
    assert users <= {"src/watchword/demo/orders.py"}


def test_tls_checks_are_never_switched_off() -> None:
    """NET-12: there is no ``verify=False`` to be found."""
    assert not found(
        re.compile(r"verify\s*=\s*False|CERT_NONE|check_hostname\s*="), *files(".py", under="src")
    )


@pytest.mark.parametrize(
    "name", ["requirements/runtime", "requirements/dev", "requirements/uv", "benchmarks/requirements"]
)
def test_requirements_are_pinned_hashed_and_of_no_index(name: str) -> None:
    """Whoever installs them chooses the index; what comes from it is checked."""
    path = ROOT / f"{name}.txt"
    assert not found(INDEX, path)
    pins = re.split(r"\n(?=\S)", path.read_text(encoding="utf-8").strip())
    loose = [pin.partition("\n")[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin]
    assert not loose


@pytest.mark.parametrize("folder", ["tests/peers", "tests/typing/pyright", "benchmarks/node"])
def test_npms_lock_files_are_hashed_and_of_no_index(folder: str) -> None:
    """The same for what comes by npm."""
    packages: dict[str, dict[str, str]] = json.loads((ROOT / folder / "package-lock.json").read_text())[
        "packages"
    ]
    del packages[""]
    assert packages
    assert not {name for name, each in packages.items() if "resolved" in each or "integrity" not in each}


def test_requirements_know_every_dependency() -> None:
    """A dependency added to ``pyproject.toml`` is locked in the same change (``make lock``)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, groups = project["project"]["dependencies"], project["dependency-groups"]
    for wanted, file in (
        (runtime, "runtime"),
        ([*runtime, *groups["dev"], *groups["build"]], "dev"),
        (groups["build"], "runtime"),
    ):
        locked = (ROOT / "requirements" / f"{file}.txt").read_text(encoding="utf-8")
        names = {re.split(r"[\[<>=!~; ]", each, maxsplit=1)[0] for each in wanted if isinstance(each, str)}
        missing = {name for name in names if not re.search(rf"^{re.escape(name)}==", locked, re.MULTILINE)}
        assert not missing
