"""Known weaknesses of what is pinned, asked of OSV (https://google.github.io/osv.dev/post-v1-querybatch/).

    python -m tests.house.advisories [requirements file ...]

prints each with its id. ``OSV_URL`` names a mirror. Only names and versions of packages are sent.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.house.notices import REQUIREMENTS

OSV: Final = "https://api.osv.dev"
NONE, SOME, NOT_ASKED = 0, 1, 2
_AT_ONCE: Final = 500
_TIMEOUT_SECONDS: Final = 30
_PIN: Final = re.compile(r"^([a-z0-9-]+)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, order=True)
class Weakness:
    """One advisory about one pin."""

    name: str
    version: str
    advisory: str


class NotAsked(Exception):
    """Nobody answered, or with something else than answers: nothing is known."""


def known(files: Sequence[Path], osv: str = OSV) -> list[Weakness]:
    """By package. Raises NotAsked."""
    pins = sorted({pin for file in files for pin in _PIN.findall(file.read_text(encoding="utf-8"))})
    if not pins:
        raise NotAsked("nothing is pinned in " + ", ".join(map(str, files)))
    return sorted({each for some in _parts(pins) for each in _asked(some, osv)})


def _parts(pins: Sequence[tuple[str, str]]) -> list[Sequence[tuple[str, str]]]:
    return [pins[at : at + _AT_ONCE] for at in range(0, len(pins), _AT_ONCE)]


def _asked(pins: Sequence[tuple[str, str]], osv: str) -> list[Weakness]:
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in pins]
    results = _answer(f"{osv}/v1/querybatch", {"queries": queries}).get("results")
    if not isinstance(results, list) or len(results) != len(pins):
        raise NotAsked("the answer is not one for each package")
    try:
        return [
            Weakness(name, version, str(each["id"]))
            for (name, version), result in zip(pins, results, strict=True)
            for each in result.get("vulns", ())
        ]
    except (AttributeError, KeyError, TypeError):
        raise NotAsked("the answer has another form than documented") from None


def _answer(url: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    sent = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urlopen(sent, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            told = json.load(answer)
    except (URLError, OSError, ValueError) as fault:
        raise NotAsked(f"{url}: {fault}") from None
    if not isinstance(told, dict):
        raise NotAsked(f"{url}: no object")
    return told


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    try:
        found = known([*map(Path, arguments)] or [REQUIREMENTS], os.environ.get("OSV_URL", OSV))
    except NotAsked as fault:
        print(f"Known weaknesses could not be asked for: {fault}", file=sys.stderr)  # noqa: T201
        return NOT_ASKED
    for each in found:
        print(f"{each.name} {each.version}: {each.advisory}")  # noqa: T201
    print(f"Known weaknesses: {len(found)}")  # noqa: T201
    return SOME if found else NONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
