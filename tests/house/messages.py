"""The words of our pages, as they are in the code: ``python -m tests.house.messages`` renews the
template of the catalogues and merges it into each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from tests.house.tree import ROOT
from watchword.config.presets import PRESETS
from watchword.demo.provider import DISPLAY_NAME
from watchword.errors import error_classes

SOURCE: Final = ROOT / "src/watchword"
LOCALE: Final = SOURCE / "api/pages/locale"
TEMPLATE: Final = LOCALE / "watchword.pot"
_METHODS: Final = [("pages/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
_OPTIONS: Final = {
    "pages/templates/**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
}
_KEYWORDS: Final = {"marked": None, "_": None, "gettext": None, "ngettext": (1, 2)}
_PIECES: Final = re.compile(r"%\(\w+\)[sd]|<[^>]*>")
_WIDTH: Final = 110
_NEVER: Final = datetime(2026, 1, 1, tzinfo=UTC)


def current() -> Catalog:
    """Every message there is: templates, marked words, errors' titles and sentences, names of providers."""
    catalog = _headed(Catalog())
    for place, messages in _places():
        catalog.add(messages, locations=[(place, 0)])
    return catalog


def _places() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    found = extract_from_dir(
        SOURCE / "api", _METHODS, _OPTIONS, keywords=_KEYWORDS, comment_tags=(), strip_comment_tags=True
    )
    for name, _, messages, _, _ in found:
        yield f"api/{Path(name).as_posix()}", messages
    for error in sorted(error_classes(), key=lambda each: (each.__module__, each.__qualname__)):
        if error.__module__.startswith("watchword."):
            place = error.__module__.replace(".", "/").removeprefix("watchword/") + ".py"
            yield from ((place, error.title), (place, error.public))
    yield "protocol/device.py", "Android app"
    yield "demo/provider.py", DISPLAY_NAME
    for preset in PRESETS.values():
        if preset.display_name:
            yield "config/presets.py", preset.display_name


def languages() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/watchword.po"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, abort_invalid=True)


def read_template() -> Catalog:
    with TEMPLATE.open("rb") as file:
        return read_po(file, abort_invalid=True)


def pieces(text: str) -> list[str]:
    """The placeholders and tags of a message, in the order of the alphabet."""
    return sorted(_PIECES.findall(text))


def written(catalog: Catalog) -> str:
    out = BytesIO()
    write_po(out, catalog, width=_WIDTH, omit_header=False, sort_output=False, include_lineno=False)
    return out.getvalue().decode()


def merged(path: Path) -> Catalog:
    """A catalogue with the messages of today; those that are gone are dropped."""
    catalog = read(path)
    catalog.update(current(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return _headed(catalog)


def _headed(catalog: Catalog) -> Catalog:
    """Without dates and names of tools, which would change with every run."""
    catalog.creation_date = catalog.revision_date = _NEVER
    catalog.header_comment = "# Words of watchword's pages. See docs/translating.md."
    catalog.project, catalog.version, catalog.msgid_bugs_address = "watchword", "0.1", "CONTRIBUTING.md"
    catalog.last_translator = catalog.language_team = "watchword"
    catalog.fuzzy = False
    return catalog


if __name__ == "__main__":
    TEMPLATE.write_text(written(current()), encoding="utf-8")
    for each in languages():
        each.write_text(written(merged(each)), encoding="utf-8")
