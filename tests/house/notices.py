"""Whose work watchword runs on, and under what licences: ``python -m tests.house.notices`` writes
``NOTICES.md`` anew, from ``requirements/runtime.txt`` and what the installed packages say of themselves."""

from __future__ import annotations

import re
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from typing import Final

from tests.house.tree import ROOT

PAGE: Final = ROOT / "NOTICES.md"
REQUIREMENTS: Final = ROOT / "requirements" / "runtime.txt"

ALLOWED: Final = frozenset(
    {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0"}
)
"""SPDX names of licences under which a closed service can be built; MPL-2.0 binds who changes its files."""

_ELSEWHERE: Final = {
    "async-timeout": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause",
}
"""Not installed on every system or Python, so read from their packages by hand."""

_NO_EXPRESSION: Final = {
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_CLASSIFIER: Final = "License :: OSI Approved :: "

_HEAD: Final = """\
# Notices

watchword is under the [MIT licence](LICENSE). Neither the wheel nor the source distribution holds files of
others: what watchword needs is installed beside it, each package from its own author with its own licence.

These are the packages of `requirements/runtime.txt`, by what they say of themselves as
[SPDX expressions](https://spdx.org/licenses/). Where licences are joined by `OR`, the choice is yours. None
asks that the source of your service be published; MPL-2.0 asks it of changes to that package's own files.
`hatchling` and what only it needs (`pathspec`, `pluggy`, `tomlkit`, `trove-classifiers`) are there to build
from source, not to run.

Swagger UI (Apache-2.0), which the demo's `/docs` shows offline, is a part of `fastapi-offline`. What
tests, benchmarks and the pages of this documentation use is in `requirements/dev.txt` and the
`package-lock.json` files, and reaches nobody who installs watchword.

| package | licence |
|---|---|
"""


def page() -> str:
    """The text of ``NOTICES.md``."""
    return _HEAD + "".join(f"| `{name}` | {licence} |\n" for name, licence in licences().items())


def licences() -> dict[str, str]:
    """The SPDX expression of every package by its name. Raises ValueError for one that says none."""
    return {name: _licence(name) for name in required()}


def required() -> list[str]:
    """The names in ``requirements/runtime.txt``, each once."""
    text = REQUIREMENTS.read_text(encoding="utf-8")
    return sorted(set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)))


def acceptable(expression: str) -> bool:
    """Whether one of the choices asks for nothing but allowed licences."""
    return any(ALLOWED.issuperset(choice.split(" AND ")) for choice in expression.split(" OR "))


def _licence(name: str) -> str:
    if name in _ELSEWHERE:
        return _ELSEWHERE[name]
    try:
        said = metadata(name)
    except PackageNotFoundError:
        raise ValueError(f"{name} is not installed here; name its licence in _ELSEWHERE") from None
    if "License-Expression" in said:
        return said["License-Expression"]
    return _without_expression(name, said)


def _without_expression(name: str, said: PackageMetadata) -> str:
    """From the classifiers, several of which are a choice, or from the old field."""
    classifiers = [each for each in said.get_all("Classifier") or () if each.startswith(_CLASSIFIER)]
    found = {_NO_EXPRESSION.get(each.removeprefix(_CLASSIFIER), "") for each in classifiers}
    field = str(said.json.get("license", ""))
    if field in ALLOWED and len(found) < 2:
        found = {field}
    if not found:
        found = {_NO_EXPRESSION.get(field, "")}
    if "" in found:
        raise ValueError(f"{name} says {classifiers or field!r}; name it in _NO_EXPRESSION")
    return " OR ".join(sorted(found))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
