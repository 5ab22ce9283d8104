"""What is installed here for watchword: versions and licences, as the packages themselves state them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Final

OURS: Final = "watchword"
UNSTATED: Final = "not stated"
_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA: Final = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")
_LICENCE_CLASSIFIER: Final = "License :: "
_LONGEST_LICENCE: Final = 80
_RECIPROCAL: Final = re.compile(r"\b[AL]?GPL|\bMPL|Mozilla|General Public|EUPL|CDDL|EPL|\bCC-BY-SA", re.I)


@dataclass(frozen=True, slots=True)
class Installed:
    """One package. ``licence`` is its own word for it."""

    name: str
    version: str
    licence: str

    @property
    def reciprocal(self) -> bool:
        """Whether the licence asks something of who passes the package on, changed or not, beyond naming
        its authors; by its name, which counsel has to confirm."""
        return _RECIPROCAL.search(self.licence) is not None


@cache
def installed(root: str = OURS) -> tuple[Installed, ...]:
    """Every package that ``root`` needs and that is here, by name, without ``root`` itself. One that only
    another version of Python would need is listed too where it is installed."""
    names = sorted(graph(root).keys() - {canonical(root)})
    packages = ((name, distribution(name)) for name in names)
    return tuple(Installed(name, package.version, licence(package)) for name, package in packages)


def graph(root: str) -> Mapping[str, frozenset[str]]:
    """Which of the packages that are here need which others that are here, from ``root`` on, which is in
    it where it is installed itself."""
    needs: dict[str, set[str]] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(root, frozenset[str]())]
    while waiting:
        name, extras = waiting.pop()
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        key = canonical(name)
        needed = needs.setdefault(key, set())
        for asked in {"", *extras} - {extra for seen_name, extra in seen if seen_name == key}:
            seen.add((key, asked))
            required = [*_required(package, asked)]
            needed |= {canonical(other) for other, _ in required}
            waiting += required
    return {name: frozenset(needed & needs.keys()) for name, needed in needs.items()}


def canonical(name: str) -> str:
    """The one spelling of a package's name (packaging.python.org, name normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(package: Distribution) -> str:
    """The licence expression (PEP 639), else the classifiers, else a short ``License`` field, which old
    tools filled with ``UNKNOWN``."""
    metadata = package.metadata.json
    expression = metadata.get("license_expression")
    if expression:
        return str(expression)
    named = [
        each.rpartition(" :: ")[2]
        for each in metadata.get("classifier", [])
        if each.startswith(_LICENCE_CLASSIFIER) and each != "License :: OSI Approved"
    ]
    if named:
        return ", ".join(sorted(named))
    field = str(metadata.get("license", "")).strip()
    said = field and field.lower() != "unknown" and len(field) <= _LONGEST_LICENCE and "\n" not in field
    return field if said else UNSTATED


def _required(package: Distribution, extra: str) -> Iterator[tuple[str, frozenset[str]]]:
    """What it needs, of one extra or of none."""
    for each in package.requires or ():
        spec, _, marker = each.partition(";")
        asked = _EXTRA.search(marker)
        if (asked[1] if asked else "") != extra:
            continue
        named = _REQUIREMENT.match(spec.strip())
        if named is not None:
            extras = (named[2] or "").replace(" ", "")
            yield named[1], frozenset(filter(None, extras.split(",")))
