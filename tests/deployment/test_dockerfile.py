"""The Dockerfile: read, and its parts tried. No image is built where these tests run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from typing import Any

import pytest

from tests.deployment.files import ROOT, compose
from tests.deployment.test_compose import understood

TEXT = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
INSTRUCTIONS = [
    (word, rest.strip())
    for word, _, rest in (line.partition(" ") for line in TEXT.splitlines())
    if word and not word.startswith("#")
]
KEPT = [
    line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")
]


def all_of(word: str) -> list[str]:
    return [rest for each, rest in INSTRUCTIONS if each == word]


def only(word: str) -> Any:
    (found,) = all_of(word)
    return json.loads(found) if found.startswith("[") else found


def test_it_is_built_from_what_is_locked_and_from_nothing_else() -> None:
    """Every file that is copied is let in by .dockerignore, which lets in nothing else; what the wheel is
    made of is among it; dependencies come with their hashes, and the wheel without any other."""
    let_in = [line[1:] for line in KEPT if line.startswith("!")]
    copied = [each for rest in all_of("COPY") if "--from" not in rest for each in shlex.split(rest)[:-1]]
    assert KEPT[0] == "*"
    assert sorted(let_in) == sorted(copied)
    assert all((ROOT / each).exists() for each in copied)
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for pattern in [project["readme"], *project["license-files"]]:
        for file in ROOT.glob(pattern):
            assert file.name in copied, file.name
    built = " ".join(all_of("RUN"))
    assert "--require-hashes --only-binary :all: -r requirements/runtime.txt" in built
    assert built.count("--no-index --no-deps") == 2
    assert "hatchling==" in (ROOT / "requirements" / "runtime.txt").read_text()


@pytest.mark.parametrize(
    "secret", ["src/watchword/.watchword", "src/x.db", "src/prod.env", "src/key.pem", "src/a/__pycache__"]
)
def test_what_development_leaves_behind_gets_into_no_layer(secret: str) -> None:
    """Not even from inside what is copied: what comes later in .dockerignore counts."""
    later = KEPT[KEPT.index("!src") + 1 :]
    assert any(fnmatch(secret, line.replace("**/", "*/")) for line in later)


def test_it_runs_as_nobody_in_particular_and_gets_its_signals() -> None:
    """By number, so that an orchestrator sees that it is not root; without a shell in between."""
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", only("USER"))
    assert only("ENTRYPOINT") == ["watchword"]
    assert understood(only("CMD"))
    assert only("STOPSIGNAL") == "SIGTERM"
    assert not [
        each for each in all_of("ARG") + all_of("ENV") if re.search("SECRET|PASSWORD|TOKEN|KEY", each)
    ]
    assert all(re.search(r":\d", each) for each in all_of("FROM"))
    version = all_of("FROM")[-1].partition(":")[2][:4]
    assert f"Programming Language :: Python :: {version}" in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("place", ["Dockerfile", "compose.yaml"])
def test_the_health_check_fails_where_nobody_answers(place: str) -> None:
    """It is a program that runs, and does not call an address good at which nothing is."""
    if place == "Dockerfile":
        command = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    else:
        command = compose()["services"]["watchword-1"]["healthcheck"]["test"][1:]
    assert command[:2] == ["python", "-c"]
    program = command[2].replace("8000", "1")
    assert program != command[2]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "ConnectionRefusedError" in done.stderr
