"""The bill of materials of a release, CycloneDX 1.6 in JSON: what ``requirements/runtime.txt`` pins, with
digests, licences, and what needs what.

    python -m tests.house.bill_of_materials dist/watchword.cdx.json

writes it, always the same for the same lock file and, where it is set, the same ``SOURCE_DATE_EPOCH``. It
is not in the repository: ``scripts/sbom`` makes it with a release.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.house.notices import REQUIREMENTS, licences
from tests.house.tree import ROOT
from watchword.compliance.distributions import canonical, graph

_PIN: Final = re.compile(r"^([a-z0-9-]+)==([^\s;\\]+)(?: ; ([^\\\n]+?))? \\$", re.MULTILINE)
_DIGEST: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Pin:
    """One line of the lock file; ``marker`` says where it is needed, None for everywhere."""

    name: str
    version: str
    marker: str | None
    digests: tuple[str, ...]

    @property
    def url(self) -> str:
        """The package URL, by which others know it too (purl)."""
        return f"pkg:pypi/{self.name}@{self.version}"


def pins() -> list[Pin]:
    """Everything that is pinned, in the order of the file."""
    text = REQUIREMENTS.read_text(encoding="utf-8")
    starts = [*_PIN.finditer(text)]
    ends = [*(each.start() for each in starts[1:]), len(text)]
    return [
        Pin(each[1], each[2], each[3], tuple(_DIGEST.findall(text[each.end() : end])))
        for each, end in zip(starts, ends, strict=True)
    ]


def bill() -> Mapping[str, Any]:
    """The whole of it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    subject = f"pkg:pypi/{project['name']}@{project['version']}"
    told = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            **_made_at(),
            "lifecycles": [{"phase": "pre-build"}],
            "component": {
                "type": "library",
                "bom-ref": subject,
                "name": project["name"],
                "version": project["version"],
                "purl": subject,
                "licenses": [{"license": {"id": project["license"]}}],
            },
        },
        "components": [*_components()],
        "dependencies": [*_dependencies(subject, project["dependencies"])],
    }
    told["serialNumber"] = f"urn:uuid:{uuid5(NAMESPACE_URL, json.dumps(told, sort_keys=True))}"
    return told


def build_only() -> frozenset[str]:
    """What is pinned to build from source, and needed by nothing that runs."""
    return frozenset(graph("hatchling").keys() - graph("watchword").keys())


def _made_at() -> dict[str, str]:
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if not seconds:
        return {}
    return {"timestamp": datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _components() -> Iterator[dict[str, Any]]:
    expressions, building = licences(), build_only()
    for pin in pins():
        scope = "excluded" if pin.name in building else "optional" if pin.marker else "required"
        digests = [{"alg": "SHA-256", "content": each} for each in pin.digests]
        component = {
            "type": "library",
            "bom-ref": pin.url,
            "name": pin.name,
            "version": pin.version,
            "scope": scope,
            "purl": pin.url,
            "licenses": [{"expression": expressions[pin.name], "acknowledgement": "declared"}],
            "externalReferences": [{"type": "distribution", "url": pin.url, "hashes": digests}],
        }
        if pin.marker:
            component["properties"] = [{"name": "watchword:marker", "value": pin.marker}]
        yield component


def _dependencies(subject: str, direct: list[str]) -> Iterator[dict[str, Any]]:
    """What needs what, as far as packages are installed here: of others it is not known."""
    urls: dict[str, list[str]] = {}
    for pin in pins():
        urls.setdefault(pin.name, []).append(pin.url)

    def entry(ref: str, names: set[str] | frozenset[str]) -> dict[str, Any]:
        return {"ref": ref, "dependsOn": sorted(url for name in names for url in urls.get(name, ()))}

    yield entry(subject, {canonical(_NAME.match(each)[0]) for each in direct})  # type: ignore[index]
    needs = {**graph("watchword"), **graph("hatchling")}
    for name in sorted(needs.keys() & urls.keys()):
        yield from (entry(url, needs[name]) for url in urls[name])


def write(path: Path) -> None:
    """Checked against the schema before; makes the folder where there is none. Raises ValueError."""
    text = json.dumps(bill(), indent=2) + "\n"
    check(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def check(text: str) -> None:
    """Raises ValueError for what is no CycloneDX 1.6."""
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise ValueError(f"this is no CycloneDX 1.6: {fault}")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
